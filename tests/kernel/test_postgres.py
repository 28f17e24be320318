"""The store on PostgreSQL: its versions, what several servers see of each other, and the round trips of a request."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from random import Random
from typing import Any, LiteralString

import psycopg
import pytest

from flowproof.conformance import load_contract
from flowproof.errors import ConfigurationError, StoreError
from flowproof.kernel.app import ProviderApp
from flowproof.kernel.assembly import ServerSettings, build_gateway, open_store
from flowproof.kernel.credentials import Credential
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.mock import Mock
from flowproof.kernel.serving import Server
from flowproof.kernel.state.postgres import PostgresStore
from flowproof.kernel.state.postgres.connection import Connection
from flowproof.kernel.state.postgres.schema import MIGRATIONS, migrate
from flowproof.kernel.state.rows import CredentialRow
from flowproof.kernel.time.clock import Clock
from flowproof.kernel.webhooks.model import Webhook
from flowproof.kernel.workspaces import DEFAULT, WorkspaceTaken
from tests.kernel.notes import provider as notes
from tests.kernel.notes.desk import make_desk
from tests.kernel.stores import workspace_row
from tests.postgres import shared_cluster
from tests.webhooks.parcels import provider as parcels

NOTES = ("w", "notes", "note")
WAIT_S = 60.0
CLAIM = ["BEGIN", "SELECT"]
# The count of exchanges, and what lets go of the workspace before the disk has everything, and waits for the disk then.
COMMIT = ["SET", "UPDATE", "COMMIT", "SELECT"]


@pytest.fixture
def url() -> str:
    """The URL of a database without any table of ours."""
    return shared_cluster().emptied()


@pytest.fixture
def open_many(url: str) -> Iterator[Callable[[], PostgresStore]]:
    """Opens stores on one database, as several servers do."""
    with ExitStack() as stack:

        def opened() -> PostgresStore:
            return stack.enter_context(closing(PostgresStore(url)))

        yield opened


@pytest.fixture
def running(url: str) -> Iterator[Server]:
    """A server whose state is in a database."""
    gateway = build_gateway([notes], ServerSettings(entropy=1, state=url))
    with Server(gateway) as served:
        yield served
    gateway.mock.store.close()


def change(url: str, statement: LiteralString) -> None:
    """Change the tables as another program would."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


# ---- Versions ----


def test_older_tables_are_brought_to_the_present_version(url: str) -> None:
    """
    The steps that a database lacks are made in their order, once, and what was kept stays.
    """
    steps = (*MIGRATIONS, "ALTER TABLE flowproof.workspace ADD COLUMN team text NOT NULL DEFAULT 'a'")
    with closing(PostgresStore(url)) as store:
        store.workspaces.add(workspace_row("w"))
    with Connection.connect(url, autocommit=True) as connection:
        for _ in range(2):
            migrate(connection, steps)
        rows = connection.execute("SELECT id, team FROM flowproof.workspace").fetchall()

    assert rows == [("w", "a")]


def test_newer_tables_are_refused(url: str) -> None:
    """
    A database that a newer Flowproof has changed is left as it is.
    """
    PostgresStore(url).close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE flowproof.version SET number = 99")

    known = f"a newer Flowproof: version 99, and this one knows {len(MIGRATIONS)}; upgrade"
    with pytest.raises(StoreError, match=known):
        PostgresStore(url)


