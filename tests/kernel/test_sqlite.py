"""The store on SQLite: files that survive, have an owner or are refused, and the statements that a request costs."""

import gc
import os
import re
import signal
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest

from flowproof.conformance import load_contract
from flowproof.errors import StoreError
from flowproof.kernel.app import ProviderApp
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.mock import Mock
from flowproof.kernel.state.sqlite import IN_MEMORY, SqliteStore
from flowproof.kernel.time.clock import Clock, microseconds
from flowproof.kernel.webhooks.model import Webhook
from flowproof.kernel.workspaces import DEFAULT, Workspace
from tests import tree
from tests.kernel.notes import provider as notes
from tests.webhooks.parcels import provider as parcels

NOTES = ("w", "notes", "note")
OPENER = """
import sys
from flowproof.errors import StoreError
from flowproof.kernel.state.sqlite import SqliteStore
try:
    SqliteStore(sys.argv[1])
except StoreError as error:
    sys.stdout.write(str(error))
    sys.exit(1)
"""
KILLED = """
import os, signal, sys
from flowproof.kernel.state.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
store.records.put("w", "notes", "note", "a", "kept")
os.kill(os.getpid(), signal.SIGKILL)
"""

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE")
TABLE_SCAN = re.compile(r"SCAN (?!CONSTANT ROW|\(subquery)")
# In memory: begin, put the note, commit.
IN_MEMORY_COST = ["BEGIN", "INSERT", "COMMIT"]
# On a file: begin, count the exchange, savepoint, put the note, add the exchange, trim the journal, release, commit.
ON_A_FILE_COST = ["BEGIN", "UPDATE", "SAVEPOINT", "INSERT", "INSERT", "DELETE", "RELEASE", "COMMIT"]


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Path of a state file that is not there yet."""
    return str(tmp_path / "state.db")


# ---- Files ----


def test_a_file_survives_reopening(file: str) -> None:
    """
    What one store wrote to a file another reads.
    """
    with closing(SqliteStore(file)) as first:
        first.records.put(*NOTES, "a", {"ä": "\u2028"})

    with closing(SqliteStore(file)) as second:
        assert second.records.get(*NOTES, "a") == {"ä": "\u2028"}


def test_file_belongs_to_one_process(file: str) -> None:
    """
    A second process that opens a state file is refused, and learns who has it and what to use instead.
    """
    with closing(SqliteStore(file)):
        second = subprocess.run([sys.executable, "-c", OPENER, file], capture_output=True, text=True, check=False)

    assert second.returncode == 1
    assert f"state.db belongs to process {os.getpid()}, and one process at a time can have it" in second.stdout
    assert "share a database: --state postgresql://" in second.stdout


def test_killed_owner_leaves_the_file_to_the_next(file: str) -> None:
    """
    A process that is killed keeps nobody from its state file, and one that ends removes what it had beside it.
    """
    killed = subprocess.run([sys.executable, "-c", KILLED, file], check=False)
    with closing(SqliteStore(file)) as store:
        found = store.records.get(*NOTES, "a")

    assert (killed.returncode, found) == (-signal.SIGKILL, "kept")
    assert not Path(f"{file}-owner").exists()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """
    A file with anything else in it is refused by name, and left as it is.
    """
    file = tmp_path / "notes.txt"
    file.write_bytes(b"dear diary, " * 1000)

    with pytest.raises(StoreError, match=r"notes\.txt cannot be opened: file is not a database"):
        SqliteStore(str(file))

    assert file.read_bytes() == b"dear diary, " * 1000


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """
    Another program's SQLite file is refused by name, and no table is put into it.
    """
    file = tmp_path / "cookies.db"
    with closing(sqlite3.connect(file)) as foreign:
        foreign.execute("CREATE TABLE workspace (cookie TEXT)")
    before = file.read_bytes()

    with pytest.raises(StoreError, match=r"cookies\.db is another program's database"):
        SqliteStore(str(file))

    assert file.read_bytes() == before


def test_file_of_another_version_is_refused(file: str) -> None:
    """
    A state file that another version of Flowproof has written, whose tables are others, is refused.
    """
    SqliteStore(file).close()
    with closing(sqlite3.connect(file)) as old:
        old.execute("PRAGMA user_version = 1")

    with pytest.raises(StoreError, match=r"state\.db was written by another version of Flowproof; delete it"):
        SqliteStore(file)


def test_a_place_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """
    A folder that is missing is named in the error.
    """
    with pytest.raises(StoreError, match=r"missing/state\.db cannot be opened"):
        SqliteStore(str(tmp_path / "missing" / "state.db"))


def test_a_file_that_breaks_later_is_a_store_error(file: str) -> None:
    """
    A database that fails in the middle of a run raises our error, not SQLite's.
    """
    with closing(SqliteStore(file)) as store:
        with closing(sqlite3.connect(file)) as vandal:
            vandal.execute("DROP TABLE record")

        with pytest.raises(StoreError, match="the state cannot be read or written: no such table"):
            store.records.get(*NOTES, "a")


# ---- What a request costs ----


class Traced:
    """
    A mock server without its socket, and the statements that its store runs.

    Args:
        location: Of the state.
    """

    def __init__(self, location: str = IN_MEMORY) -> None:
        self.statements: list[str] = []
        store = SqliteStore(location, trace=self.statements.append)
        contracts = [(each, load_contract(each.slug, each.contract)) for each in (notes, parcels)]
        apps = [ProviderApp(each, contract, largest_body=100_000) for each, contract in contracts]
        self.mock = Mock(apps, store, Random(1))

    def key_of(self, workspace: Workspace) -> str:
        """The workspace's key."""
        (credential,) = self.mock.workspaces.credentials(workspace, "notes")
        return credential.key

    def ask(self, key: str, method: str = "POST") -> WireResponse:
        """Write a note, or read all."""
        headers = (("x-key", key), ("content-type", "application/json"))
        body = b'{"text":"a"}' if method == "POST" else b""
        answer = self.mock.handle(WireRequest(method, "/notes/notes", "", headers, body))
        assert isinstance(answer, WireResponse)
        return answer

    def cost(self, key: str) -> list[str]:
        """The first word of each statement that SQLite runs for one request."""
        self.statements.clear()
        self.ask(key)
        return [each.split()[0] for each in self.statements if not each.startswith("--")]


