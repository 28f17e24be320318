"""
What is needed only because several processes may share one state file: a lock that queues, and a revision number.

SQLite would wait for another process too, but it sleeps longer and longer, so that whoever comes late may wait for a
second. The revision counts the changes by which cached values go stale, in whichever process.
"""

import fcntl
import os
from collections.abc import Callable
from sqlite3 import Cursor

from flowproof.errors import StoreError

__all__ = ["Sharing"]

CREATE_REVISION = "CREATE TABLE IF NOT EXISTS revision (number INTEGER NOT NULL)"
FILL_REVISION = "INSERT INTO revision SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM revision)"
UNKNOWN = -1


class Sharing:
    """
    One process's share in a state file.

    Args:
        location: Path of the state file; the lock is the file ``{location}-lock`` beside it.
        run: Runs a statement.

    Raises:
        StoreError: The lock file cannot be opened.
    """

    def __init__(self, location: str, run: Callable[[str], Cursor]) -> None:
        self._run = run
        run(CREATE_REVISION)
        run(FILL_REVISION)
        self._data_version, self._revision = 0, UNKNOWN
        self._is_counted = False
        self._is_locked = self._is_held = False
        try:
            self._lock_file = os.open(f"{location}-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"the state file {location} cannot be shared: {location}-lock: {error.strerror}"
            ) from error

    def lock(self) -> None:
        """Wait until no other process is in a transaction."""
        if not self._is_locked:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)
            self._is_locked = True

    def unlock(self) -> None:
        """Let another process in, unless the lock is held."""
        if self._is_locked and not self._is_held:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)
            self._is_locked = False

    def hold(self) -> bool:
        """Keep the lock when a transaction ends; False where that is so already."""
        if self._is_held:
            return False
        self._is_held = True
        return True

    def release(self) -> None:
        """Let the lock go when a transaction ends."""
        self._is_held = False

    def is_stale(self) -> bool:
        """When a transaction has begun: whether another process has made cached values stale."""
        self._is_counted = False
        (data_version,) = self._run("PRAGMA data_version").fetchone()  # differs after another connection's commit
        if data_version == self._data_version:
            return False
        (revision,) = self._run("SELECT number FROM revision").fetchone()
        is_stale: bool = revision != self._revision
        self._data_version, self._revision = data_version, revision
        return is_stale

    def count_change(self) -> None:
        """Count, once a transaction, that cached values go stale by it."""
        if not self._is_counted:
            rows = self._run("UPDATE revision SET number = number + 1 RETURNING number").fetchall()
            self._revision, self._is_counted = rows[0][0], True

    def rolled_back(self) -> None:
        """The transaction, or a part of it, was rolled back, and perhaps its change of the revision with it."""
        if self._is_counted:
            self._revision, self._is_counted = UNKNOWN, False

    def close(self) -> None:
        os.close(self._lock_file)
