"""The table of records."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from flowproof.kernel.state.damage import loaded
from flowproof.kernel.state.rows import SEED

from .statements import Statement, key_from_bytes, key_to_bytes
from .transactions import TransactionBlock, Transactions

__all__ = ["PostgresRecords"]

PLACE = "workspace = $1 AND provider = $2 AND kind = $3"
GET = Statement(f"SELECT body FROM flowproof.record WHERE {PLACE} AND key = $4")
HAS = Statement(f"SELECT 1 FROM flowproof.record WHERE {PLACE} AND key = $4")
PUT = Statement(
    "INSERT INTO flowproof.record (workspace, provider, kind, key, body) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (workspace, provider, kind, key) DO UPDATE SET body = excluded.body"
)
INCREMENT = Statement(
    "INSERT INTO flowproof.record AS r (workspace, provider, kind, key, body) VALUES ($1, $2, $3, $4, '1')"
    " ON CONFLICT (workspace, provider, kind, key)"
    " DO UPDATE SET body = convert_to((convert_from(r.body, 'UTF8')::bigint + 1)::text, 'UTF8') RETURNING body"
)
DELETE = Statement(f"DELETE FROM flowproof.record WHERE {PLACE} AND key = $4 RETURNING 1")
NEWEST = Statement(f"SELECT body FROM flowproof.record WHERE {PLACE} ORDER BY seq DESC LIMIT $4 OFFSET $5")
COUNT = Statement(f"SELECT count(*) FROM flowproof.record WHERE {PLACE}")
KINDS = Statement("SELECT DISTINCT provider, kind FROM flowproof.record WHERE workspace = $1 ORDER BY provider, kind")
ALL = Statement("SELECT provider, kind, key, body FROM flowproof.record WHERE workspace = $1 ORDER BY seq")


class PostgresRecords:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def get(self, workspace: str, provider: str, kind: str, key: str) -> Any:
        rows = self._transactions.read(workspace, GET, workspace, provider, kind, key_to_bytes(key))
        return loaded(rows[0][0], "a record") if rows else None

    def has(self, workspace: str, provider: str, kind: str, key: str) -> bool:
        return bool(self._transactions.read(workspace, HAS, workspace, provider, kind, key_to_bytes(key)))

    def put(self, workspace: str, provider: str, kind: str, key: str, value: Any) -> None:
        place = (workspace, provider, kind, key_to_bytes(key))
        with TransactionBlock(self._transactions):
            self._transactions.write(workspace, PUT, *place, orjson.dumps(value))
            self._note(workspace, kind)

    def increment(self, workspace: str, provider: str, kind: str, key: str) -> int:
        return int(self._transactions.read(workspace, INCREMENT, workspace, provider, kind, key_to_bytes(key))[0][0])

    def delete(self, workspace: str, provider: str, kind: str, key: str) -> bool:
        with TransactionBlock(self._transactions):
            rows = self._transactions.read(workspace, DELETE, workspace, provider, kind, key_to_bytes(key))
            self._note(workspace, kind)
        return bool(rows)

    def newest(self, workspace: str, provider: str, kind: str, *, limit: int, offset: int) -> Sequence[Any]:
        rows = self._transactions.read(workspace, NEWEST, workspace, provider, kind, limit, offset)
        return [loaded(row[0], "a record") for row in rows]

    def count(self, workspace: str, provider: str, kind: str) -> int:
        return int(self._transactions.read(workspace, COUNT, workspace, provider, kind)[0][0])

    def kinds(self, workspace: str) -> Sequence[tuple[str, str]]:
        return [(row[0], row[1]) for row in self._transactions.read(workspace, KINDS, workspace)]

    def of_workspace(self, workspace: str) -> Iterator[tuple[str, str, str, Any]]:
        rows = self._transactions.read(workspace, ALL, workspace)
        return ((provider, kind, key_from_bytes(key), loaded(body, "a record")) for provider, kind, key, body in rows)

    def _note(self, workspace: str, kind: str) -> None:
        if kind == SEED:
            self._transactions.change(workspace, notify=True)