def placed(answer: WireResponse) -> str:
    """The id of the exchange."""
    return dict(answer.headers)["Flowproof-Exchange"]


def test_request_takes_one_transaction_and_no_look_up() -> None:
    """
    Once a workspace is known, a request reads neither it nor its credentials: it writes what there is to write.
    """
    server = Traced()
    key = server.key_of(server.mock.workspaces.create())
    server.ask(key)

    assert server.cost(key) == IN_MEMORY_COST


def test_reading_in_memory_begins_no_transaction() -> None:
    """
    In memory a transaction in which nothing is written runs no statement of its own.
    """
    server = Traced()
    with server.mock.store.transaction(), server.mock.store.savepoint():
        server.mock.store.workspaces.get(DEFAULT)
    server.statements.clear()
    with server.mock.store.transaction(), server.mock.store.savepoint():
        server.mock.store.workspaces.get(DEFAULT)

    assert [each.split()[0] for each in server.statements] == ["SELECT"]


def test_ten_thousand_workspaces_cost_a_request_nothing() -> None:
    """
    With ten thousand workspaces a request takes the same statements as with one.
    """
    server = Traced()
    with server.mock.store.transaction():
        made = [server.mock.workspaces.create() for _ in range(10_000)]
    keys = [server.key_of(each) for each in made[::2500]]
    for key in keys:
        server.ask(key)

    assert [server.cost(key) for key in keys] == [IN_MEMORY_COST] * len(keys)


def test_request_on_a_file_keeps_its_exchange_at_once(file: str) -> None:
    """
    On a file a request also counts and keeps its exchange, and still looks nothing up.
    """
    server = Traced(file)
    with closing(server.mock.store):
        key = server.key_of(server.mock.workspaces.create())
        server.ask(key)

        assert server.cost(key) == ON_A_FILE_COST


def test_every_statement_of_a_busy_workspace_uses_an_index(file: str) -> None:
    """
    What requests, tasks and deliveries ask of the store is found by an index, however many workspaces there are.
    """
    server = Traced(file)
    with closing(server.mock.store):
        server.statements.clear()
        be_busy(server)
        statements = {each for each in server.statements if each.split()[0] in VERBS}
        with closing(sqlite3.connect(file)) as reader:
            plans = {each: reader.execute(f"EXPLAIN QUERY PLAN {each}").fetchall() for each in statements}

    assert len(plans) > 20
    assert [each for each, plan in plans.items() if any(TABLE_SCAN.match(step[3]) for step in plan)] == []


def be_busy(server: Traced) -> None:
    """Have requests answered, a task run and a webhook delivered."""
    mock, store = server.mock, server.mock.store
    workspace = mock.workspaces.create("w", clock=Clock.frozen(Clock.at_microseconds(0)))
    key = server.key_of(workspace)
    for method in ("POST", "GET", "POST"):
        server.ask(key, method)
    context = mock.workspaces.context(workspace, "parcels")
    context.deliver(Webhook("parcel.sent", "http://127.0.0.1/", b"{}"))
    mock.workspaces.context(workspace, "notes").schedule("tick", after_s=1, value={"name": "tick"})
    moved = mock.workspaces.set_clock(workspace, workspace.clock.advance(5))
    taken = store.deliveries.take_due("w", microseconds(moved.clock.now()))
    assert taken is not None
    assert store.deliveries.is_sending(taken.seq)
    store.deliveries.update(taken.seq, "delivered", 0, orjson.loads(taken.body))
    store.deliveries.is_idle("w", 0)
    store.deliveries.get("w", "dlv-1")
    store.deliveries.trim("w", keep=1)
    store.next_due_us("w")
    mock.journal.entries("w", refused_only=True)
    mock.workspaces.snapshot(moved)


def test_no_statement_has_numbered_placeholders() -> None:
    """Placeholders are nameless: of `?1` with a sequence of values Python 3.12 warns, and 3.14 refuses it."""
    sources = tree.modules("src/flowproof/kernel/state/sqlite")

    assert sources != []
    assert [path.name for path in sources if re.search(r"\?\d", path.read_text(encoding="utf-8"))] == []


def test_store_that_is_dropped_is_closed() -> None:
    """Whoever forgets a store without closing it gets no warning of it (Python 3.13 and newer warn of connections)."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        circle: list[Any] = [SqliteStore(IN_MEMORY)]
        circle.append(circle)  # (as a mock and its store are in)
        del circle
        gc.collect()

    assert [str(each.message) for each in warned if each.category is ResourceWarning] == []
