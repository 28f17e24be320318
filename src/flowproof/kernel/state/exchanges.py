"""
Where the exchanges of all workspaces are counted and kept: in memory, or as rows of a state file.

In memory an exchange is kept as it happened and is written out when somebody asks for it: most never are. In a file it
is written at once, since another process may ask, and since it is to survive a kill.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from .database import Database

__all__ = ["Draft", "ExchangeRow", "Exchanges", "exchanges_of"]


MOST_UNWRITTEN = 1000  # of a workspace: as bytes, an exchange is nothing that has to be looked through for garbage


class Draft(NamedTuple):
    """An exchange to be kept; ``write`` gives its JSON, the same whenever it is called."""

    workspace: str
    number: int
    is_refused: bool
    write: Callable[[], bytes]


class ExchangeRow(NamedTuple):
    """An exchange as it was kept; ``body`` is JSON."""

    workspace: str
    number: int
    is_refused: bool
    body: bytes


class Exchanges(Protocol):
    """The exchanges of all workspaces."""

    def count(self, workspace: str) -> int:
        """How many a workspace has had, those that are forgotten too."""

    def next_number(self, workspace: str) -> int:
        """The number of the workspace's next exchange, counted once."""

    def count_from(self, workspace: str, count: int) -> None:
        """Go on from that count where the workspace has had fewer."""

    def add(self, draft: Draft, *, keep: int) -> None:
        """Keep an exchange, and none that is older than the last ``keep`` that the workspace has had by now."""

    def replace(self, row: ExchangeRow) -> None:
        """Keep another text of an exchange that is there."""

    def find(self, workspace: str, number: int) -> ExchangeRow | None:
        """One exchange by its number."""

    def last(self, workspace: str, *, after: int, limit: int, refused_only: bool) -> list[ExchangeRow]:
        """The last exchanges after a number, in the order of their numbers."""

    def clear(self, workspace: str) -> None:
        """Forget a workspace's exchanges, but not how many there were."""

    def forget(self, workspace: str) -> None:
        """Forget that there was such a workspace."""

    def undo(self) -> None:
        """Take back what was counted and kept in the transaction under way, which is undone."""

    def settle(self) -> None:
        """Let stand what was counted and kept until now."""


def exchanges_of(database: Database) -> Exchanges:
    """Where the exchanges go that belong to a database's workspaces."""
    return RowsOfFile(database) if database.is_shared else KeptInMemory()


class KeptInMemory:
    """The exchanges of a server that keeps its state in memory."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._kept: dict[str, dict[int, Draft | ExchangeRow]] = {}
        self._floors: dict[str, int] = {}  # numbers up to these are forgotten
        self._drawn: list[tuple[str, int]] = []

    def count(self, workspace: str) -> int:
        """How many a workspace has had."""
        return self._counts.get(workspace, 0)

    def next_number(self, workspace: str) -> int:
        """The number of the workspace's next exchange."""
        number = self._counts[workspace] = self._counts.get(workspace, 0) + 1
        self._drawn.append((workspace, number))
        return number

    def count_from(self, workspace: str, count: int) -> None:
        """Go on from that count where the workspace has had fewer."""
        self._counts[workspace] = max(count, self.count(workspace))

    def add(self, draft: Draft, *, keep: int) -> None:
        """Keep it as it is."""
        workspace = draft.workspace
        kept = self._kept.get(workspace)
        if kept is None:
            kept = self._kept[workspace] = {}
        kept[draft.number] = draft
        if draft.number - MOST_UNWRITTEN in kept:
            self.find(workspace, draft.number - MOST_UNWRITTEN)
        floor = self._floors[workspace] = self.count(workspace) - keep
        while kept and (first := next(iter(kept))) <= floor:
            del kept[first]  # (what waited, and came in behind a later one, is freed after that and not shown before)

    def replace(self, row: ExchangeRow) -> None:
        """Keep another text of an exchange that is there."""
        kept = self._kept.get(row.workspace, {})
        if row.number in kept:
            kept[row.number] = row

    def find(self, workspace: str, number: int) -> ExchangeRow | None:
        """One exchange, written out."""
        kept = self._kept.get(workspace, {})
        found = kept.get(number) if number > self._floors.get(workspace, 0) else None
        if isinstance(found, Draft):
            found = kept[number] = ExchangeRow(*found[:3], found.write())
        return found

    def last(self, workspace: str, *, after: int, limit: int, refused_only: bool) -> list[ExchangeRow]:
        """The last exchanges after a number, written out."""
        kept, beyond = self._kept.get(workspace, {}), max(after, self._floors.get(workspace, 0))
        numbers = sorted(number for number in kept if number > beyond and kept[number].is_refused >= refused_only)
        found = (self.find(workspace, number) for number in (numbers[-limit:] if limit else ()))
        return [row for row in found if row is not None]

    def clear(self, workspace: str) -> None:
        """Forget a workspace's exchanges, but not how many there were."""
        self._kept.pop(workspace, None)

    def forget(self, workspace: str) -> None:
        """Forget that there was such a workspace."""
        self.clear(workspace)
        self._counts.pop(workspace, None)
        self._floors.pop(workspace, None)

    def undo(self) -> None:
        """Take back the numbers that were drawn, and what was kept under them."""
        for workspace, number in reversed(self._drawn):
            if self._counts.get(workspace) == number:
                self._counts[workspace] = number - 1
                self._kept.get(workspace, {}).pop(number, None)
        self._drawn.clear()

    def settle(self) -> None:
        """Let them stand."""
        self._drawn.clear()


