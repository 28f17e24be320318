"""
The state that the processes of one run share: counters, budgets, the pace of requests, created resources.

A file beside the events, readable by its owner only. It is removed when the run is over and nothing is left to clean
up. It has ids and amounts, no secrets. Knows no contract and no profile: its callers name counters and limits.
"""

import fcntl
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import RLock

from flowproof.errors import ConfigurationError

from .budget import Budget, Price

__all__ = ["CreatedResource", "RunStore", "calls_counter", "run_store_of"]

TIMEOUT_S = 60.0
TABLES = """
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS number (name TEXT PRIMARY KEY, value REAL NOT NULL);
CREATE TABLE IF NOT EXISTS budget (
    provider TEXT PRIMARY KEY, spent TEXT NOT NULL, dearest TEXT NOT NULL, unpriced TEXT NOT NULL, lost INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS price (
    provider TEXT NOT NULL, name TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL,
    PRIMARY KEY (provider, name)
);
CREATE TABLE IF NOT EXISTS created (
    id TEXT PRIMARY KEY, provider TEXT NOT NULL, operation TEXT NOT NULL, what TEXT NOT NULL,
    undo TEXT, parameters TEXT NOT NULL, test TEXT NOT NULL, spent TEXT NOT NULL,
    is_removed INTEGER NOT NULL DEFAULT 0, how TEXT NOT NULL DEFAULT '', is_told INTEGER NOT NULL DEFAULT 0
);
"""
COLUMNS = "id, provider, operation, what, undo, parameters, test, spent, is_removed, how"


def run_store_of(events: Path) -> Path:
    """Where a run whose events are in that file keeps what its processes share."""
    return events.with_name(f"{events.name}.shared")


def calls_counter(provider: str, operation: str) -> str:
    """The name of the counter of an operation's calls."""
    return f"calls of {provider} {operation}"


@dataclass(frozen=True, slots=True)
class CreatedResource:
    """
    A resource that the run has created.

    Args:
        id: As in its `Created` event.
        provider: Slug.
        operation: `operationId` that created it.
        what: The provider's id or reference.
        undo: `operationId` that removes it; None where none does.
        parameters: Known parameters of that operation.
        test: The test that created it.
        spent: As in its `Created` event.
        is_removed: Whether it was removed.
        how: As in its `CleanedUp` event; empty before that.
    """

    id: str
    provider: str
    operation: str
    what: str
    undo: str | None
    parameters: Mapping[str, str]
    test: str = ""
    spent: str = ""
    is_removed: bool = False
    how: str = ""


