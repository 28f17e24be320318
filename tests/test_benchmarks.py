"""The programs of the measurements load, and what they compare with answers. Nothing is measured."""

import asyncio
import json
import socket
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from unittest.mock import MagicMock

import pytest
import requests
import uvicorn

from flowproof.conformance import load_contract
from flowproof.conformance.check import check_response
from tests import tree

TIMEOUT_S = 60
PROGRAMS = sorted(each.stem for each in (tree.ROOT / "benchmarks").glob("*.py") if each.stem != "__init__")
# Of the extra bench, which only measurements need.
LIBRARIES = ("matplotlib", "matplotlib.pyplot", "psutil", "pytest_httpserver")


@pytest.fixture(autouse=True)
def checkout(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Import from the checkout, as `python -m` does there, and without the libraries of the extra."""
    monkeypatch.syspath_prepend(tree.ROOT)
    for name in LIBRARIES:
        monkeypatch.setitem(sys.modules, name, MagicMock())
    yield
    for name in [each for each in sys.modules if each.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_of_a_measurement_loads(program: str) -> None:
    """What a program takes from the rest of the checkout is there, and it starts nothing while it is imported."""
    assert import_module(f"benchmarks.{program}").__doc__


def test_bare_echo_answers_what_it_was_sent() -> None:
    """The Flask view against which the mocks are measured answers on the mocks' server with the order that came."""
    from benchmarks import echo, orders

    before, after = orders.template(orders.full_order())
    server = uvicorn.Server(echo.config(0))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api/order"
        answers = [requests.post(url, data=f"{before}N1{after}", timeout=TIMEOUT_S) for _ in range(2)]
        server.should_exit = True
        thread.join()

    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json()["orderData"]["sourceOrderId"] == "N1"


def test_receipt_is_as_the_contract_has_it() -> None:
    """The sandbox behind the proxies answers an order with a receipt that keeps the contract."""
    from benchmarks import receipts

    async def answer() -> bytes:
        server = await asyncio.get_running_loop().create_server(receipts.Receipts, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"POST /api/order HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
            found = await reader.readexactly(len(receipts.ANSWER))
            writer.close()
            return found

    head, _, body = asyncio.run(answer()).partition(b"\r\n\r\n")
    contract = load_contract("oneflow")
    operation = contract.operations.by_id("submitOrder")

    assert operation is not None
    assert head.startswith(b"HTTP/1.1 201 ")
    assert check_response(contract, operation, 201, json.loads(body)) == ()
