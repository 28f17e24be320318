"""
The connection to one SQLite database: statements, transactions, savepoints.

SQLite's own transaction begins with the first statement that writes, and a transaction that writes nothing costs
nothing: no other process writes.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol
from weakref import finalize

from flowproof.errors import StoreError, StoreUnavailable

from .cache import Cache
from .ownership import Ownership

__all__ = ["IN_MEMORY", "Database", "Participant", "Savepoint", "Transaction"]

PRAGMAS = ("busy_timeout = 10000", "journal_mode = WAL", "synchronous = OFF", "temp_store = MEMORY")
APPLICATION_ID = 0x466C6F77  # "Flow", in the file's header: it tells a state file from another program's database
MIB = 2**20
MOST_PAGES = 2**32 - 2  # that a database can have
VERSION = 3  # of the schema
IN_MEMORY = ":memory:"


class Participant(Protocol):
    """State beside the database that is rolled back with it."""

    def begin(self) -> None:
        """A transaction begins: what was done before it stays."""

    def rollback(self) -> None:
        """Undo what was done since the transaction began."""


class Database:
    """
    One connection.

    Args:
        location: ``:memory:``, or the path of a SQLite file, which is made where it is missing.
        schema: Statements that make the tables that are missing.
        participant: State beside the database.
        max_mib: How large it may get.
        trace: Called with the text of each statement that SQLite runs, values filled in.

    Raises:
        StoreError: The file cannot be opened, or is no state file of this version.
    """

    def __init__(
        self,
        location: str,
        schema: str,
        participant: Participant | None = None,
        *,
        max_mib: int | None = None,
        trace: Callable[[str], object] | None = None,
    ) -> None:
        self.cache = Cache()
        self._participant = participant
        self._is_inside = False
        self._ownership = None if location == IN_MEMORY else Ownership(location)
        self._location = location
        self._max_mib = max_mib
        try:
            self._file = None if location == IN_MEMORY else _owned_file(location)
            self._connection = sqlite3.connect(
                location, isolation_level=None, check_same_thread=False, cached_statements=512
            )
        except (sqlite3.Error, OSError) as error:
            self._release()
            raise StoreError(f"the state file {location} cannot be opened: {error}") from error
        # Whoever drops a mock without closing it is warned of by sqlite3 from Python 3.13 on, in the midst of anything.
        finalize(self, self._connection.close).atexit = False
        try:
            self._claim(location)
            for pragma in PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.executescript(schema)
            if max_mib is not None:
                self._limit(max_mib)
        except sqlite3.Error as error:
            self.close()
            raise StoreError(f"the state file {location} cannot be opened: {error}") from error
        except StoreError:
            self.close()
            raise
        self._connection.set_trace_callback(trace)

    def _claim(self, location: str) -> None:
        """Mark a new file as ours; leave another program's database as it is."""
        self._connection.execute("BEGIN EXCLUSIVE")
        (application,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if application != APPLICATION_ID and tables:
            raise StoreError(f"the state file {location} is another program's database; choose another file")
        if version != VERSION and tables:
            raise StoreError(f"the state file {location} was written by another version of Flowproof; delete it")
        self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._connection.execute(f"PRAGMA user_version = {VERSION}")
        self._connection.execute("COMMIT")

    def _limit(self, max_mib: int) -> None:
        """Let SQLite itself refuse to grow beyond a size. A file that is larger already grows no more."""
        (page_size,) = self._connection.execute("PRAGMA page_size").fetchone()
        self._connection.execute(f"PRAGMA max_page_count = {min(max_mib * MIB // page_size, MOST_PAGES)}")

    def read(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """
        Run a statement that changes nothing.

        Raises:
            StoreError: The database cannot be read.
        """
        return self._run(sql, values)

    def write(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """
        Run a statement that changes something, as part of the open transaction or as one of its own.

        Raises:
            StoreError: The database cannot be written, or the change breaks a rule of the schema.
        """
        if self._is_inside and not self._connection.in_transaction:
            self._run("BEGIN IMMEDIATE")
        return self._run(sql, values)

    def _run(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values)
        except (sqlite3.Error, OverflowError) as error:  # OverflowError: an integer of more than 64 bits
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise StoreUnavailable(self._full()) from error
            raise StoreError(f"the state cannot be read or written: {error}") from error

    def _full(self) -> str:
        if self._max_mib is None:
            return "there is no room on its disk"
        return (
            f"it has no more room on its disk, or within its limit of {self._max_mib} MiB: reset or delete workspaces,"
            " or serve with a larger --max-state"
        )

    def close(self) -> None:
        self._connection.close()
        self._release()

    def _release(self) -> None:
        if self._ownership is not None:
            self._ownership.release()
            self._ownership = None

    @contextmanager
    def invalidating(self) -> Iterator[None]:
        """A transaction around the change of something that may be cached."""
        with Transaction(self):
            self.cache.drop_on_rollback()
            self.cache.clear()
            yield

    # What the blocks below call

    def begin(self) -> bool:
        """
        Begin a transaction; False where one is open.

        Raises:
            StoreError: The file is not there any more.
        """
        if self._is_inside:
            return False
        if self._file is not None:
            self._check_file()
        self._is_inside = True
        self.cache.open()
        if self._participant is not None:
            self._participant.begin()
        return True

    def _check_file(self) -> None:
        """
        Notice that the file was deleted or replaced: what is written to it then is gone when the server ends.

        Raises:
            StoreError: It was.
        """
        try:
            there = os.stat(self._location)  # noqa: PTH116 (a fifth of the time, for each request)
        except OSError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != self._file:
            raise StoreError(
                f"the state file {self._location} was deleted or replaced while the server ran; start the server again"
            )

    def commit(self) -> None:
        try:
            if self._connection.in_transaction:
                self._run("COMMIT")
        except BaseException:
            self.rollback()
            raise
        self._end(rolls_back=False)

    def rollback(self) -> None:
        self.cache.rolled_back()
        if self._participant is not None:
            self._participant.rollback()
        self._end(rolls_back=True)

    def _end(self, *, rolls_back: bool) -> None:
        self._is_inside = False
        self.cache.close()
        if rolls_back and self._connection.in_transaction:  # SQLite itself has rolled back where the disk is full
            self._run("ROLLBACK")

    def begin_savepoint(self) -> bool:
        """Begin a savepoint; False where none is needed, since nothing was written before it."""
        if self._is_inside and not self._connection.in_transaction:
            return False
        self._run("SAVEPOINT part")
        return True

    def release_savepoint(self) -> None:
        self._run("RELEASE part")

    def rollback_savepoint(self, *, is_saved: bool) -> None:
        self.cache.rolled_back()
        if not self._connection.in_transaction:
            return  # nothing was written, or SQLite itself has rolled back where there is no room
        if is_saved:
            self._run("ROLLBACK TO part")
            self._run("RELEASE part")
        else:
            self._run("ROLLBACK")


def _owned_file(location: str) -> tuple[int, int]:
    """
    Make the file where it is missing, readable by its owner only: it holds every secret. SQLite gives its other files
    the same mode.

    Returns:
        The file's device and number.
    """
    os.close(os.open(location, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for each in (location, f"{location}-wal", f"{location}-shm"):
        with suppress(FileNotFoundError, PermissionError):  # PermissionError: it is another user's
            Path(each).chmod(0o600)
    there = Path(location).stat()
    return there.st_dev, there.st_ino


class Transaction:
    """The block of a transaction; inside another one it does nothing. (A class: generators are slower.)"""

    __slots__ = ("_database", "_is_outermost")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_outermost = False

    def __enter__(self) -> None:
        self._is_outermost = self._database.begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_outermost and kind is None:
            self._database.commit()
        elif self._is_outermost:
            self._database.rollback()


class Savepoint:
    """The block of a savepoint within a transaction."""

    __slots__ = ("_database", "_is_saved")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_saved = False

    def __enter__(self) -> None:
        self._is_saved = self._database.begin_savepoint()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._database.rollback_savepoint(is_saved=self._is_saved)
        elif self._is_saved:
            self._database.release_savepoint()
