"""The tables of records and of the collections that they are in."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import orjson

from flowproof.kernel.state.damage import loaded
from flowproof.kernel.state.rows import SEED

from .database import Database

__all__ = ["SCHEMA", "SqliteRecords"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS collection (
    id INTEGER PRIMARY KEY, workspace TEXT NOT NULL, provider TEXT NOT NULL, kind TEXT NOT NULL,
    UNIQUE (workspace, provider, kind)
);
CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY, collection INTEGER NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (collection, id)
);
CREATE INDEX IF NOT EXISTS record_newest ON record (collection);
"""


class SqliteRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    def _collection(self, workspace: str, provider: str, kind: str) -> int | None:
        """The id of a collection; None where nothing was ever put into it."""
        key = ("collection", workspace, provider, kind)
        found: int | None = self._database.cache.get(key)
        if found is None:
            row = self._database.read(
                "SELECT id FROM collection WHERE workspace = ? AND provider = ? AND kind = ?", key[1:]
            ).fetchone()
            found = self._database.cache.put(key, int(row[0])) if row else None
        return found

    def _made_collection(self, workspace: str, provider: str, kind: str) -> int:
        """The id of a collection, which is made where it is missing."""
        found = self._collection(workspace, provider, kind)
        if found is not None:
            return found
        made = self._database.write(
            "INSERT INTO collection (workspace, provider, kind) VALUES (?, ?, ?)", (workspace, provider, kind)
        )
        self._database.cache.drop_on_rollback()
        return self._database.cache.put(("collection", workspace, provider, kind), int(made.lastrowid or 0))

    def _changing(self, kind: str) -> AbstractContextManager[None]:
        return self._database.invalidating() if kind == SEED else nullcontext()

    def get(self, workspace: str, provider: str, kind: str, key: str) -> Any:
        place = (self._collection(workspace, provider, kind), key)
        row = self._database.read("SELECT body FROM record WHERE collection = ? AND id = ?", place).fetchone()
        return loaded(row[0], "a record") if row else None

    def has(self, workspace: str, provider: str, kind: str, key: str) -> bool:
        place = (self._collection(workspace, provider, kind), key)
        found = self._database.read("SELECT 1 FROM record WHERE collection = ? AND id = ?", place)
        return found.fetchone() is not None

    def put(self, workspace: str, provider: str, kind: str, key: str, value: Any) -> None:
        with self._changing(kind):
            self._database.write(
                "INSERT INTO record (collection, id, body) VALUES (?, ?, ?)"
                " ON CONFLICT (collection, id) DO UPDATE SET body = excluded.body",
                (self._made_collection(workspace, provider, kind), key, orjson.dumps(value)),
            )

    def increment(self, workspace: str, provider: str, kind: str, key: str) -> int:
        rows = self._database.write(
            "INSERT INTO record (collection, id, body) VALUES (?, ?, '1')"
            " ON CONFLICT (collection, id) DO UPDATE SET body = CAST(body + 1 AS TEXT) RETURNING body",
            (self._made_collection(workspace, provider, kind), key),
        )
        return int(rows.fetchall()[0][0])

    def delete(self, workspace: str, provider: str, kind: str, key: str) -> bool:
        with self._changing(kind):
            place = (self._collection(workspace, provider, kind), key)
            return self._database.write("DELETE FROM record WHERE collection = ? AND id = ?", place).rowcount > 0

    def newest(self, workspace: str, provider: str, kind: str, *, limit: int, offset: int) -> Sequence[Any]:
        rows = self._database.read(
            "SELECT body FROM record WHERE collection = ? ORDER BY seq DESC LIMIT ? OFFSET ?",
            (self._collection(workspace, provider, kind), limit, offset),
        )
        return [loaded(row[0], "a record") for row in rows]

    def count(self, workspace: str, provider: str, kind: str) -> int:
        place = (self._collection(workspace, provider, kind),)
        return int(self._database.read("SELECT count(*) FROM record WHERE collection = ?", place).fetchone()[0])

    def kinds(self, workspace: str) -> Sequence[tuple[str, str]]:
        rows = self._database.read(
            "SELECT provider, kind FROM collection WHERE workspace = ?"
            " AND EXISTS (SELECT 1 FROM record WHERE collection = collection.id) ORDER BY provider, kind",
            (workspace,),
        )
        return [(provider, kind) for provider, kind in rows]

    def of_workspace(self, workspace: str) -> Iterator[tuple[str, str, str, Any]]:
        rows = self._database.read(
            "SELECT c.provider, c.kind, r.id, r.body FROM collection c JOIN record r ON r.collection = c.id"
            " WHERE c.workspace = ? ORDER BY r.seq",
            (workspace,),
        )
        return ((provider, kind, key, loaded(body, "a record")) for provider, kind, key, body in rows)
