"""Sixteen orders race for a balance that pays for ten, on server processes that share one state file."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from flowproof.clients import Refused
from flowproof.clients.flow1st import Flow1st
from flowproof.target import ControlClient, Workspace
from tests.cli.servers import serving

pytestmark = pytest.mark.usefixtures("quick_start")

THREADS, PAID, PRICE_MINOR = 16, 10, 3000


def client(url: str, workspace: Workspace) -> Flow1st:
    """A client of one of the servers."""
    keys = workspace.credentials("flow1st")
    return Flow1st(f"{url}/flow1st", keys.key, keys.secret, keys.values["signing_key"])


def race(urls: list[str], workspace: Workspace) -> list[str]:
    """The response to each thread, when all order at the same time."""
    start = Barrier(THREADS)

    def order(number: int) -> str:
        with client(urls[number % len(urls)], workspace) as flow1st:
            flow1st.authenticate()
            start.wait()
            try:
                sent = {"sku": "codm30cp", "recipient": "GEDKZW", "email": "a@b.co"}
                return flow1st.complete_order(f"race-{number}", **sent).reference
            except Refused as refused:
                return str(refused.code)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(order, range(THREADS)))


def prepared(url: str) -> Workspace:
    """A workspace with a balance for ten orders."""
    workspace = ControlClient(url).make_workspace()
    seed: dict[str, Any] = dict(workspace.seed("flow1st"))
    staging, production = seed["environments"]
    staging = {**staging, "balances": {"USD": PAID * PRICE_MINOR}}
    workspace.replace_seed("flow1st", {**seed, "environments": [staging, production]})
    return workspace


def check(workspace: Workspace, answers: list[str]) -> None:
    """Check ten orders, six refusals, a balance of 0, and a consistent ledger."""
    account = workspace.control("GET", "flow1st/environments/staging")
    movements = workspace.control("GET", "flow1st/environments/staging/movements")["movements"]
    orders = set(answers) - {"INSUFFICIENT_BALANCE"}

    assert (len(orders), answers.count("INSUFFICIENT_BALANCE")) == (PAID, THREADS - PAID)
    assert (account["balances_minor"]["USD"], account["orders"]["total"]) == (0, PAID)
    assert (sum(each["amount_minor"] for each in movements), len(movements)) == (0, PAID + 1)


@pytest.mark.parametrize("state", ["memory", "file"])
def test_one_process_sells_what_there_is(tmp_path: Path, state: str) -> None:
    """One server process, with its state in memory or in a file, accepts ten of sixteen orders for a balance of ten."""
    options = ["--state", str(tmp_path / "state.db")] if state == "file" else []
    with serving(tmp_path, *options) as server:
        workspace = prepared(server.url)

        check(workspace, race([server.url], workspace))


def test_two_workers_sell_what_there_is(tmp_path: Path) -> None:
    """Two worker processes on one state file accept ten of sixteen orders for a balance of ten."""
    with serving(tmp_path, "--workers", "2", "--state", str(tmp_path / "state.db")) as server:
        workspace = prepared(server.url)

        check(workspace, race([server.url], workspace))


def test_two_servers_sell_what_there_is(tmp_path: Path) -> None:
    """Two servers on one state file, with eight threads each, accept ten of sixteen orders."""
    state = str(tmp_path / "state.db")
    with ExitStack() as stack:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
        servers = [stack.enter_context(serving(tmp_path / name, "--state", state)) for name in ("one", "two")]
        workspace = prepared(servers[0].url)

        check(workspace, race([each.url for each in servers], workspace))