class RowsOfFile:
    """
    The exchanges of servers that share a state file.

    Args:
        database: The file, whose table ``workspace`` has the counts.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, workspace: str) -> int:
        """How many a workspace has had."""
        row = self._database.read("SELECT exchanges FROM workspace WHERE id = ?", (workspace,)).fetchone()
        return int(row[0]) if row else 0

    def next_number(self, workspace: str) -> int:
        """The number of the workspace's next exchange."""
        rows = self._database.write(
            "UPDATE workspace SET exchanges = exchanges + 1 WHERE id = ? RETURNING exchanges", (workspace,)
        )
        number: int = rows.fetchall()[0][0]
        return number

    def count_from(self, workspace: str, count: int) -> None:
        """Go on from that count where the workspace has had fewer."""
        self._database.write("UPDATE workspace SET exchanges = max(exchanges, ?) WHERE id = ?", (count, workspace))

    def add(self, draft: Draft, *, keep: int) -> None:
        """Write it down."""
        row = (draft.workspace, draft.number, int(draft.is_refused), draft.write())
        self._database.write("INSERT OR REPLACE INTO exchange VALUES (?, ?, ?, ?)", row)
        self._database.write(
            "DELETE FROM exchange WHERE workspace = ?1"
            " AND number <= (SELECT exchanges FROM workspace WHERE id = ?1) - ?2",
            (draft.workspace, keep),
        )

    def replace(self, row: ExchangeRow) -> None:
        """Write another text of an exchange that is there."""
        self._database.write(
            "UPDATE exchange SET body = ? WHERE workspace = ? AND number = ?", (row.body, row.workspace, row.number)
        )

    def find(self, workspace: str, number: int) -> ExchangeRow | None:
        """One exchange by its number."""
        rows = self._database.read("SELECT * FROM exchange WHERE workspace = ? AND number = ?", (workspace, number))
        row = rows.fetchone()
        return _row(row) if row else None

    def last(self, workspace: str, *, after: int, limit: int, refused_only: bool) -> list[ExchangeRow]:
        """The last exchanges after a number."""
        rows = self._database.read(
            "SELECT * FROM exchange WHERE workspace = ? AND number > ? AND refused >= ? ORDER BY number DESC LIMIT ?",
            (workspace, after, int(refused_only), limit),
        )
        return [_row(row) for row in reversed(rows.fetchall())]

    def clear(self, workspace: str) -> None:
        """Forget a workspace's exchanges, but not how many there were."""
        self._database.write("DELETE FROM exchange WHERE workspace = ?", (workspace,))

    def forget(self, workspace: str) -> None:
        """Forget a workspace's exchanges; the count goes with its row."""
        self.clear(workspace)

    def undo(self) -> None:
        """Nothing: the database undoes it."""

    def settle(self) -> None:
        """Nothing."""


def _row(row: tuple[str, int, int, bytes]) -> ExchangeRow:
    return ExchangeRow(row[0], row[1], bool(row[2]), row[3])
