"""The table of deliveries. One that is being sent carries the number of the server that sends it."""

from collections.abc import Sequence
from typing import Any

import orjson

from flowproof.errors import StoreConflict
from flowproof.kernel.state.damage import loaded
from flowproof.kernel.state.rows import DeliveryRow

from .presence import LOCK_CLASS, Presence
from .statements import Statement, key_to_bytes
from .transactions import TransactionBlock, Transactions

__all__ = ["PostgresDeliveries"]

ADD = Statement(
    "INSERT INTO flowproof.delivery (workspace, id, state, due_us, body) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT DO NOTHING RETURNING 1"
)
TAKE = Statement(
    "UPDATE flowproof.delivery SET state = 'sending', server = $3 WHERE seq = (SELECT seq FROM flowproof.delivery"
    " WHERE workspace = $1 AND state = 'pending' AND due_us <= $2 AND NOT EXISTS"
    " (SELECT 1 FROM flowproof.delivery WHERE workspace = $1 AND state = 'sending')"
    " ORDER BY due_us, seq LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING seq, body"
)
IS_SENDING = Statement(
    "SELECT 1 FROM flowproof.delivery WHERE seq = $1 AND state = 'sending' AND server = $2 FOR UPDATE"
)
UPDATE = Statement("UPDATE flowproof.delivery SET state = $2, due_us = $3, body = $4, server = NULL WHERE seq = $1")
GIVE_UP = Statement("UPDATE flowproof.delivery SET state = 'failed', server = NULL WHERE seq = $1")
PUT_BACK = Statement(
    "UPDATE flowproof.delivery SET state = 'pending', server = NULL"
    " WHERE seq = $1 AND state = 'sending' AND server = $2"
)
PUT_BACK_ALL = Statement(
    "UPDATE flowproof.delivery SET state = 'pending', server = NULL WHERE state = 'sending' AND server = $1"
)
# A server lives as long as it holds its lock. After a start of PostgreSQL itself all of them have to come back first.
PUT_BACK_ABANDONED = Statement(
    "UPDATE flowproof.delivery SET state = 'pending', server = NULL WHERE state = 'sending' AND server <> $1"
    " AND pg_postmaster_start_time() < now() - interval '10 s' AND NOT EXISTS (SELECT 1 FROM pg_locks WHERE"
    f" locktype = 'advisory' AND classid = {LOCK_CLASS} AND objid = server::oid AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
TAKEN = Statement("SELECT workspace, seq FROM flowproof.delivery WHERE state = 'sending' AND server = $1")
RESCHEDULE = Statement(
    "UPDATE flowproof.delivery SET state = 'pending', due_us = $3, body = $4 WHERE workspace = $1 AND id = $2"
    " AND state IN ('pending', 'failed') RETURNING 1"
)
GET = Statement("SELECT body, state FROM flowproof.delivery WHERE workspace = $1 AND id = $2")
LAST = Statement("SELECT body, state FROM flowproof.delivery WHERE workspace = $1 ORDER BY seq DESC LIMIT $2")
TRIM = Statement(
    "DELETE FROM flowproof.delivery WHERE workspace = $1 AND state IN ('delivered', 'failed') AND seq <="
    " (SELECT seq FROM flowproof.delivery WHERE workspace = $1 ORDER BY seq DESC LIMIT 1 OFFSET $2)"
)
IS_BUSY = Statement(
    "SELECT EXISTS (SELECT 1 FROM flowproof.delivery WHERE workspace = $1 AND state = 'sending')"
    " OR EXISTS (SELECT 1 FROM flowproof.delivery WHERE workspace = $1 AND state = 'pending' AND due_us <= $2)"
)


class PostgresDeliveries:
    def __init__(self, transactions: Transactions, presence: Presence) -> None:
        self._transactions = transactions
        self._presence = presence

    def add(self, workspace: str, delivery: str, due_us: int, value: Any, *, state: str = "pending") -> None:
        place = (workspace, key_to_bytes(delivery))
        with TransactionBlock(self._transactions):
            self._transactions.mark(workspace, due_us)
            if not self._transactions.read(workspace, ADD, *place, state, due_us, orjson.dumps(value)):
                raise StoreConflict(f"workspace {workspace} has a delivery {delivery} already")

    def take_due(self, workspace: str, until_us: int) -> DeliveryRow | None:
        rows = self._transactions.read(workspace, TAKE, workspace, until_us, self._presence.server)
        return DeliveryRow(*rows[0]) if rows else None

    def is_sending(self, seq: int) -> bool:
        return bool(self._transactions.read(None, IS_SENDING, seq, self._presence.server))

    def update(self, seq: int, state: str, due_us: int, value: Any) -> None:
        self._transactions.read(None, UPDATE, seq, state, due_us, orjson.dumps(value))

    def give_up(self, seq: int) -> None:
        self._transactions.read(None, GIVE_UP, seq)

    def put_back(self, seq: int) -> None:
        self._transactions.read(None, PUT_BACK, seq, self._presence.server)

    def put_back_all(self) -> None:
        self._transactions.read(None, PUT_BACK_ALL, self._presence.server)

    def put_back_abandoned(self) -> None:
        """Make pending what servers were sending that have ended meanwhile."""
        self._transactions.read(None, PUT_BACK_ABANDONED, self._presence.server)

    def taken(self) -> Sequence[tuple[str, int]]:
        """Workspace and number of each that is marked as being sent by this server."""
        return self._transactions.read(None, TAKEN, self._presence.server)

    def reschedule(self, workspace: str, delivery: str, due_us: int, value: Any) -> bool:
        place = (workspace, key_to_bytes(delivery))
        with TransactionBlock(self._transactions):
            self._transactions.mark(workspace, due_us)
            return bool(self._transactions.read(workspace, RESCHEDULE, *place, due_us, orjson.dumps(value)))

    def get(self, workspace: str, delivery: str) -> Any:
        rows = self._transactions.read(workspace, GET, workspace, key_to_bytes(delivery))
        return {**loaded(rows[0][0], "a delivery"), "state": rows[0][1]} if rows else None

    def last(self, workspace: str, *, limit: int | None = None) -> Sequence[Any]:
        rows = self._transactions.read(workspace, LAST, workspace, limit)
        return [{**loaded(body, "a delivery"), "state": state} for body, state in reversed(rows)]

    def trim(self, workspace: str, *, keep: int) -> None:
        self._transactions.write(workspace, TRIM, workspace, keep)

    def is_idle(self, workspace: str, at_us: int) -> bool:
        return not self._transactions.read(workspace, IS_BUSY, workspace, at_us)[0][0]
