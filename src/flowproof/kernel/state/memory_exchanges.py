"""
The exchanges of a server that keeps its state in memory, for any store that does.

An exchange is kept as it happened and is rendered when somebody asks for it: most never are.
"""

from collections.abc import Sequence

from .rows import ExchangeDraft, ExchangeRow

__all__ = ["MAX_DRAFTS", "MemoryExchanges"]

MAX_DRAFTS = 1000  # of a workspace; older ones are rendered: bytes, unlike objects, cost the garbage collector nothing


class MemoryExchanges:
    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._kept: dict[str, dict[int, ExchangeDraft | ExchangeRow]] = {}
        self._deleted_to: dict[str, int] = {}  # numbers up to these are deleted
        self._uncommitted: list[tuple[str, int]] = []

    def count(self, workspace: str) -> int:
        return self._counts.get(workspace, 0)

    def next_number(self, workspace: str) -> int:
        number = self._counts[workspace] = self._counts.get(workspace, 0) + 1
        self._uncommitted.append((workspace, number))
        return number

    def raise_count(self, workspace: str, count: int) -> None:
        self._counts[workspace] = max(count, self.count(workspace))

    def add(self, draft: ExchangeDraft, *, keep: int) -> None:
        workspace = draft.workspace
        kept = self._kept.get(workspace)
        if kept is None:
            kept = self._kept[workspace] = {}
        kept[draft.number] = draft
        if draft.number - MAX_DRAFTS in kept:
            self.find(workspace, draft.number - MAX_DRAFTS)
        deleted_to = self._deleted_to[workspace] = self.count(workspace) - keep
        while kept and (first := next(iter(kept))) <= deleted_to:
            del kept[first]  # (one that came in behind a later number is freed after that, and not shown before)

    def replace(self, row: ExchangeRow) -> None:
        kept = self._kept.get(row.workspace, {})
        if row.number in kept:
            kept[row.number] = row

    def find(self, workspace: str, number: int) -> ExchangeRow | None:
        kept = self._kept.get(workspace, {})
        found = kept.get(number) if number > self._deleted_to.get(workspace, 0) else None
        if isinstance(found, ExchangeDraft):
            found = kept[number] = ExchangeRow(found.workspace, found.number, found.is_refused, found.render())
        return found

    def last(self, workspace: str, *, after: int, limit: int, refused_only: bool) -> list[ExchangeRow]:
        kept, beyond = self._kept.get(workspace, {}), max(after, self._deleted_to.get(workspace, 0))
        numbers = sorted(number for number in kept if number > beyond and kept[number].is_refused >= refused_only)
        found = (self.find(workspace, number) for number in (numbers[-limit:] if limit else ()))
        return [row for row in found if row is not None]

    def index(self, workspace: str, *, after: int) -> list[tuple[int, bool]]:
        kept, beyond = self._kept.get(workspace, {}), max(after, self._deleted_to.get(workspace, 0))
        new = range(beyond + 1, self.count(workspace) + 1)
        numbers = new if len(new) < len(kept) else sorted(kept)
        return [(number, kept[number].is_refused) for number in numbers if number > beyond and number in kept]

    def refused(self, workspace: str, *, after: int) -> list[int]:
        return [number for number, is_refused in self.index(workspace, after=after) if is_refused]

    def peek(self, workspace: str, numbers: Sequence[int]) -> list[ExchangeDraft | ExchangeRow]:
        kept, deleted_to = self._kept.get(workspace, {}), self._deleted_to.get(workspace, 0)
        return [kept[number] for number in sorted(numbers) if number > deleted_to and number in kept]

    def clear(self, workspace: str) -> None:
        self._kept.pop(workspace, None)

    def delete(self, workspace: str) -> None:
        """A workspace is deleted, its count too."""
        self.clear(workspace)
        self._counts.pop(workspace, None)
        self._deleted_to.pop(workspace, None)

    def begin(self) -> None:
        """A transaction begins: what was counted before it stays."""
        self._uncommitted.clear()

    def rollback(self) -> None:
        """Take back the numbers that were drawn since then, and what was added under them."""
        for workspace, number in reversed(self._uncommitted):
            if self._counts.get(workspace) == number:
                self._counts[workspace] = number - 1
                self._kept.get(workspace, {}).pop(number, None)
        self._uncommitted.clear()
