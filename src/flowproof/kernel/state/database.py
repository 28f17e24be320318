"""
One SQLite database, in memory or a file: transactions, parts of one that can be undone, and what is remembered of it.

A state file may be shared by several processes: each transaction then begins by taking the file, and learns whether
another has written. What lives in memory is ours alone: a transaction begins when the first thing is written, and one
in which nothing is written costs nothing.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from types import TracebackType
from typing import Any, TypeVar

from flowproof.errors import StoreError

__all__ = ["IN_MEMORY", "Database"]

PRAGMAS = ("busy_timeout = 10000", "journal_mode = WAL", "synchronous = OFF", "temp_store = MEMORY")
# What tells a state file from another program's database: SQLite keeps the number in the file's header.
APPLICATION_ID = 0x466C6F77  # "Flow"
VERSION = 2  # of the schema
# Counts how often what may be remembered was changed, by whichever process.
REVISION = """
CREATE TABLE IF NOT EXISTS revision (number INTEGER NOT NULL);
INSERT INTO revision SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM revision);
"""
UNKNOWN = -1
IN_MEMORY = ":memory:"
NO_FILE = -1
MOST_REMEMBERED = 100_000

Remembered = TypeVar("Remembered")


class Database:
    """
    The connection to a database.

    Args:
        location: ``:memory:``, or the path of a SQLite file that is made when it is missing.
        schema: Statements that make what is missing in it.

    Raises:
        StoreError: The file cannot be opened, or is no database of ours.
    """

    def __init__(self, location: str, schema: str) -> None:
        try:
            self._db = sqlite3.connect(location, isolation_level=None, check_same_thread=False, cached_statements=512)
        except sqlite3.Error as error:
            raise StoreError(f"the state file {location} cannot be opened: {error}") from error
        try:
            self._claim(location)
            for pragma in PRAGMAS:
                self._db.execute(f"PRAGMA {pragma}")
            self._db.executescript(REVISION + schema)
        except sqlite3.Error as error:
            self._db.close()
            raise StoreError(f"the state file {location} cannot be opened: {error}") from error
        except StoreError:
            self._db.close()
            raise
        self.is_shared = location != IN_MEMORY
        self._turns = _opened_turns(location) if self.is_shared else NO_FILE
        self._has_turn = self._keeps_turn = False
        self._inside = False
        self._version, self._revision = 0, UNKNOWN
        self._told = False
        self._memory: dict[tuple[str, ...], Any] = {}
        self._forgotten_inside = False

    def _claim(self, location: str) -> None:
        """Mark a new file as ours; leave another program's database as it is."""
        self._db.execute("BEGIN EXCLUSIVE")
        (marked,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if marked != APPLICATION_ID and tables:
            raise StoreError(f"the state file {location} is another program's database; choose another file")
        if version != VERSION and tables:
            raise StoreError(f"the state file {location} was written by another version of Flowproof; delete it")
        self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self._db.execute(f"PRAGMA user_version = {VERSION}")
        self._db.execute("COMMIT")

    def read(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """
        Run a statement that changes nothing.

        Raises:
            StoreError: The database cannot be read.
        """
        return self._run(sql, values)

    def write(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """
        Run a statement that changes something: as part of the transaction under way, or as one of its own.

        Raises:
            sqlite3.IntegrityError: It breaks a rule of the schema.
            StoreError: The database cannot be written.
        """
        if self._inside and not self._db.in_transaction:
            self._run("BEGIN IMMEDIATE")
        return self._run(sql, values)

    def _run(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.IntegrityError:
            raise
        except (sqlite3.Error, OverflowError) as error:
            raise StoreError(f"the state cannot be read or written: {error}") from error

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
        if self._turns != NO_FILE:
            os.close(self._turns)
            self._turns = NO_FILE

    def transaction(self) -> "Transaction":
        """All or nothing: what happens inside is kept, or undone when it raises. A nested one joins the outer."""
        return Transaction(self)

    def attempt(self) -> "Attempt":
        """A part of a transaction that is undone by itself when it raises; what came before it stays."""
        return Attempt(self)

    def _begin(self) -> bool:
        """Begin a transaction; False where one is under way."""
        if self._inside:
            return False
        if self.is_shared:
            self._take_turn()
        self._inside, self._forgotten_inside, self._told = True, False, False
        self.begun()
        if self.is_shared:
            self._heed_others()
        return True

    def _take_turn(self) -> None:
        """
        Wait until no other process is in a transaction.

        SQLite would wait too, but by sleeping longer and longer, so that whoever comes late may wait for a second.
        """
        if not self._has_turn:
            fcntl.flock(self._turns, fcntl.LOCK_EX)
            self._has_turn = True
        try:
            self._run("BEGIN IMMEDIATE")
        except BaseException:
            self._pass_turn()
            raise

    def _pass_turn(self) -> None:
        if self._has_turn and not self._keeps_turn:
            fcntl.flock(self._turns, fcntl.LOCK_UN)
            self._has_turn = False

    def keep_turn(self) -> bool:
        """
        Begin no wait for other processes between the transactions that follow at once.

        Returns:
            Whether :meth:`pass_turn` is to be called when they are through.
        """
        if not self.is_shared or self._keeps_turn:
            return False
        self._keeps_turn = True
        return True

    def pass_turn(self) -> None:
        """Let other processes have their turn."""
        self._keeps_turn = False
        if not self._inside:
            self._pass_turn()

    def _heed_others(self) -> None:
        """Forget everything where another process has changed what may be remembered."""
        try:
            (version,) = self.read("PRAGMA data_version").fetchone()
            if version == self._version:
                return
            (revision,) = self.read("SELECT number FROM revision").fetchone()
        except BaseException:
            self._undo()
            raise
        if revision != self._revision:
            self._memory.clear()
        self._version, self._revision = version, revision

    def _keep(self) -> None:
        try:
            if self._db.in_transaction:
                self._run("COMMIT")
        except BaseException:
            self._undo()
            raise
        self._inside = False
        self._pass_turn()

    def _undo(self) -> None:
        self._inside = False
        self._undo_remembered()
        self.undone()
        try:
            if self._db.in_transaction:  # SQLite itself has undone it where the disk is full
                self._run("ROLLBACK")
        finally:
            self._pass_turn()

    def begun(self) -> None:
        """When a transaction begins."""

    def undone(self) -> None:
        """When a transaction is undone."""

    def _begin_attempt(self) -> bool:
        """Begin a part; False where nothing has been written before it, so that undoing it is undoing everything."""
        if self._inside and not self._db.in_transaction:
            return False
        self._run("SAVEPOINT attempt")
        return True

    def _keep_attempt(self) -> None:
        self._run("RELEASE attempt")

    def _undo_attempt(self, *, saved: bool) -> None:
        self._undo_remembered()
        if saved:
            self._run("ROLLBACK TO attempt")
            self._run("RELEASE attempt")
        elif self._db.in_transaction:
            self._run("ROLLBACK")

    # What a request needs of its workspace hardly ever changes, so it is read and parsed_seed once

    def remembered(self, key: tuple[str, ...], read: Callable[[], Remembered]) -> Remembered:
        """
        What was read before of workspaces, credentials or seed data, as long as nobody has written any of these.

        Nobody means no process that has the file, either: inside a transaction no other can write, and at its begin
        SQLite says whether one has. Outside of one it is read anew.

        Args:
            key: Tells it from everything else that is remembered.
            read: Reads it; a value that nobody changes.
        """
        if not self._inside:
            return read()
        try:
            found: Remembered = self._memory[key]
        except KeyError:
            found = self.remember(key, read())
        return found

    def recall(self, key: tuple[str, ...]) -> Any:
        """What is remembered under a key, inside a transaction; None where that is nothing."""
        return self._memory.get(key) if self._inside else None

    def remember(self, key: tuple[str, ...], value: Remembered) -> Remembered:
        """Have a value remembered, inside a transaction; where there are very many, the first are forgotten."""
        if self._inside:
            if len(self._memory) >= MOST_REMEMBERED:
                for old in tuple(islice(self._memory, MOST_REMEMBERED // 10)):
                    del self._memory[old]
            self._memory[key] = value
        return value

    def forget_if_undone(self) -> None:
        """After something was written that is remembered as it is now."""
        self._forgotten_inside = True

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Around the writing of something that may be remembered, here or in another process."""
        with self.transaction():
            self._forgotten_inside = True
            self._memory.clear()
            if self.is_shared and not self._told:
                rows = self.write("UPDATE revision SET number = number + 1 RETURNING number").fetchall()
                self._revision, self._told = rows[0][0], True
            yield

    def _undo_remembered(self) -> None:
        """When a transaction is undone: what it wrote may have been read again and remembered since."""
        if self._forgotten_inside:
            self._memory.clear()
            self._revision, self._told = UNKNOWN, False


def _opened_turns(location: str) -> int:
    """The file beside a state file by which its processes take turns."""
    try:
        return os.open(f"{location}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"the state file {location} cannot be shared: {location}-turn: {error.strerror}") from error


class Transaction:
    """The block of a transaction."""

    __slots__ = ("_database", "_is_own")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_own = False

    def __enter__(self) -> None:
        self._is_own = self._database._begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_own and kind is None:
            self._database._keep()
        elif self._is_own:
            self._database._undo()


class Attempt:
    """The block of a part of a transaction."""

    __slots__ = ("_database", "_is_saved")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_saved = False

    def __enter__(self) -> None:
        self._is_saved = self._database._begin_attempt()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._database._undo_attempt(saved=self._is_saved)
        elif self._is_saved:
            self._database._keep_attempt()
