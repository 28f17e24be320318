"""More orders than a balance pays for race for it, on one server and on several that share a database."""

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
from tests.postgres import shared_cluster

pytestmark = pytest.mark.usefixtures("quick_start")

THREADS, PAID, PRICE_MINOR = 64, 40, 3000
TIMEOUT_S = 120.0  # a client that fails before the start would let the others wait for ever


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
            start.wait(TIMEOUT_S)
            try:
                sent = {"sku": "codm30cp", "recipient": "GEDKZW", "email": "a@b.co"}
                return flow1st.complete_order(f"race-{number}", **sent).reference
            except Refused as refused:
                return str(refused.code)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(order, range(THREADS)))


def prepared(url: str) -> Workspace:
    """A workspace with a balance for some of the orders."""
    workspace = ControlClient(url).make_workspace()
    seed: dict[str, Any] = dict(workspace.seed("flow1st"))
    staging, production = seed["environments"]
    staging = {**staging, "balances": {"USD": PAID * PRICE_MINOR}}
    workspace.replace_seed("flow1st", {**seed, "environments": [staging, production]})
    return workspace


def check(workspace: Workspace, answers: list[str]) -> None:
    """Check the orders, the refusals, a balance of 0, and a consistent ledger."""
    account = workspace.control("GET", "flow1st/environments/staging")
    movements = workspace.control("GET", "flow1st/environments/staging/movements")["movements"]
    orders = set(answers) - {"INSUFFICIENT_BALANCE"}

    assert (len(orders), answers.count("INSUFFICIENT_BALANCE")) == (PAID, THREADS - PAID)
    assert (account["balances_minor"]["USD"], account["orders"]["total"]) == (0, PAID)
    assert (sum(each["amount_minor"] for each in movements), len(movements)) == (0, PAID + 1)


@pytest.mark.parametrize("state", ["memory", "file"])
def test_one_process_sells_what_there_is(tmp_path: Path, state: str) -> None:
    """One process, with its state in memory or in a file, accepts as many of 64 orders as the balance pays for."""
    options = ["--state", str(tmp_path / "state.db")] if state == "file" else []
    with serving(tmp_path, *options) as server:
        workspace = prepared(server.url)

        check(workspace, race([server.url], workspace))


def test_two_workers_sell_what_there_is(tmp_path: Path) -> None:
    """Two worker processes on one database accept as many of 64 orders as the balance pays for."""
    with serving(tmp_path, "--workers", "2", "--state", shared_cluster().emptied()) as server:
        workspace = prepared(server.url)

        check(workspace, race([server.url], workspace))


def test_three_servers_sell_what_there_is(tmp_path: Path) -> None:
    """Three servers on one database, which 64 clients use at once, never sell more than there is, or anything twice."""
    state = shared_cluster().emptied()
    with ExitStack() as stack:
        for name in ("one", "two", "three"):
            (tmp_path / name).mkdir()
        servers = [stack.enter_context(serving(each, "--state", state)) for each in sorted(tmp_path.iterdir())]
        workspace = prepared(servers[0].url)

        check(workspace, race([each.url for each in servers], workspace))