def test_servers_that_start_at_once_make_the_tables_once(url: str) -> None:
    """
    Several servers may start on an empty database at the same time; they agree on the default workspace.
    """
    mocks: list[Mock] = []
    threads = [threading.Thread(target=lambda: mocks.append(server(PostgresStore(url)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    keys = {each.workspaces.credentials(each.workspaces.ensure_default(), "notes")[0].key for each in mocks}
    for each in mocks:
        each.store.close()

    assert (len(mocks), len(keys)) == (3, 1)


def test_database_that_cannot_be_reached_is_named_without_its_password(caplog: pytest.LogCaptureFixture) -> None:
    """
    Neither the error nor the log shows the password of the URL, whether it can be read or not.
    """
    with pytest.raises(StoreError, match=r"the database cannot be reached: .*127") as away:
        PostgresStore("postgresql://user:s3cret@127.0.0.1:1/none?connect_timeout=1")
    with pytest.raises(StoreError, match="the address of the database cannot be read") as caught:
        PostgresStore("postgresql://user:s3cret@host/db?no_such_parameter=%zz")

    assert "s3cret" not in caplog.text + str(caught.value) + str(away.value)


def test_missing_driver_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Without the extra that brings the driver, the error says what to install.
    """
    monkeypatch.setitem(sys.modules, "flowproof.kernel.state.postgres", None)

    with pytest.raises(ConfigurationError, match=r"Install flowproof\[postgres\]"):
        open_store("postgresql://nowhere/none")


# ---- Values ----


@pytest.mark.parametrize("key", ["\0", "ä", "\ud800", "'; DROP TABLE flowproof.record; --"])
def test_keys_may_have_any_character(open_many: Callable[[], PostgresStore], key: str) -> None:
    """
    What a client chooses as a key is kept as it is, zero bytes and lone surrogates too.
    """
    store = open_many()
    store.workspaces.add(workspace_row("w", seed=key))
    store.records.put(*NOTES, key, {"key": "\0"})
    store.credentials.add(CredentialRow("notes", key, "w", b"{}"))

    assert store.records.get(*NOTES, key) == {"key": "\0"}
    assert [row.key for row in store.credentials.of_workspace("w")] == [key]
    assert store.workspaces.get("w") == workspace_row("w", seed=key)


# ---- Several servers ----


def start(step: Callable[[], object]) -> threading.Thread:
    """Run a step in a thread of its own, as a request of another server."""
    thread = threading.Thread(target=step, daemon=True)
    thread.start()
    return thread


def test_one_workspace_is_for_one_transaction_at_a_time(open_many: Callable[[], PostgresStore]) -> None:
    """
    Who needs a workspace that another server's transaction has waits for its end, and then sees what it has done.
    """
    one, two = open_many(), open_many()
    one.workspaces.add(workspace_row("w"))
    seen = list[Any]()

    def read() -> None:
        with two.transaction():
            seen.append(two.records.get(*NOTES, "a"))

    with one.transaction():
        one.records.put(*NOTES, "a", 1)
        other = start(read)
        with two.transaction():
            assert not two.try_claim("w")
        assert seen == []
    other.join(WAIT_S)

    assert seen == [1]


def test_workspaces_do_not_wait_for_each_other(open_many: Callable[[], PostgresStore]) -> None:
    """
    While one transaction has a workspace, another one works in another workspace.
    """
    one, two = open_many(), open_many()
    for each in ("w", "other"):
        one.workspaces.add(workspace_row(each))

    with one.transaction():
        one.records.put(*NOTES, "a", 1)
        with two.transaction():
            two.records.put("other", "notes", "note", "a", 2)

        assert two.records.get("other", "notes", "note", "a") == 2


def test_undone_savepoint_keeps_the_workspace_claimed(open_many: Callable[[], PostgresStore]) -> None:
    """
    A workspace that was claimed within a savepoint is claimed anew after it was undone, and no other has it meanwhile.
    """
    one, two = open_many(), open_many()
    for each in ("w", "other"):
        one.workspaces.add(workspace_row(each))

    with one.transaction():
        one.records.put("other", "notes", "note", "a", 0)
        with pytest.raises(ZeroDivisionError), one.savepoint():  # noqa: PT012 (what came before the error counts)
            one.records.put("other", "notes", "note", "b", 0)
            assert one.records.get(*NOTES, "a") is None
            raise ZeroDivisionError
        assert one.records.count(*NOTES) == 0
        with two.transaction():
            assert [two.try_claim("w"), two.try_claim("other")] == [False, False]


def test_workspace_made_twice_at_once_is_taken(open_many: Callable[[], PostgresStore]) -> None:
    """
    Of two servers that make a workspace of one id at the same time, one is told that it is taken.
    """
    one, two = server(open_many()), server(open_many())
    results = list[str]()

    def create() -> None:
        try:
            two.workspaces.create("same")
        except WorkspaceTaken as error:
            results.append(str(error))

    with one.store.transaction():
        one.workspaces.create("same")
        other = start(create)
    other.join(WAIT_S)

    assert (len(results), "exists already" in results[0]) == (1, True)


def test_delivery_of_a_server_that_has_ended_is_put_back(open_many: Callable[[], PostgresStore], url: str) -> None:
    """
    What a server was sending when it ended is sent by another; what a living server sends is left to it.
    """
    living, ending = open_many(), PostgresStore(url)
    living.workspaces.add(workspace_row("w"))
    for number in (1, 2):
        living.deliveries.add(f"w{number}", f"dlv-{number}", 0, {"id": f"dlv-{number}"})
    mine, lost = living.deliveries.take_due("w1", 9), ending.deliveries.take_due("w2", 9)
    assert mine is not None
    assert lost is not None
    other = open_many()
    assert not other.deliveries.is_sending(mine.seq)
    ending.close()
    for _ in range(6000):  # its connection ends, and PostgreSQL has been up for the time that all get to come back
        other.put_back_abandoned()
        if living.deliveries.last("w2")[0]["state"] == "pending":
            break
        threading.Event().wait(0.01)

    assert [each["state"] for each in living.deliveries.last("w1")] == ["sending"]
    assert [each["state"] for each in living.deliveries.last("w2")] == ["pending"]
    assert living.deliveries.is_sending(mine.seq)


DUE = {
    "real clock": (Clock(), -3_000_000, True),
    "real clock, later": (Clock(), 3_600_000_000, False),
    "real clock ahead": (Clock(offset_s=7200.0), 3_600_000_000, True),
    "frozen clock": (Clock.frozen(Clock.at_microseconds(50)), None, True),
    "frozen clock before": (Clock.frozen(Clock.at_microseconds(1)), None, False),
}


@pytest.mark.parametrize(("clock", "after_us", "is_due"), DUE.values(), ids=DUE)
def test_what_is_due_is_found_by_each_clock(
    open_many: Callable[[], PostgresStore], clock: Clock, after_us: int | None, is_due: bool
) -> None:
    """
    A server finds what nobody looks after by the workspace's own clock, whichever kind it is.
    """
    mock = server(open_many())
    workspace = mock.workspaces.create("w", clock=clock)
    moment = 50 if after_us is None else round(Clock().now().timestamp() * 1_000_000) + after_us
    mock.store.tasks.add(workspace.id, "notes", moment, "tick", {}, rng_key="")
    sharing = mock.store.sharing
    assert sharing is not None

    assert list(sharing.due_workspaces(limit=9)) == (["w"] if is_due else [])


# ---- Caches, with and without notices ----


class Counted:
    """
    A mock server without its socket, and the statements of each round trip to its database.

    Args:
        store: Its state.
        patch: Of the test.
    """

    def __init__(self, store: PostgresStore, patch: pytest.MonkeyPatch) -> None:
        self.mock = server(store)
        self.trips: list[list[str]] = []
        run = Connection.run

        def counting(connection: Connection, steps: Any) -> Any:
            self.trips.append([step[0].sql.split()[0].decode() for step in steps])
            return run(connection, steps)

        patch.setattr(Connection, "run", counting)

    def ask(self, key: str, method: str = "POST") -> list[list[str]]:
        """The statements of each round trip that a request takes."""
        self.trips.clear()
        assert ask(self.mock, key, method).status in {200, 201}
        return list(self.trips)


def server(store: PostgresStore) -> Mock:
    """A mock server without its socket."""
    contracts = [(each, load_contract(each.slug, each.contract)) for each in (notes, parcels)]
    return Mock([ProviderApp(each, contract, largest_body=100_000) for each, contract in contracts], store, Random(1))


def ask(mock: Mock, key: str, method: str = "POST") -> WireResponse:
    """Write a note, or read all."""
    headers = (("x-key", key), ("content-type", "application/json"))
    answer = mock.handle(WireRequest(method, "/notes/notes", "", headers, b'{"text":"a"}' if method == "POST" else b""))
    assert isinstance(answer, WireResponse)
    return answer


def test_request_takes_a_round_trip_to_claim_and_one_to_commit(
    open_many: Callable[[], PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Once a workspace is known, a request takes two round trips and one for each look at its records.
    """
    counted = Counted(open_many(), monkeypatch)
    workspaces = counted.mock.workspaces
    (credential,) = workspaces.credentials(workspaces.create("w"), "notes")
    for method in ("POST", "GET"):
        counted.ask(credential.key, method)

    assert counted.ask(credential.key) == [CLAIM, ["INSERT", "INSERT", *COMMIT]]
    assert counted.ask(credential.key, "GET") == [CLAIM, ["SELECT"], ["INSERT", *COMMIT]]


@pytest.mark.parametrize("has_notices", [True, False], ids=["with notices", "where notices are lost"])
def test_what_another_server_changes_holds_at_once(
    open_many: Callable[[], PostgresStore], monkeypatch: pytest.MonkeyPatch, has_notices: bool
) -> None:
    """
    Servers see each other's clocks, credentials, seed data and deletions at the next request, by notices or without.
    """
    if not has_notices:
        monkeypatch.setattr("flowproof.kernel.state.postgres.presence.CHANNEL", "nobody")
    first, second = server(open_many()), server(open_many())
    workspaces = second.workspaces
    workspace = first.workspaces.create("shared")
    (credential,) = first.workspaces.credentials(workspace, "notes")
    for each in (first, second, first, second):
        ask(each, credential.key)

    workspaces.set_clock(workspace, Clock.frozen(Clock.at_microseconds(0)))
    workspaces.context(workspace, "notes").state.put("seed", "seed", {"motto": "changed"})
    answer = ask(first, credential.key, "GET")
    assert dict(answer.headers)["Date"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert b"changed" in answer.body

    workspaces.context(workspace, "notes").revoke(credential.key)
    assert dict(ask(first, credential.key).headers)["Flowproof-Exchange"].startswith(f"{DEFAULT}-")

    workspaces.context(workspace, "notes").issue(Credential("another-key"))
    assert ask(first, "another-key").status == 201

    workspaces.delete("shared")
    assert ask(first, "another-key").status == 401

    again = workspaces.create("shared")
    workspaces.context(again, "notes").issue(Credential("another-key"))
    assert dict(ask(first, "another-key").headers)["Flowproof-Exchange"] == "shared-1"


def test_exchanges_of_several_servers_are_counted_once(open_many: Callable[[], PostgresStore]) -> None:
    """
    Servers that have cached the same workspace never give two exchanges the same number, also at the same time.
    """
    mocks = [server(open_many()) for _ in range(2)]
    (credential,) = mocks[0].workspaces.credentials(mocks[0].workspaces.create("shared"), "notes")
    ids = list[str]()

    def work(mock: Mock) -> None:
        ids.extend(dict(ask(mock, credential.key).headers)["Flowproof-Exchange"] for _ in range(20))

    for each in [start(lambda mock=mock: work(mock)) for mock in mocks for _ in range(2)]:  # type: ignore[misc]
        each.join(WAIT_S)

    assert sorted(ids) == sorted(f"shared-{number}" for number in range(1, 81))


def test_notice_frees_what_is_cached(open_many: Callable[[], PostgresStore]) -> None:
    """
    When a server deletes a workspace, others drop what they have cached of it.
    """
    first, second = open_many(), open_many()
    mocks = [server(first), server(second)]
    (credential,) = mocks[0].workspaces.credentials(mocks[0].workspaces.create("shared"), "notes")
    for each in mocks:
        ask(each, credential.key)
    assert second.is_caching("shared")
    mocks[0].workspaces.delete("shared")
    released = threading.Event()
    for _ in range(6000):
        if not second.is_caching("shared"):
            released.set()
            break
        released.wait(0.01)

    assert released.is_set()


def test_webhook_is_taken_by_one_server(open_many: Callable[[], PostgresStore]) -> None:
    """
    Of several servers that look at a workspace at once, one takes the delivery.
    """
    mocks = [server(open_many()) for _ in range(3)]
    workspace = mocks[0].workspaces.create("w")
    with mocks[0].store.transaction():
        mocks[0].workspaces.context(workspace, "parcels").deliver(Webhook("parcel.sent", "http://127.0.0.1/", b"{}"))
    far = 2**62
    taken = list[Any]()
    for each in [start(lambda m=mock: taken.append(m.store.deliveries.take_due("w", far))) for mock in mocks]:  # type: ignore[misc]
        each.join(WAIT_S)

    assert sorted(each is not None for each in taken) == [False, False, True]


# ---- Damage, and what fails ----


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE flowproof.workspace SET clock = '{' WHERE id = 'default'", "the row of workspace default"),
        ("UPDATE flowproof.workspace SET faults = '\\xff00' WHERE id = 'default'", "the row of workspace default"),
        ("UPDATE flowproof.credential SET body = 'nothing'", "a credential of workspace default"),
    ],
)
def test_damaged_row_is_named_at_the_start(
    open_many: Callable[[], PostgresStore], url: str, damage: LiteralString, what: str
) -> None:
    """
    A server does not start on a database with a damaged row that every request needs, and says which row it is.
    """
    server(open_many())
    change(url, damage)

    with pytest.raises(StoreError, match=what):
        open_store(url)


def test_damaged_record_gets_a_503(running: Server, url: str, caplog: pytest.LogCaptureFixture) -> None:
    """
    A request that meets a damaged record is answered with 503 and a sentence, and the next one is served.
    """
    desk = make_desk(running)
    note = desk.write().json()["id"]
    change(url, "UPDATE flowproof.record SET body = '{' WHERE kind = 'note'")
    answer = desk.ask("GET", f"/notes/{note}")

    assert (answer.status_code, desk.write().status_code) == (503, 201)
    assert "a record is damaged" in answer.json()["detail"]
    assert [record for record in caplog.records if record.exc_info] == []


def test_failed_task_is_kept_and_can_be_run_again(running: Server) -> None:
    """
    A task that failed is kept and noted at its exchange; it does its work when it is run again without its cause.
    """
    desk = make_desk(running, clock={"mode": "frozen", "now": "2024-09-13T00:00:00Z"})
    desk.ask("POST", "/countdowns", json={"name": "good", "after_s": 1})
    accepted = desk.ask("POST", "/countdowns", json={"name": "late", "fail": "without a note", "after_s": 0.5})
    desk.control("POST", "/clock/advance", {"seconds": 5})
    failed, before = desk.control("GET", "/tasks")["failed"], desk.texts()
    noted = next(each for each in desk.journal() if each["id"] == accepted.headers["Flowproof-Exchange"])
    after = desk.control("POST", "/tasks/task-1/run")["failed"]

    assert [(each["id"], each["exchange"]) for each in failed] == [("task-1", noted["id"])]
    assert "the task tick of notes failed and is kept as task-1" in noted["explanation"]
    assert (before, after, sorted(desk.texts())) == (["good"], [], ["good", "late"])


def test_what_is_no_request_is_refused_and_recorded(running: Server) -> None:
    """
    What cannot be read as a request gets the provider's own error, and the journal has it.
    """
    with socket.create_connection(("127.0.0.1", running.port), timeout=WAIT_S) as raw:
        raw.sendall(b"GET /notes/notes HTTP/1.1\r\nbroken header\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    recorded = make_desk(running).control("GET", "/../default/journal")["exchanges"]

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert [each["response"]["status"] for each in recorded] == [400]
