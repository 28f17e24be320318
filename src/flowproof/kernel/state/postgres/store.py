"""The store on PostgreSQL: its tables put together, and what concerns several of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from flowproof.errors import ConfigurationError, StoreError, StoreUnavailable
from flowproof.kernel.state.damage import loaded
from flowproof.kernel.time.clock import Clock, microseconds

from .deliveries import PostgresDeliveries
from .exchanges import PostgresExchanges
from .pool import Pool, connection_string
from .presence import Presence
from .records import PostgresRecords
from .schema import migrate
from .statements import Statement
from .tasks import PostgresTasks
from .transactions import SavepointBlock, TransactionBlock, Transactions
from .workspaces import PostgresCredentials, PostgresWorkspaces

__all__ = ["PostgresStore"]

Cached = TypeVar("Cached")

NEXT_DUE = Statement(
    "SELECT least((SELECT min(due_us) FROM flowproof.task WHERE workspace = $1), (SELECT min(due_us)"
    " FROM flowproof.delivery WHERE workspace = $1 AND state = 'pending' AND NOT EXISTS"
    " (SELECT 1 FROM flowproof.delivery WHERE workspace = $1 AND state = 'sending')))"
)
WITH_WORK = Statement(
    "SELECT workspace FROM flowproof.task UNION SELECT workspace FROM flowproof.delivery WHERE state = 'pending'"
)
# Each workspace's clock is JSON (``Clock.to_json``): a real one has its offset, another one its time. On a real clock
# whoever has set it off gets two seconds to do it, else every server would look at every workspace all the time.
DUE = Statement(
    "WITH work AS (SELECT workspace, min(due_us) AS due_us FROM (SELECT workspace, due_us FROM flowproof.task UNION ALL"
    " SELECT workspace, due_us FROM flowproof.delivery WHERE state = 'pending') AS any_work GROUP BY workspace)"
    " SELECT w.id FROM work JOIN flowproof.workspace w ON w.id = work.workspace"
    " CROSS JOIN LATERAL (SELECT convert_from(w.clock, 'UTF8')::jsonb AS clock) AS c"
    " WHERE work.due_us <= 1000000 * CASE WHEN c.clock->>'mode' = 'real'"
    " THEN extract(epoch FROM clock_timestamp()) - 2 + coalesce((c.clock->>'offset_s')::numeric, 0)"
    " ELSE extract(epoch FROM (c.clock->>'now')::timestamptz) END"
    " AND NOT EXISTS (SELECT 1 FROM flowproof.delivery d WHERE d.workspace = w.id AND d.state = 'sending')"
    " ORDER BY work.due_us LIMIT $1"
)
# Fails where the clock of a workspace is damaged. Then their clocks are read here, one by one.
WORK = Statement(
    "SELECT w.id, min(work.due_us), w.clock FROM (SELECT workspace, due_us FROM flowproof.task UNION ALL"
    " SELECT workspace, due_us FROM flowproof.delivery WHERE state = 'pending') AS work"
    " JOIN flowproof.workspace w ON w.id = work.workspace WHERE NOT EXISTS"
    " (SELECT 1 FROM flowproof.delivery d WHERE d.workspace = w.id AND d.state = 'sending')"
    " GROUP BY w.id, w.clock ORDER BY 2"
)
# What every request needs. It fails where a row is no JSON, and is read by the database alone.
ARE_WHOLE = Statement(
    "SELECT (SELECT count(convert_from(clock, 'UTF8')::json) + count(convert_from(faults, 'UTF8')::json)"
    " FROM flowproof.workspace), (SELECT count(convert_from(body, 'UTF8')::json) FROM flowproof.credential)"
)
NEEDED = Statement(
    "SELECT 'the row of workspace ' || id, clock FROM flowproof.workspace UNION ALL"
    " SELECT 'the row of workspace ' || id, faults FROM flowproof.workspace UNION ALL"
    " SELECT 'a credential of workspace ' || workspace, body FROM flowproof.credential"
)


class PostgresStore:
    """
    The :class:`~flowproof.kernel.state.protocol.Store` in the schema ``flowproof`` of a PostgreSQL database.

    Args:
        url: ``postgresql://…``, or a connection string of libpq.
        connections: How many threads use it at once.

    Raises:
        StoreError: The database cannot be reached, a newer Flowproof has made its tables, or a row that every request
            needs is damaged.
    """

    def __init__(self, url: str, *, connections: int = 20) -> None:
        conninfo = connection_string(url)
        pool = Pool(conninfo, size=connections)
        pool.open(migrate)
        self._pool = pool
        self._transactions = Transactions(pool)
        self._presence = Presence(conninfo, self._transactions.cache)
        try:
            self._check_rows()
            self._presence.start()
        except StoreError:
            pool.close()
            raise
        self._transactions.server = self._presence.server
        self.sharing = self
        self.workspaces = PostgresWorkspaces(self._transactions)
        self.credentials = PostgresCredentials(self._transactions)
        self.records = PostgresRecords(self._transactions)
        self.tasks = PostgresTasks(self._transactions)
        self.deliveries = PostgresDeliveries(self._transactions, self._presence)
        self.exchanges = PostgresExchanges(self._transactions)

    def _check_rows(self) -> None:
        """
        Look at the rows that every request needs, before any request comes.

        Raises:
            StoreError: One is damaged, or the database cannot be read.
        """
        try:
            self._transactions.read(None, ARE_WHOLE)
        except StoreUnavailable:
            raise
        except StoreError:
            for what, body in self._transactions.read(None, NEEDED):
                loaded(body, what)

    def transaction(self) -> TransactionBlock:
        return TransactionBlock(self._transactions)

    def savepoint(self) -> SavepointBlock:
        return SavepointBlock(self._transactions)

    def claim(self, workspace: str) -> None:
        session = self._transactions.current
        if session is not None:
            session.claim(workspace)

    def try_claim(self, workspace: str) -> bool:
        session = self._transactions.current
        return session is None or session.try_claim(workspace)

    def cached(self, workspace: str | None, key: tuple[str, ...], read: Callable[[], Cached]) -> Cached:
        session = self._transactions.current
        if session is None:
            return read()
        if workspace is None:
            values = self._transactions.cache.constants
        else:
            claim = session.claimed(workspace)
            if claim is None or claim.cached is None:
                return read()
            values = claim.cached.values
        found: Cached
        try:
            found = values[key]
        except KeyError:
            found = values[key] = read()
        return found

    def last_cached(self, workspace: str, key: tuple[str, ...]) -> Any:
        return self._transactions.cache.last(workspace, key)

    def next_due_us(self, workspace: str) -> int | None:
        due_us: int | None = self._transactions.read(workspace, NEXT_DUE, workspace)[0][0]
        return due_us

    def workspaces_with_work(self) -> Sequence[str]:
        return [row[0] for row in self._transactions.read(None, WITH_WORK)]

    def take_dirty(self) -> Mapping[str, int]:
        return self._transactions.take_dirty()

    def is_caching(self, workspace: str) -> bool:
        """Whether anything of a workspace is cached in this process."""
        return self._transactions.cache.has(workspace)

    def close(self) -> None:
        self._presence.end()
        self._pool.close()

    # What only a store of several servers has

    def due_workspaces(self, *, limit: int) -> Sequence[str]:
        try:
            return [row[0] for row in self._transactions.read(None, DUE, limit)]
        except StoreUnavailable:
            raise
        except StoreError:
            rows = self._transactions.read(None, WORK)
            return [workspace for workspace, due_us, clock in rows if _may_be_due(due_us, clock)][:limit]

    def put_back_abandoned(self) -> None:
        self.deliveries.put_back_abandoned()

    def taken(self) -> Sequence[tuple[str, int]]:
        return self.deliveries.taken()


def _may_be_due(due_us: int, clock: bytes) -> bool:
    """Whether a workspace's clock has come to a moment, or is damaged."""
    try:
        return due_us <= microseconds(Clock.from_json(orjson.loads(clock)).now())
    except (AttributeError, ValueError, ConfigurationError):
        return True
