"""The table of exchanges, each rendered at once: another server may be asked for it. A claim carries the count."""

from collections.abc import Sequence

from flowproof.errors import StoreError
from flowproof.kernel.state.rows import ExchangeDraft, ExchangeRow

from .statements import Statement
from .transactions import TransactionBlock, Transactions

__all__ = ["PostgresExchanges"]

COLUMNS = "workspace, number, refused, body"
ADD = Statement(
    f"INSERT INTO flowproof.exchange ({COLUMNS}) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (workspace, number) DO UPDATE SET refused = excluded.refused, body = excluded.body"
)
TRIM = Statement("DELETE FROM flowproof.exchange WHERE workspace = $1 AND number <= $2")
REPLACE = Statement("UPDATE flowproof.exchange SET refused = $3, body = $4 WHERE workspace = $1 AND number = $2")
FIND = Statement(f"SELECT {COLUMNS} FROM flowproof.exchange WHERE workspace = $1 AND number = $2")
LAST = Statement(
    f"SELECT {COLUMNS} FROM flowproof.exchange WHERE workspace = $1 AND number > $2 AND (refused OR NOT $3::boolean)"
    " ORDER BY number DESC LIMIT $4"
)
INDEX = Statement("SELECT number, refused FROM flowproof.exchange WHERE workspace = $1 AND number > $2 ORDER BY number")
REFUSED = Statement(
    "SELECT number FROM flowproof.exchange WHERE workspace = $1 AND number > $2 AND refused ORDER BY number"
)
PEEK = Statement(
    f"SELECT {COLUMNS} FROM flowproof.exchange WHERE workspace = $1 AND number = ANY($2::bigint[]) ORDER BY number"
)
CLEAR = Statement("DELETE FROM flowproof.exchange WHERE workspace = $1")


class PostgresExchanges:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def count(self, workspace: str) -> int:
        with TransactionBlock(self._transactions) as session:
            return session.claim(workspace).exchanges

    def next_number(self, workspace: str) -> int:
        with TransactionBlock(self._transactions) as session:
            claim = session.claim(workspace)
            if claim.revision is None:
                raise StoreError(f"there is no workspace {workspace}")
            claim.exchanges, claim.is_counted = claim.exchanges + 1, True
            return claim.exchanges

    def raise_count(self, workspace: str, count: int) -> None:
        with TransactionBlock(self._transactions) as session:
            claim = session.claim(workspace)
            claim.exchanges, claim.is_counted = max(claim.exchanges, count), True

    def add(self, draft: ExchangeDraft, *, keep: int) -> None:
        with TransactionBlock(self._transactions) as session:
            deleted_to = session.claim(draft.workspace).exchanges - keep
            session.write(ADD, draft.workspace, draft.number, draft.is_refused, draft.render())
            if deleted_to > 0:
                session.write(TRIM, draft.workspace, deleted_to)

    def replace(self, row: ExchangeRow) -> None:
        self._transactions.write(row.workspace, REPLACE, row.workspace, row.number, row.is_refused, row.body)

    def find(self, workspace: str, number: int) -> ExchangeRow | None:
        rows = self._transactions.read(workspace, FIND, workspace, number)
        return ExchangeRow(*rows[0]) if rows else None

    def last(self, workspace: str, *, after: int, limit: int, refused_only: bool) -> list[ExchangeRow]:
        rows = self._transactions.read(workspace, LAST, workspace, after, refused_only, limit)
        return [ExchangeRow(*row) for row in reversed(rows)]

    def index(self, workspace: str, *, after: int) -> list[tuple[int, bool]]:
        return [(row[0], row[1]) for row in self._transactions.read(workspace, INDEX, workspace, after)]

    def refused(self, workspace: str, *, after: int) -> list[int]:
        return [row[0] for row in self._transactions.read(workspace, REFUSED, workspace, after)]

    def peek(self, workspace: str, numbers: Sequence[int]) -> list[ExchangeDraft | ExchangeRow]:
        rows = self._transactions.read(workspace, PEEK, workspace, [str(each) for each in numbers])
        return [ExchangeRow(*row) for row in rows]

    def clear(self, workspace: str) -> None:
        self._transactions.write(workspace, CLEAR, workspace)