class RunStore:
    """
    Access to the shared state for one process, whose threads share it too.

    Args:
        file: Created where it is missing.

    Raises:
        ConfigurationError: The file cannot be used.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._turn = RLock()  # (a transaction belongs to the connection, not to the thread that began it)
        try:
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(file, timeout=TIMEOUT_S, isolation_level=None, check_same_thread=False)
            self._connection.executescript(TABLES)
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(f"The file {file} cannot be used: {error}.", "Name another place.") from error

    def close(self) -> None:
        self._connection.close()

    def remove(self) -> None:
        """Delete the file; no other process of the run may use it."""
        self.close()
        for each in (self._file, self._lock):
            with suppress(FileNotFoundError):
                each.unlink()

    @property
    def _lock(self) -> Path:
        return self._file.with_name(f"{self._file.name}.lock")

    def next(self, name: str) -> int:
        """The next value of a counter, from 1 on; each process gets a different one."""
        with self._changing() as cursor:
            value = int(self._number(cursor, name)) + 1
            self._set(cursor, name, value)
        return value

    def take(self, name: str, limit: int | None) -> bool:
        """Increment a counter unless it has reached the limit; returns whether it was incremented."""
        with self._changing() as cursor:
            value = int(self._number(cursor, name))
            if limit is not None and value >= limit:
                return False
            self._set(cursor, name, value + 1)
        return True

    def taken(self, name: str) -> int:
        """The value of a counter."""
        with self._changing() as cursor:
            return int(self._number(cursor, name))

    def calls(self, provider: str) -> dict[str, int]:
        """How often each operation of a provider was called."""
        prefix = calls_counter(provider, "")
        with self._changing() as cursor:
            rows = cursor.execute(
                "SELECT name, value FROM number WHERE substr(name, 1, ?) = ? ORDER BY name", (len(prefix), prefix)
            )
            return {name.removeprefix(prefix): int(value) for name, value in rows}

    def spent(self, provider: str) -> Budget | None:
        """What the calls of a provider have cost; None where none of them costs anything that is known of."""
        return self._budget(provider)

    def restore(self, provider: str, calls: Mapping[str, int], budget: Budget | None) -> None:
        """Count the calls of earlier parts of a run again, of which nothing but their numbers is left."""
        with self._changing() as cursor:
            for operation, times in calls.items():
                self._set(cursor, calls_counter(provider, operation), times)
        if budget is not None:
            self._save(provider, budget)

    def reserve_slot(self, name: str, *, interval_s: float, now_s: float) -> float:
        """
        Reserve the next free time slot; returns the seconds to wait for it.

        Args:
            name: Of the sequence of slots.
            interval_s: Between two slots.
            now_s: By a clock that all processes of this machine share.
        """
        with self._changing() as cursor:
            at_s = max(now_s, self._number(cursor, name))
            self._set(cursor, name, at_s + interval_s)
        return at_s - now_s

    def forget(self, name: str) -> None:
        """Reset a counter or a sequence of slots, whose clock restarts with the machine."""
        with self._changing() as cursor:
            cursor.execute("DELETE FROM number WHERE name = ?", (name,))

    @contextmanager
    def budget(self, provider: str) -> Iterator[Budget]:
        """A provider's budget, locked during the block and saved after it."""
        with self._lock.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            budget = self._budget(provider) or Budget()
            try:
                yield budget
            finally:
                self._save(provider, budget)

    def _budget(self, provider: str) -> Budget | None:
        row = self._connection.execute(
            "SELECT spent, dearest, unpriced, lost FROM budget WHERE provider = ?", (provider,)
        ).fetchone()
        if row is None:
            return None
        spent, dearest = (
            {currency: Decimal(amount) for currency, amount in json.loads(each).items()} for each in row[:2]
        )
        return Budget(spent, dearest, Counter(json.loads(row[2])), row[3])

    def _save(self, provider: str, budget: Budget) -> None:
        amounts = [
            json.dumps({currency: str(amount) for currency, amount in each.items()})
            for each in (budget.spent, budget.dearest)
        ]
        self._connection.execute(
            "INSERT OR REPLACE INTO budget VALUES (?, ?, ?, ?, ?)",
            (provider, *amounts, json.dumps(budget.unpriced), budget.lost),
        )

    def learn_prices(self, provider: str, prices: Mapping[str, Price]) -> None:
        """Keep a provider's price list, and pay what was bought before it was known."""
        with self.budget(provider) as budget:
            for name, price in prices.items():
                self._connection.execute(
                    "INSERT OR REPLACE INTO price VALUES (?, ?, ?, ?)",
                    (provider, name, str(price.amount), price.currency),
                )
                budget.learn(name, price)

    def price(self, provider: str, name: str) -> Price | None:
        """The price of what the provider's price list calls so; None where it is not known."""
        row = self._connection.execute(
            "SELECT amount, currency FROM price WHERE provider = ? AND name = ?", (provider, name)
        ).fetchone()
        return None if row is None else Price(Decimal(row[0]), row[1])

    def add(self, resource: CreatedResource) -> None:
        self._connection.execute(
            f"INSERT INTO created ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 (names of ours)
            (
                resource.id,
                resource.provider,
                resource.operation,
                resource.what,
                resource.undo,
                json.dumps(dict(resource.parameters)),
                resource.test,
                resource.spent,
                resource.is_removed,
                resource.how,
            ),
        )

    def not_cleaned(self, provider: str | None = None) -> tuple[CreatedResource, ...]:
        """The created resources that are not cleaned up, the newest first."""
        return self._created("how = '' AND (? IS NULL OR provider = ?) ORDER BY rowid DESC", provider, provider)

    def untold(self) -> tuple[CreatedResource, ...]:
        """The created resources whose last event may be missing in the record, the oldest first."""
        return self._created("NOT is_told ORDER BY rowid")

    def mark_told(self, resource_id: str) -> None:
        """Remember that the record has the events of a resource."""
        self._connection.execute("UPDATE created SET is_told = 1 WHERE id = ?", (resource_id,))

    def mark_cleaned(self, resource_id: str, how: str, *, is_removed: bool) -> bool:
        """
        Mark a resource as cleaned up, or given up.

        Args:
            resource_id: Its id.
            how: As in its `CleanedUp` event, which is to be told after this.
            is_removed: Whether it was removed.

        Returns:
            Whether it was not marked before.
        """
        changed = self._connection.execute(
            "UPDATE created SET is_removed = ?, how = ?, is_told = 0 WHERE id = ? AND how = ''",
            (is_removed, how, resource_id),
        ).rowcount
        return changed > 0

    def _created(self, condition: str, *values: object) -> tuple[CreatedResource, ...]:
        rows = self._connection.execute(f"SELECT {COLUMNS} FROM created WHERE {condition}", values)  # noqa: S608
        return tuple(
            CreatedResource(
                name, provider, operation, what, undo, json.loads(known), test, spent, bool(is_removed), how
            )
            for name, provider, operation, what, undo, known, test, spent, is_removed, how in rows
        )

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Cursor]:
        """A transaction; the threads of this process, which share the connection, take turns."""
        with self._turn:
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
