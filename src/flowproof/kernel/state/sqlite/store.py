"""The store on SQLite: its tables put together, and what concerns several of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from flowproof.errors import StoreError
from flowproof.kernel.state.memory_exchanges import MemoryExchanges
from flowproof.kernel.state.protocol import Sharing

from . import deliveries, exchanges, records, tasks, workspaces
from .database import IN_MEMORY, Database, Savepoint, Transaction
from .dirty import DirtyWorkspaces

__all__ = ["IN_MEMORY", "SqliteStore"]

Cached = TypeVar("Cached")
SCHEMA = workspaces.SCHEMA + records.SCHEMA + tasks.SCHEMA + deliveries.SCHEMA + exchanges.SCHEMA
DAMAGED = (
    "SELECT 'the row of workspace ' || id FROM workspace"
    " WHERE NOT json_valid(CAST(clock AS TEXT)) OR NOT json_valid(CAST(faults AS TEXT)) UNION ALL"
    " SELECT 'a credential of workspace ' || workspace FROM credential WHERE NOT json_valid(CAST(body AS TEXT)) LIMIT 1"
)


class SqliteStore:
    """
    The :class:`~flowproof.kernel.state.protocol.Store` in one SQLite database.

    Args:
        location: ``:memory:``, or the path of a file, which is made where it is missing; one process has it at a time.
        max_mib: How large the database may get.
        trace: Called with the text of each statement that SQLite runs.

    Raises:
        StoreError: The file cannot be opened, belongs to another process, or is no state file of this version.
    """

    sharing: Sharing | None = None

    def __init__(
        self,
        location: str = IN_MEMORY,
        *,
        max_mib: int | None = None,
        trace: Callable[[str], object] | None = None,
    ) -> None:
        memory = MemoryExchanges() if location == IN_MEMORY else None
        self._database = Database(location, SCHEMA, memory, max_mib=max_mib, trace=trace)
        self._dirty = DirtyWorkspaces()
        self.exchanges = memory or exchanges.SqliteExchanges(self._database)
        self.workspaces = workspaces.SqliteWorkspaces(self._database, self._dirty, self.exchanges)
        self.credentials = workspaces.SqliteCredentials(self._database)
        self.records = records.SqliteRecords(self._database)
        self.tasks = tasks.SqliteTasks(self._database, self._dirty)
        self.deliveries = deliveries.SqliteDeliveries(self._database, self._dirty)
        if location != IN_MEMORY:
            self._check_rows(location)

    def _check_rows(self, location: str) -> None:
        """
        Look at the rows that every request needs, before any request comes.

        Raises:
            StoreError: One is damaged.
        """
        damaged = self._database.read(DAMAGED).fetchone()
        if damaged is not None:
            self.close()
            raise StoreError(f"the state file {location} is damaged: {damaged[0]}; restore a copy, or delete it")

    def transaction(self) -> Transaction:
        return Transaction(self._database)

    def savepoint(self) -> Savepoint:
        return Savepoint(self._database)

    def claim(self, workspace: str) -> None:
        """Nothing to do: nobody else has the state."""

    def try_claim(self, _workspace: str) -> bool:
        return True

    def cached(self, workspace: str | None, key: tuple[str, ...], read: Callable[[], Cached]) -> Cached:
        return self._database.cache.get_or_read((workspace, *key), read)

    def last_cached(self, workspace: str, key: tuple[str, ...]) -> Any:
        return self._database.cache.last((workspace, *key))

    def next_due_us(self, workspace: str) -> int | None:
        row = self._database.read(
            "SELECT min(due_us) FROM (SELECT min(due_us) AS due_us FROM task WHERE workspace = ? UNION ALL"
            " SELECT min(due_us) FROM delivery WHERE workspace = ? AND state = 'pending'"
            " AND NOT EXISTS (SELECT 1 FROM delivery WHERE workspace = ? AND state = 'sending'))",
            (workspace, workspace, workspace),
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def workspaces_with_work(self) -> Sequence[str]:
        rows = self._database.read(
            "SELECT workspace FROM task UNION SELECT workspace FROM delivery WHERE state = 'pending'"
        )
        return [row[0] for row in rows]

    def take_dirty(self) -> Mapping[str, int]:
        return self._dirty.take()

    def close(self) -> None:
        self._database.close()
