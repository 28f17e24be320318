"""The table of tasks."""

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

import orjson

from flowproof.kernel.state.rows import TaskRow

from .database import Database
from .dirty import DirtyWorkspaces

__all__ = ["SCHEMA", "SqliteTasks"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS task (
    seq INTEGER PRIMARY KEY, workspace TEXT NOT NULL, provider TEXT NOT NULL, due_us INTEGER NOT NULL,
    name TEXT NOT NULL, body BLOB NOT NULL, rng_key TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS task_due ON task (workspace, due_us, seq);
"""
DUE = "SELECT * FROM task WHERE workspace = ? AND due_us <= ? ORDER BY due_us, seq"


class SqliteTasks:
    def __init__(self, database: Database, dirty: DirtyWorkspaces) -> None:
        self._database = database
        self._dirty = dirty

    def add(self, workspace: str, provider: str, due_us: int, name: str, value: Any, *, rng_key: str) -> None:
        self._dirty.mark(workspace, due_us)
        self._database.write(
            "INSERT INTO task (workspace, provider, due_us, name, body, rng_key) VALUES (?, ?, ?, ?, ?, ?)",
            (workspace, provider, due_us, name, orjson.dumps(value), rng_key),
        )

    def due(self, workspace: str, until_us: int, providers: Collection[str], *, limit: int) -> Sequence[TaskRow]:
        rows = [TaskRow(*row) for row in self._database.read(f"{DUE} LIMIT ?", (workspace, until_us, limit))]
        if any(row.provider not in providers for row in rows):  # left by a server that had more of them
            all_rows = (TaskRow(*row) for row in self._database.read(DUE, (workspace, until_us)))
            rows = list(islice((row for row in all_rows if row.provider in providers), limit))
        return rows

    def remove(self, rows: Sequence[TaskRow]) -> None:
        if not rows:
            return
        placeholders = ", ".join("?" * len(rows))
        sql = f"DELETE FROM task WHERE seq IN ({placeholders})"  # noqa: S608 (question marks alone)
        self._database.write(sql, [row.seq for row in rows])

    def of_workspace(self, workspace: str, *, limit: int | None = None) -> Sequence[TaskRow]:
        rows = self._database.read(
            "SELECT * FROM task WHERE workspace = ? ORDER BY due_us, seq LIMIT ?",
            (workspace, -1 if limit is None else limit),
        )
        return [TaskRow(*row) for row in rows]
