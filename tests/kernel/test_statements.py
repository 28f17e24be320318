"""What a request costs the store, counted in statements; and that what is remembered of a workspace is never stale."""

from pathlib import Path

import pytest

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.credentials import Credential, credential_row
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.mock import Mock
from flowproof.kernel.time.clock import Clock
from flowproof.kernel.workspaces import DEFAULT, Workspace
from tests.kernel.notes import provider

# In memory: begin, keep the note, commit.
WRITING = ["BEGIN", "INSERT", "COMMIT"]
# On a file: begin, has another written, count the exchange, savepoint, keep the note, write the exchange down, trim the
# journal, release, commit.
ON_A_FILE = ["BEGIN", "PRAGMA", "UPDATE", "SAVEPOINT", "INSERT", "INSERT", "DELETE", "RELEASE", "COMMIT"]


def make_mock(state: str = ":memory:") -> Mock:
    """A mock server with the note-keeping provider, without its socket."""
    return build_gateway([provider], ServerSettings(entropy=1, state=state)).mock


@pytest.fixture
def mock() -> Mock:
    """One in memory."""
    return make_mock()


def key_of(mock: Mock, workspace: Workspace) -> str:
    """The workspace's key."""
    (credential,) = mock.workspaces.credentials(workspace, "notes")
    return credential.key


def ask(mock: Mock, key: str, method: str = "POST") -> WireResponse:
    """Write a note, or read all."""
    headers = (("x-key", key), ("content-type", "application/json"))
    handled = mock.handle(
        WireRequest(method, "/notes/notes", "", headers, b'{"text":"a"}' if method == "POST" else b"")
    )
    assert isinstance(handled, WireResponse)
    return handled


def statements(mock: Mock, key: str, method: str = "POST") -> list[str]:
    """The first word of each statement that SQLite runs for one request."""
    seen: list[str] = []
    mock.store._db.set_trace_callback(seen.append)
    ask(mock, key, method)
    mock.store._db.set_trace_callback(None)
    return [each.split()[0] for each in seen if not each.startswith("--")]


def test_request_takes_one_transaction_and_no_look_up(mock: Mock) -> None:
    """
    Once a workspace is known, a request reads neither it nor its credentials: it writes what there is to write.
    """
    key = key_of(mock, mock.workspaces.create())
    ask(mock, key)

    assert statements(mock, key) == WRITING


def test_ten_thousand_workspaces_cost_a_request_nothing(mock: Mock) -> None:
    """
    With ten thousand workspaces a request takes the same statements as with one.
    """
    with mock.store.transaction():
        made = [mock.workspaces.create() for _ in range(10_000)]
    keys = [key_of(mock, each) for each in made[::2500]]
    for key in keys:
        ask(mock, key)

    assert [statements(mock, key) for key in keys] == [WRITING] * len(keys)


def test_state_file_is_asked_once_whether_another_has_written(tmp_path: Path) -> None:
    """
    On a file that other processes may have, one statement more tells whether what is remembered still holds.
    """
    mock = make_mock(str(tmp_path / "state.db"))
    key = key_of(mock, mock.workspaces.create())
    ask(mock, key)

    assert statements(mock, key) == ON_A_FILE
    mock.store.close()


def test_what_another_server_writes_makes_nobody_forget(tmp_path: Path) -> None:
    """
    A note that another server on the file has kept changes nothing that is remembered: one look tells, and no more.
    """
    first, second = (make_mock(str(tmp_path / "state.db")) for _ in range(2))
    key = key_of(first, first.workspaces.create("shared"))
    for server in (first, second, first, second):
        ask(server, key)

    assert statements(first, key) == ["BEGIN", "PRAGMA", "SELECT", *ON_A_FILE[2:]]
    first.store.close()
    second.store.close()


