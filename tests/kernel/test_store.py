"""The store: all or nothing, nothing shared, newest first, and files that survive or are refused with a sentence."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flowproof.errors import StoreError
from flowproof.kernel.state.store import Store, WorkspaceRow

PLACE = ("w", "notes", "note")
WRITER = """
import sys
from flowproof.kernel.state.store import Store
store = Store(sys.argv[1])
for number in range(100):
    with store.transaction():
        count = store.get("w", "notes", "count", "all") or 0
        store.put("w", "notes", "count", "all", count + 1)
        store.put("w", "notes", "note", f"{sys.argv[2]}-{number}", number)
"""


def test_transaction_is_kept_or_undone_as_a_whole() -> None:
    """
    What happens inside a transaction that raises is undone, with what nested ones did.
    """
    store = Store()
    store.put(*PLACE, "kept", 1)

    with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012 (what came before the error counts)
        store.put(*PLACE, "kept", 2)
        with store.transaction():
            store.put(*PLACE, "new", 1)
        raise ZeroDivisionError

    assert list(store.newest(*PLACE, limit=9, offset=0)) == [1]
    store.close()


def test_attempt_is_undone_without_its_transaction() -> None:
    """
    A failed attempt loses its own writes only.
    """
    store = Store()
    with store.transaction():
        store.put(*PLACE, "before", "kept")
        with pytest.raises(ZeroDivisionError), store.attempt():  # noqa: PT012 (the same)
            store.put(*PLACE, "inside", "lost")
            raise ZeroDivisionError

    assert list(store.newest(*PLACE, limit=9, offset=0)) == ["kept"]
    store.close()


def test_transaction_works_after_a_failed_one() -> None:
    """
    A transaction that failed leaves nothing open in which later ones would be lost.
    """
    store = Store()
    with pytest.raises(ZeroDivisionError), store.transaction():
        raise ZeroDivisionError
    with store.transaction():
        store.put(*PLACE, "a", 1)

    assert (store.get(*PLACE, "a"), store._db.in_transaction) == (1, False)
    store.close()


def test_values_are_never_shared_by_reference() -> None:
    """
    Changing what went in or came out changes nothing that is kept.
    """
    store = Store()
    value = {"list": [1]}
    store.put(*PLACE, "a", value)
    value["list"].append(2)
    store.get(*PLACE, "a")["list"].append(3)

    assert store.get(*PLACE, "a") == {"list": [1]}
    store.close()


@pytest.mark.parametrize(
    ("limit", "offset", "expected"), [(2, 0, [4, 3]), (2, 2, [2, 1]), (2, 4, [0]), (9, 9, []), (9, 0, [4, 3, 2, 1, 0])]
)
def test_records_are_paged_newest_first(limit: int, offset: int, expected: list[int]) -> None:
    """
    Pages go from the newest to the oldest; a record that is replaced keeps its place.
    """
    store = Store()
    for number in range(5):
        store.put(*PLACE, str(number), number)
    store.put(*PLACE, "1", 1)

    assert list(store.newest(*PLACE, limit=limit, offset=offset)) == expected
    store.close()


def test_a_file_survives_reopening(tmp_path: Path) -> None:
    """
    What one store wrote to a file another reads.
    """
    file = str(tmp_path / "state.db")
    first = Store(file)
    first.put(*PLACE, "a", {"ä": "\u2028"})
    first.close()
    second = Store(file)

    assert second.get(*PLACE, "a") == {"ä": "\u2028"}
    second.close()


def test_two_processes_write_to_one_file(tmp_path: Path) -> None:
    """
    Two processes that start on one new file lose none of each other's writes.
    """
    file = str(tmp_path / "state.db")
    running = [subprocess.Popen([sys.executable, "-c", WRITER, file, name]) for name in ("a", "b")]
    codes = [process.wait(timeout=60) for process in running]
    store = Store(file)

    assert (codes, store.get("w", "notes", "count", "all"), store.count(*PLACE)) == ([0, 0], 200, 200)
    store.close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """
    A file with anything else in it is refused by name, and left as it is.
    """
    file = tmp_path / "notes.txt"
    file.write_bytes(b"dear diary, " * 1000)

    with pytest.raises(StoreError, match=r"notes\.txt cannot be opened: file is not a database"):
        Store(str(file))

    assert file.read_bytes() == b"dear diary, " * 1000


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """
    Another program's SQLite file is refused by name, and no table is put into it.
    """
    file = tmp_path / "cookies.db"
    with sqlite3.connect(file) as foreign:
        foreign.execute("CREATE TABLE workspace (cookie TEXT)")
    foreign.close()
    before = file.read_bytes()

    with pytest.raises(StoreError, match=r"cookies\.db is another program's database"):
        Store(str(file))

    assert file.read_bytes() == before


def test_file_of_another_version_is_refused(tmp_path: Path) -> None:
    """
    A state file that another version of Flowproof has written, whose tables are others, is refused and left as it is.
    """
    file = tmp_path / "state.db"
    Store(str(file)).close()
    with sqlite3.connect(file) as old:
        old.execute("PRAGMA user_version = 1")
    old.close()

    with pytest.raises(StoreError, match=r"state\.db was written by another version of Flowproof; delete it"):
        Store(str(file))


def test_a_place_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """
    A folder that is missing is named in the error.
    """
    with pytest.raises(StoreError, match=r"missing/state\.db cannot be opened"):
        Store(str(tmp_path / "missing" / "state.db"))


def test_a_file_that_breaks_later_is_a_store_error(tmp_path: Path) -> None:
    """
    A database that fails in the middle of a run raises our error, not SQLite's.
    """
    store = Store(str(tmp_path / "state.db"))
    store._db.execute("DROP TABLE record")

    with pytest.raises(StoreError, match="the state cannot be read or written: no such table"):
        store.get(*PLACE, "a")
    store.close()


@pytest.mark.parametrize(
    "make", [lambda _: Store(), lambda folder: Store(str(folder / "state.db"))], ids=["memory", "file"]
)
def test_saving_a_workspace_never_sets_its_count_back(make: Callable[[Path], Store], tmp_path: Path) -> None:
    """
    Whoever saves a workspace that was read a while ago does not undo the exchanges since.
    """
    store = make(tmp_path)
    stale = WorkspaceRow("w", "w", b"{}", b"[]", "")
    store.add_workspace(stale)
    store.exchanges.next_number("w")
    store.update_workspace(stale)

    assert store.exchanges.next_number("w") == 2
    store.close()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT w.* FROM credential c JOIN workspace w ON w.id = c.workspace WHERE c.provider = 'p' AND c.key = 'k'",
        "SELECT * FROM credential WHERE workspace = 'w' ORDER BY provider, key",
        "SELECT * FROM task WHERE workspace = 'w' AND due_us <= 5 ORDER BY due_us, seq LIMIT 1",
        "SELECT id FROM shelf WHERE workspace = 'w' AND provider = 'p' AND kind = 'k'",
        "SELECT body FROM record WHERE shelf = 1 ORDER BY seq DESC LIMIT 9",
        "DELETE FROM exchange WHERE workspace = 'w' AND number <= 5",
    ],
)
def test_no_request_reads_a_whole_table(query: str) -> None:
    """
    Whatever a request asks of the store is found through an index, however many workspaces there are.
    """
    store = Store()
    plan = " ".join(row[3] for row in store._db.execute(f"EXPLAIN QUERY PLAN {query}"))
    store.close()

    assert "SEARCH" in plan
    assert "SCAN" not in plan
