"""What is acknowledged is kept, whatever is killed: a server, the database, both, the network between them."""

import logging
import os
from collections import Counter
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

import pytest
import requests

from flowproof.inbox import Inbox
from flowproof.kernel.assembly import open_store
from flowproof.target import ControlClient
from tests.postgres import Cluster
from tests.shared.proxy import Proxy
from tests.shared.sandbox import TIMEOUT_S, Clients, Sandbox, sandbox

logger = logging.getLogger("tests.shared")

pytestmark = pytest.mark.usefixtures("quick_start")

# A run by hand has ten thousand, and shows what it counts:
# FLOWPROOF_TEST_WRITES=10000 pytest tests/shared/test_kills.py -o log_cli=true --log-cli-level=INFO
WRITES = int(os.environ.get("FLOWPROOF_TEST_WRITES", "600"))
JOURNAL = ("--journal", str(10 * WRITES))
WORKSPACES = 6
# What may be under way in one server at a moment: a delivery a workspace.
PER_CRASH = WORKSPACES


def check(target: Sandbox, clients: Clients, inbox: Inbox, *, crashes: int) -> None:
    """Each acknowledged order has its exchange and is processed; each acknowledged webhook came, nearly all once."""
    url, acknowledged = target.urls[-1], clients.acknowledged
    sent = dict[tuple[str, str], str]()
    with closing(ControlClient(url)) as control:
        for each in clients.workspaces:
            workspace = control.workspace(each)
            deliveries = workspace.webhooks.wait_until_idle(timeout_s=300)
            sent |= {(each, kept["id"]): kept["webhook"]["body"]["text"] for kept in deliveries}
            exchanges = {kept["id"]: kept for kept in workspace.journal.entries()}
            mine = {exchange for exchange, (name, _) in acknowledged.orders.items() if name == each}
            assert mine <= set(exchanges)
            assert {exchanges[exchange]["response"]["status"] for exchange in mine} == {201}
    came = Counter(received.body.decode() for received in inbox.received)
    repeated = sum(number - 1 for number in came.values() if number > 1)
    counts = len(acknowledged.orders), len(acknowledged.deliveries), repeated, len(acknowledged.refused)
    logger.info("kept: %d orders and %d webhooks, of which %d came again; answered with 503: %d", *counts)

    assert len(acknowledged) >= WRITES
    assert [each for each in acknowledged.deliveries if came[sent[each]] == 0] == []
    assert repeated <= crashes * PER_CRASH
    for name, order in list(acknowledged.orders.values())[::7]:
        clients.wait_for_order(url, name, order)
    assert {each[:3] for each in acknowledged.refused} <= {"503"}
    assert "Traceback" not in target.output()


def test_each_commit_waits_for_the_disk(cluster: Cluster) -> None:
    """A database that crashes right after a transaction has ended has kept it."""
    for number in range(3):
        with closing(open_store(cluster.url())) as store:
            store.records.put("w", "notes", "note", str(number), number)
            cluster.stop()
            cluster.start()

    with closing(open_store(cluster.url())) as store:
        assert list(store.records.newest("w", "notes", "note", limit=9, offset=0)) == [2, 1, 0]


def test_nothing_is_lost_or_sent_twice_where_nothing_breaks(tmp_path: Path, database: str) -> None:
    """Three servers on one database keep every acknowledged write and deliver each webhook once."""
    with Inbox() as inbox, sandbox(tmp_path, [database] * 3, *JOURNAL) as target:
        clients = Clients(target, inbox, workspaces=WORKSPACES)
        clients.run(WRITES, {})

        check(target, clients, inbox, crashes=0)
        assert clients.acknowledged.refused == []


def test_killed_server_loses_nothing(tmp_path: Path, database: str) -> None:
    """One of three servers is killed twice in the middle of the work: nothing that was acknowledged is lost."""
    with Inbox() as inbox, sandbox(tmp_path, [database] * 3, *JOURNAL) as target:
        clients = Clients(target, inbox, workspaces=WORKSPACES)
        clients.run(WRITES, {WRITES // 3: lambda: target.replace(0), 2 * WRITES // 3: lambda: target.replace(1)})

        check(target, clients, inbox, crashes=2)


def test_crashed_database_loses_nothing(tmp_path: Path, cluster: Cluster) -> None:
    """The database crashes twice in the middle of the work: nothing that was acknowledged is lost."""
    with Inbox() as inbox, sandbox(tmp_path, [cluster.url()] * 3, *JOURNAL) as target:
        clients = Clients(target, inbox, workspaces=WORKSPACES)

        def crash() -> None:
            cluster.stop()
            cluster.start()

        clients.run(WRITES, {WRITES // 3: crash, 2 * WRITES // 3: crash})

        check(target, clients, inbox, crashes=2 * 3)


def test_server_and_database_that_crash_together_lose_nothing(tmp_path: Path, cluster: Cluster) -> None:
    """The database crashes, and with it one of the servers: nothing that was acknowledged is lost."""
    with Inbox() as inbox, sandbox(tmp_path, [cluster.url()] * 3, *JOURNAL) as target:
        clients = Clients(target, inbox, workspaces=WORKSPACES)

        def crash() -> None:
            cluster.stop()
            target.servers[0].process.kill()
            cluster.start()
            target.replace(0)

        clients.run(WRITES, {WRITES // 2: crash})

        check(target, clients, inbox, crashes=4)


def test_server_that_is_cut_off_from_the_database_loses_nothing(tmp_path: Path, cluster: Cluster) -> None:
    """
    The network between one server and the database goes silent and comes back: the others go on, nothing is lost.
    """
    with Inbox() as inbox, Proxy(cluster.socket) as proxy:
        ways = [cluster.url(), proxy.url(cluster), cluster.url()]
        with sandbox(tmp_path, ways, *JOURNAL) as target:
            clients = Clients(target, inbox, workspaces=WORKSPACES)
            clients.run(WRITES, {WRITES // 3: proxy.cut, WRITES // 2: proxy.mend})

            check(target, clients, inbox, crashes=1)
            wait_until_ready(target.urls[1])


def wait_until_ready(url: str) -> None:
    """Wait until a server reaches its database again."""
    deadline = monotonic() + TIMEOUT_S
    while requests.get(f"{url}/_flowproof/ready", timeout=TIMEOUT_S).status_code != 200:
        assert monotonic() < deadline
        sleep(0.1)


def test_database_that_is_away_is_a_clear_answer(tmp_path: Path, cluster: Cluster) -> None:
    """
    While the database is away a request is answered with 503 and why, the server lives but is not ready, and no log has
    the password; when it is back, so is the server.
    """
    state = cluster.url().replace("flowproof@", "flowproof:s3cret-pa55@")
    with Inbox() as inbox, sandbox(tmp_path, [state]) as target:
        clients, url = Clients(target, inbox, workspaces=1), target.urls[0]
        cluster.stop()
        away = requests.get(f"{url}/w/team-0/oneflow/api/order", timeout=60)
        alive = requests.get(f"{url}/_flowproof/health", timeout=60)
        not_ready = requests.get(f"{url}/_flowproof/ready", timeout=60)
        cluster.start()
        clients.run(10, {})
        ready = requests.get(f"{url}/_flowproof/ready", timeout=60)
        output = target.output()

    assert (away.status_code, away.json()["title"]) == (503, "State not available")
    assert "the database cannot be reached" in away.json()["detail"]
    assert [alive.status_code, not_ready.status_code, ready.status_code] == [200, 503, 200]
    assert "s3cret" not in output + away.text + not_ready.text
    assert "Traceback" not in output