def test_what_another_server_changes_on_the_file_holds_at_once(tmp_path: Path) -> None:
    """
    Two servers on one file see each other's clocks, credentials, seed data and deletions at the next request.
    """
    first, second = (make_mock(str(tmp_path / "state.db")) for _ in range(2))
    workspace = first.workspaces.create("shared")
    key = key_of(first, workspace)
    ask(first, key)
    ask(second, key)

    frozen = Clock.frozen(Clock.at_microseconds(0))
    second.workspaces.set_clock(workspace, frozen)
    second.workspaces.context(workspace, "notes").state.put("seed", "seed", {"motto": "changed"})
    answer = ask(first, key, "GET")
    assert dict(answer.headers)["Date"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert b"changed" in answer.body

    second.workspaces.context(workspace, "notes").revoke(key)
    assert dict(ask(first, key).headers)["Flowproof-Exchange"].startswith(f"{DEFAULT}-")

    second.store.add_credential(credential_row("shared", "notes", Credential("another-key")))
    assert ask(first, "another-key").status == 201

    second.workspaces.delete("shared")
    assert ask(first, "another-key").status == 401
    first.store.close()
    second.store.close()


def test_exchanges_of_two_servers_on_one_file_are_counted_once(tmp_path: Path) -> None:
    """
    Two servers that remember the same workspace never give two exchanges the same number.
    """
    servers = [make_mock(str(tmp_path / "state.db")) for _ in range(2)]
    key = key_of(servers[0], servers[0].workspaces.create("shared"))
    ids = [dict(ask(server, key).headers)["Flowproof-Exchange"] for _ in range(3) for server in servers]
    for server in servers:
        server.store.close()

    assert ids == [f"shared-{number}" for number in range(1, 7)]


def test_what_was_undone_is_not_remembered(mock: Mock) -> None:
    """
    What was read of changes that are then undone, in a transaction or a part of one, is read anew.
    """
    workspace = mock.workspaces.create("w")
    context = mock.workspaces.context(workspace, "notes")
    with mock.store.transaction():
        with pytest.raises(ZeroDivisionError), mock.store.attempt():  # noqa: PT012 (what came before the error counts)
            context.issue(Credential("undone"))
            assert mock.workspaces.placed_by_key("notes", "undone") is not None
            raise ZeroDivisionError
        assert mock.workspaces.placed_by_key("notes", "undone") is None

    with pytest.raises(ZeroDivisionError), mock.store.transaction():  # noqa: PT012 (the same)
        mock.workspaces.set_clock(workspace, Clock.frozen(Clock.at_microseconds(0)))
        assert mock.workspaces.placed("w") != workspace
        raise ZeroDivisionError
    with mock.store.transaction():
        assert mock.workspaces.placed("w") == workspace


def test_set_up_is_understood_anew_when_it_changes(mock: Mock) -> None:
    """
    What a mock makes of its account set-up is made once, and again after the set-up was replaced or put back.
    """
    workspace = mock.workspaces.create()
    mottos = []
    for change in (None, {"motto": "other"}, None):
        state = mock.workspaces.context(workspace, "notes").state
        if change is None:
            state.delete("seed", "seed")
        else:
            state.put("seed", "seed", change)
        with mock.store.transaction():
            parsed_seed = [mock.workspaces.context(workspace, "notes").parsed_seed(Motto) for _ in range(2)]
        assert parsed_seed[0] is parsed_seed[1]
        mottos.append(parsed_seed[0].text)

    assert mottos == ["write it down", "other", "write it down"]


class Motto:
    """What the note-keeping provider's set-up says."""

    def __init__(self, seed: object) -> None:
        self.text = seed["motto"]  # type: ignore[index]  # (a mapping, which ProviderContext says)


def test_counting_up_begins_with_one_and_survives_a_snapshot(mock: Mock) -> None:
    """
    A counter begins with one, and goes on from where a snapshot had it.
    """
    store, place = mock.store, ("notes", "count", "all")
    workspace = mock.workspaces.create("w")
    counted = [store.count_up("w", *place) for _ in range(3)]
    snapshot = mock.workspaces.snapshot(workspace)
    store.count_up("w", *place)
    mock.workspaces.restore(workspace, snapshot)

    assert (counted, store.get("w", *place), store.count_up("w", *place)) == ([1, 2, 3], 3, 4)
