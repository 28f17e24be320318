"""The table of exchanges, each rendered at once: it outlives a killed process."""

from collections.abc import Sequence

from flowproof.kernel.state.rows import ExchangeDraft, ExchangeRow

from .database import Database

__all__ = ["SCHEMA", "SqliteExchanges"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS exchange (
    workspace TEXT NOT NULL, number INTEGER NOT NULL, refused INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (workspace, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS exchange_refused ON exchange (workspace, number) WHERE refused;
"""


class SqliteExchanges:
    """The counts stand in the table of workspaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, workspace: str) -> int:
        row = self._database.read("SELECT exchanges FROM workspace WHERE id = ?", (workspace,)).fetchone()
        return int(row[0]) if row else 0

    def next_number(self, workspace: str) -> int:
        rows = self._database.write(
            "UPDATE workspace SET exchanges = exchanges + 1 WHERE id = ? RETURNING exchanges", (workspace,)
        )
        number: int = rows.fetchall()[0][0]
        return number

    def raise_count(self, workspace: str, count: int) -> None:
        self._database.write("UPDATE workspace SET exchanges = max(exchanges, ?) WHERE id = ?", (count, workspace))

    def add(self, draft: ExchangeDraft, *, keep: int) -> None:
        row = (draft.workspace, draft.number, int(draft.is_refused), draft.render())
        self._database.write("INSERT OR REPLACE INTO exchange VALUES (?, ?, ?, ?)", row)
        self._database.write(
            "DELETE FROM exchange WHERE workspace = ? AND number <= (SELECT exchanges FROM workspace WHERE id = ?) - ?",
            (draft.workspace, draft.workspace, keep),
        )

    def replace(self, row: ExchangeRow) -> None:
        self._database.write(
            "UPDATE exchange SET refused = ?, body = ? WHERE workspace = ? AND number = ?",
            (int(row.is_refused), row.body, row.workspace, row.number),
        )

    def find(self, workspace: str, number: int) -> ExchangeRow | None:
        rows = self._database.read("SELECT * FROM exchange WHERE workspace = ? AND number = ?", (workspace, number))
        row = rows.fetchone()
        return _exchange(row) if row else None

    def last(self, workspace: str, *, after: int, limit: int, refused_only: bool) -> list[ExchangeRow]:
        rows = self._database.read(
            "SELECT * FROM exchange WHERE workspace = ? AND number > ? AND refused >= ? ORDER BY number DESC LIMIT ?",
            (workspace, after, int(refused_only), limit),
        )
        return [_exchange(row) for row in reversed(rows.fetchall())]

    def index(self, workspace: str, *, after: int) -> list[tuple[int, bool]]:
        rows = self._database.read(
            "SELECT number, refused FROM exchange WHERE workspace = ? AND number > ? ORDER BY number",
            (workspace, after),
        )
        return [(number, bool(refused)) for number, refused in rows]

    def refused(self, workspace: str, *, after: int) -> list[int]:
        rows = self._database.read(  # (by itself SQLite would go through the table, which has the bodies)
            "SELECT number FROM exchange INDEXED BY exchange_refused"
            " WHERE workspace = ? AND number > ? AND refused ORDER BY number",
            (workspace, after),
        )
        return [number for (number,) in rows]

    def peek(self, workspace: str, numbers: Sequence[int]) -> list[ExchangeDraft | ExchangeRow]:
        found = (self.find(workspace, number) for number in sorted(numbers))
        return [row for row in found if row is not None]

    def clear(self, workspace: str) -> None:
        self._database.write("DELETE FROM exchange WHERE workspace = ?", (workspace,))

    def delete(self, workspace: str) -> None:
        """A workspace is deleted; its count goes with its row."""
        self.clear(workspace)


def _exchange(row: tuple[str, int, int, bytes]) -> ExchangeRow:
    return ExchangeRow(row[0], row[1], bool(row[2]), row[3])
