"""The state file: private, and missed when it is gone; damaged rows are named."""

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from flowproof.errors import StoreError
from flowproof.kernel.assembly import ServerSettings, build_gateway, open_store
from flowproof.kernel.serving import Server
from tests.kernel.notes import provider
from tests.kernel.notes.desk import make_desk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a state file is made."""
    return tmp_path / "state.db"


@pytest.fixture
def server(file: Path) -> Iterator[Server]:
    """A server with its state in a file."""
    gateway = build_gateway([provider], ServerSettings(entropy=1, state=str(file)))
    with Server(gateway) as running:
        yield running
    gateway.mock.store.close()


def modes(folder: Path) -> dict[str, str]:
    """The permissions of each file."""
    return {each.name: oct(stat.S_IMODE(each.stat().st_mode)) for each in folder.iterdir()}


def probed(server: Server) -> dict[str, int]:
    """The status of what programs ask that look after the server."""
    paths = ("health", "ready", "metrics")
    return {path: requests.get(f"{server.url}/_flowproof/{path}", timeout=5).status_code for path in paths}


def test_files_of_the_state_are_private(server: Server, file: Path) -> None:
    """
    Nobody but their owner can read the files of the state, which hold every secret.
    """
    make_desk(server).write()

    assert set(modes(file.parent)) >= {"state.db", "state.db-wal", "state.db-shm"}
    assert set(modes(file.parent).values()) == {"0o600"}


def test_older_state_file_becomes_private(file: Path) -> None:
    """
    A state file that others could read cannot be read by them once a server has opened it.
    """
    open_store(str(file)).close()
    file.chmod(0o644)
    open_store(str(file)).close()

    assert modes(file.parent)["state.db"] == "0o600"


@pytest.mark.parametrize("is_replaced", [False, True])
def test_state_file_that_is_gone_is_missed(server: Server, file: Path, is_replaced: bool) -> None:
    """
    Where the state file was deleted or replaced while the server runs, every request gets a 503 that says so.
    """
    desk = make_desk(server)
    kept = file.read_bytes()
    file.unlink()
    if is_replaced:
        file.write_bytes(kept)
    answer = desk.write()
    control = requests.get(f"{server.url}/_flowproof/workspaces", timeout=5)

    assert (answer.status_code, control.status_code) == (503, 503)
    assert "was deleted or replaced while the server ran" in answer.json()["detail"]
    assert probed(server) == {"health": 200, "ready": 503, "metrics": 200}


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE workspace SET clock = '{' WHERE id = 'default'", "the row of workspace default"),
        ("UPDATE workspace SET faults = x'ff00' WHERE id = 'default'", "the row of workspace default"),
        ("UPDATE credential SET body = 'nothing'", "a credential of workspace default"),
    ],
)
def test_damaged_row_is_named_at_the_start(file: Path, damage: str, what: str) -> None:
    """
    A state file with a damaged row is refused when it is opened, in a sentence that says which row it is.
    """
    build_gateway([provider], ServerSettings(entropy=1, state=str(file))).mock.store.close()
    with sqlite3.connect(file) as connection:
        connection.execute(damage)
    connection.close()

    with pytest.raises(StoreError, match=what):
        open_store(str(file))


@pytest.mark.usefixtures("quiet_tracebacks")
def test_damaged_record_gets_a_503(server: Server, file: Path) -> None:
    """
    A request that meets a damaged record is answered with 503 and a sentence, and the next one is served.
    """
    desk = make_desk(server)
    note = desk.write().json()["id"]
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE record SET body = '{' WHERE id = ?", (note,))
    connection.close()

    assert (desk.ask("GET", f"/notes/{note}").status_code, desk.write().status_code) == (503, 201)


@pytest.mark.parametrize("kind", ["memory", "file"])
@pytest.mark.usefixtures("quiet_tracebacks")
def test_full_state_is_a_clear_answer(tmp_path: Path, kind: str) -> None:
    """
    What would need more room than the limit is answered with 503 and what to do, and nothing of it is kept; after a
    reset of the workspace that took the room everybody goes on.
    """
    state = ":memory:" if kind == "memory" else str(tmp_path / "full.db")
    gateway = build_gateway([provider], ServerSettings(entropy=1, state=state, max_state_mib=1))
    with Server(gateway) as running:
        greedy, other = make_desk(running), make_desk(running)
        while (answer := greedy.ask("POST", "/notes", json={"text": "x" * 50_000})).status_code == 201:
            continue
        kept = len(greedy.texts())
        greedy.control("POST", "/reset")
        after = [each.write().status_code for each in (greedy, other)]
    gateway.mock.store.close()

    assert (answer.status_code, answer.json()["title"]) == (503, "State not available")
    assert (
        "its limit of 1 MiB: reset or delete workspaces, or serve with a larger --max-state" in answer.json()["detail"]
    )
    assert 5 < kept < 30
    assert after == [201, 201]


@pytest.fixture
def quiet_tracebacks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails a test whose log has a traceback."""
    yield
    assert [record for record in caplog.get_records("call") if record.exc_info] == []
