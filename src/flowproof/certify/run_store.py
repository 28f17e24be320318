"""
What the processes of one run share: numbers, calls made, money spent, whose turn it is, what was created.

A file beside the events, for its owner only, gone when the run is over and nothing is left to undo. It holds ids and
amounts, no secret. Knows no contract and no profile: its callers say what is counted and against what.
"""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from flowproof.errors import ConfigurationError

__all__ = ["Budget", "CreatedResource", "RunStore", "run_store_of"]

PATIENCE_S = 60.0
TABLES = """
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS number (name TEXT PRIMARY KEY, value REAL NOT NULL);
CREATE TABLE IF NOT EXISTS purse (provider TEXT PRIMARY KEY, spent TEXT NOT NULL, dearest TEXT, lost INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS made (
    id TEXT PRIMARY KEY, provider TEXT NOT NULL, operation TEXT NOT NULL, what TEXT NOT NULL,
    undo TEXT, parameters TEXT NOT NULL, is_settled INTEGER NOT NULL DEFAULT 0
);
"""


def run_store_of(events: Path) -> Path:
    """Where a run whose events are in that file keeps what its processes share."""
    return events.with_name(f"{events.name}.ledger")


@dataclass(frozen=True, slots=True)
class CreatedResource:
    """
    Something that the run has created and not yet undone.

    Args:
        id: As in its `Created` event.
        provider: Slug.
        operation: `operationId` that created it.
        what: How the provider's people find it.
        undo: `operationId` that removes it; None where none does.
        parameters: For that, as far as they are known.
    """

    id: str
    provider: str
    operation: str
    what: str
    undo: str | None
    parameters: Mapping[str, str]


@dataclass(slots=True)
class Budget:
    """
    What a provider's calls have cost.

    Args:
        spent: All together.
        dearest: The most that one has cost; None before the first.
        lost: Whether the cost of a call is not known.
    """

    spent: Decimal = Decimal(0)
    dearest: Decimal | None = None
    lost: bool = False

    def allows(self, limit: Decimal) -> bool:
        """Whether one more call keeps the limit, if it costs no more than the dearest so far."""
        return not self.lost and self.spent < limit and self.spent + (self.dearest or 0) <= limit

    def pay(self, amount: Decimal | None) -> None:
        """One more call; None where its cost cannot be told, which the dearest so far then stands for."""
        if amount is None and self.dearest is None:
            self.lost = True
            return
        paid = amount if amount is not None else self.dearest or Decimal(0)
        self.spent += paid
        self.dearest = max(paid, self.dearest or paid)


class RunStore:
    """
    One process's view of what a run shares.

    Args:
        file: Made where it is missing.

    Raises:
        ConfigurationError: The file cannot be used.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(file, timeout=PATIENCE_S, isolation_level=None, check_same_thread=False)
            self._connection.executescript(TABLES)
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(f"The file {file} cannot be used: {error}.", "Name another place.") from error

    def close(self) -> None:
        """Leave the file to the others."""
        self._connection.close()

    def remove(self) -> None:
        """Forget everything; for when no process of the run is left."""
        self.close()
        for each in (self._file, self._lock):
            with suppress(FileNotFoundError):
                each.unlink()

    @property
    def _lock(self) -> Path:
        return self._file.with_name(f"{self._file.name}.lock")

    def next(self, name: str) -> int:
        """The next number of a kind, from 1 on, that no other process gets."""
        with self._changing() as cursor:
            value = int(self._number(cursor, name)) + 1
            self._set(cursor, name, value)
        return value

    def take(self, name: str, limit: int | None) -> bool:
        """Whether one more of a kind may be had; if so, it is counted."""
        with self._changing() as cursor:
            value = int(self._number(cursor, name))
            if limit is not None and value >= limit:
                return False
            self._set(cursor, name, value + 1)
        return True

    def taken(self, name: str) -> int:
        """How many of a kind were had."""
        with self._changing() as cursor:
            return int(self._number(cursor, name))

    def turn(self, name: str, *, interval_s: float, now_s: float) -> float:
        """
        Seconds to wait until it is this caller's turn, no sooner than an interval after everybody else's.

        Args:
            name: What for.
            interval_s: Between two turns.
            now_s: By a clock that all processes of this machine share.
        """
        with self._changing() as cursor:
            at_s = max(now_s, self._number(cursor, name))
            self._set(cursor, name, at_s + interval_s)
        return at_s - now_s

    def forget(self, name: str) -> None:
        """Begin a kind anew, as after a restart of the machine, whose clock begins anew too."""
        with self._changing() as cursor:
            cursor.execute("DELETE FROM number WHERE name = ?", (name,))

    @contextmanager
    def budget(self, provider: str) -> Iterator[Budget]:
        """A provider's purse, kept from everybody else for as long as the block lasts, and put back changed."""
        with self._lock.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            row = self._connection.execute(
                "SELECT spent, dearest, lost FROM purse WHERE provider = ?", (provider,)
            ).fetchone()
            budget = Budget(Decimal(row[0]), Decimal(row[1]) if row[1] else None, bool(row[2])) if row else Budget()
            try:
                yield budget
            finally:
                dearest = None if budget.dearest is None else str(budget.dearest)
                self._connection.execute(
                    "INSERT OR REPLACE INTO purse VALUES (?, ?, ?, ?)",
                    (provider, str(budget.spent), dearest, budget.lost),
                )

    def add(self, made: CreatedResource) -> None:
        """Remember something that was created."""
        self._connection.execute(
            "INSERT INTO made (id, provider, operation, what, undo, parameters) VALUES (?, ?, ?, ?, ?, ?)",
            (made.id, made.provider, made.operation, made.what, made.undo, json.dumps(dict(made.parameters))),
        )

    def unsettled(self, provider: str | None = None) -> tuple[CreatedResource, ...]:
        """What was created and is not undone, the newest first."""
        rows = self._connection.execute(
            "SELECT id, provider, operation, what, undo, parameters FROM made "
            "WHERE NOT is_settled AND (? IS NULL OR provider = ?) ORDER BY rowid DESC",
            (provider, provider),
        )
        return tuple(CreatedResource(row[0], row[1], row[2], row[3], row[4], json.loads(row[5])) for row in rows)

    def settle(self, made_id: str) -> bool:
        """Something needs no more care; whether that was not known before."""
        changed = self._connection.execute(
            "UPDATE made SET is_settled = 1 WHERE id = ? AND NOT is_settled", (made_id,)
        ).rowcount
        return changed > 0

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Cursor]:
        cursor = self._connection.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
        finally:
            cursor.execute("COMMIT")

    def _number(self, cursor: sqlite3.Cursor, name: str) -> float:
        row = cursor.execute("SELECT value FROM number WHERE name = ?", (name,)).fetchone()
        return float(row[0]) if row else 0.0

    def _set(self, cursor: sqlite3.Cursor, name: str, value: float) -> None:
        cursor.execute("INSERT OR REPLACE INTO number VALUES (?, ?)", (name, value))
