"""The table of tasks."""

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from flowproof.kernel.state.rows import TaskRow

from .statements import Statement
from .transactions import TransactionBlock, Transactions

__all__ = ["PostgresTasks"]

COLUMNS = "seq, workspace, provider, due_us, name, body, rng_key"
ADD = Statement(
    "INSERT INTO flowproof.task (workspace, provider, due_us, name, body, rng_key) VALUES ($1, $2, $3, $4, $5, $6)"
)
# The claim on the workspace keeps other servers from them.
DUE = Statement(
    f"SELECT {COLUMNS} FROM flowproof.task WHERE workspace = $1 AND due_us <= $2 AND provider = ANY ($3)"
    " ORDER BY due_us, seq LIMIT $4"
)
REMOVE = Statement("DELETE FROM flowproof.task WHERE seq = ANY ($1::bigint[])")
ALL = Statement(f"SELECT {COLUMNS} FROM flowproof.task WHERE workspace = $1 ORDER BY due_us, seq LIMIT $2")


class PostgresTasks:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def add(self, workspace: str, provider: str, due_us: int, name: str, value: Any, *, rng_key: str) -> None:
        with TransactionBlock(self._transactions):
            self._transactions.mark(workspace, due_us)
            self._transactions.write(workspace, ADD, workspace, provider, due_us, name, orjson.dumps(value), rng_key)

    def due(self, workspace: str, until_us: int, providers: Collection[str], *, limit: int) -> Sequence[TaskRow]:
        rows = self._transactions.read(workspace, DUE, workspace, until_us, tuple(providers), limit)
        return [TaskRow(*row) for row in rows]

    def remove(self, rows: Sequence[TaskRow]) -> None:
        if rows:
            self._transactions.write(rows[0].workspace, REMOVE, [str(row.seq) for row in rows])

    def of_workspace(self, workspace: str, *, limit: int | None = None) -> Sequence[TaskRow]:
        return [TaskRow(*row) for row in self._transactions.read(workspace, ALL, workspace, limit)]
