"""The table of deliveries."""

from collections.abc import Sequence
from typing import Any

import orjson

from flowproof.errors import StoreConflict
from flowproof.kernel.state.damage import loaded
from flowproof.kernel.state.rows import DeliveryRow

from .database import Database
from .dirty import DirtyWorkspaces

__all__ = ["SCHEMA", "SqliteDeliveries"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, workspace TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL,
    due_us INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (workspace, id)
);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (workspace, state, due_us, seq);
CREATE INDEX IF NOT EXISTS delivery_newest ON delivery (workspace, seq);
"""


class SqliteDeliveries:
    def __init__(self, database: Database, dirty: DirtyWorkspaces) -> None:
        self._database = database
        self._dirty = dirty

    def add(self, workspace: str, delivery: str, due_us: int, value: Any, *, state: str = "pending") -> None:
        self._dirty.mark(workspace, due_us)
        added = self._database.write(
            "INSERT INTO delivery (workspace, id, state, due_us, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (workspace, delivery, state, due_us, orjson.dumps(value)),
        ).rowcount
        if not added:
            raise StoreConflict(f"workspace {workspace} has a delivery {delivery} already")

    def take_due(self, workspace: str, until_us: int) -> DeliveryRow | None:
        rows = self._database.write(
            "UPDATE delivery SET state = 'sending' WHERE seq = (SELECT seq FROM delivery WHERE workspace = ?"
            " AND state = 'pending' AND due_us <= ?"
            " AND NOT EXISTS (SELECT 1 FROM delivery WHERE workspace = ? AND state = 'sending')"
            " ORDER BY due_us, seq LIMIT 1) RETURNING seq, body",
            (workspace, until_us, workspace),
        ).fetchall()
        return DeliveryRow(*rows[0]) if rows else None

    def is_sending(self, seq: int) -> bool:
        found = self._database.read("SELECT 1 FROM delivery WHERE seq = ? AND state = 'sending'", (seq,))
        return found.fetchone() is not None

    def update(self, seq: int, state: str, due_us: int, value: Any) -> None:
        self._database.write(
            "UPDATE delivery SET state = ?, due_us = ?, body = ? WHERE seq = ?",
            (state, due_us, orjson.dumps(value), seq),
        )

    def give_up(self, seq: int) -> None:
        self._database.write("UPDATE delivery SET state = 'failed' WHERE seq = ?", (seq,))

    def put_back(self, seq: int) -> None:
        self._database.write("UPDATE delivery SET state = 'pending' WHERE seq = ? AND state = 'sending'", (seq,))

    def put_back_all(self) -> None:
        self._database.write("UPDATE delivery SET state = 'pending' WHERE state = 'sending'")

    def reschedule(self, workspace: str, delivery: str, due_us: int, value: Any) -> bool:
        self._dirty.mark(workspace, due_us)
        changed = self._database.write(
            "UPDATE delivery SET state = 'pending', due_us = ?, body = ? WHERE workspace = ? AND id = ?"
            " AND state IN ('pending', 'failed')",
            (due_us, orjson.dumps(value), workspace, delivery),
        )
        return changed.rowcount > 0

    def get(self, workspace: str, delivery: str) -> Any:
        row = self._database.read(
            "SELECT body, state FROM delivery WHERE workspace = ? AND id = ?", (workspace, delivery)
        ).fetchone()
        return {**loaded(row[0], "a delivery"), "state": row[1]} if row else None

    def last(self, workspace: str, *, limit: int | None = None) -> Sequence[Any]:
        rows = self._database.read(
            "SELECT body, state FROM delivery WHERE workspace = ? ORDER BY seq DESC LIMIT ?",
            (workspace, -1 if limit is None else limit),
        ).fetchall()
        return [{**loaded(body, "a delivery"), "state": state} for body, state in reversed(rows)]

    def trim(self, workspace: str, *, keep: int) -> None:
        self._database.write(
            "DELETE FROM delivery WHERE workspace = ? AND state IN ('delivered', 'failed') AND seq <="
            " (SELECT seq FROM delivery WHERE workspace = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)",
            (workspace, workspace, keep),
        )

    def is_idle(self, workspace: str, at_us: int) -> bool:
        found = self._database.read(
            "SELECT EXISTS (SELECT 1 FROM delivery WHERE workspace = ? AND state = 'sending')"
            " OR EXISTS (SELECT 1 FROM delivery WHERE workspace = ? AND state = 'pending' AND due_us <= ?)",
            (workspace, workspace, at_us),
        )
        return not found.fetchone()[0]
