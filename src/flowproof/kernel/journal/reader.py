"""
What somebody who watches a journal has not had yet.

Nobody reads a thousand lines a second, and those who cause them do not wait for somebody who looks on: so a read gives
a bounded number of exchanges, however many have come.
"""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from flowproof.kernel.state.damage import loaded
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import ExchangeDraft, ExchangeRow

from .entries import summary

__all__ = ["MOST_AT_ONCE", "JournalReader"]

MOST_AT_ONCE = 100  # exchanges a read
MOST_REFUSED = 50  # of them, where there are others
MOST_IN_A_RUSH = 30  # of the others, while more come than a read gives: as many as a list has lines in view
MOST_AWAITED = 100  # a request that a fault plan holds up has its number, and is recorded behind later ones


class JournalReader:
    """
    The exchanges of a workspace, in parts.

    Where no more come than a read gives, they come in their order. Where more come, a read gives the oldest that were
    refused, so that none of these is passed over, and a few of the newest others. The rest follows as soon as fewer
    come, the newest first; what the journal has dropped by then is missed.

    Args:
        store: Where the journal is.
        workspace: Id of the workspace.
        after: Exchanges up to this number are known already.
        keep: How many the journal keeps.
    """

    def __init__(self, store: Store, workspace: str, *, after: int, keep: int) -> None:
        self._store = store
        self._workspace = workspace
        self._keep = keep
        self._counted = after
        self._is_new = after == 0  # what happened before somebody came for the first time is no rush, and not missed
        self._refused: list[int] = []  # each list in the order of the numbers
        self._others: list[int] = []
        self._awaited: list[int] = []
        self.missed = 0

    @property
    def position(self) -> int:
        """The number up to which nothing is outstanding: whoever goes on after it misses nothing."""
        return min(
            (each[0] - 1 for each in (self._refused, self._others, self._awaited) if each), default=self._counted
        )

    @property
    def waiting(self) -> int:
        """How many exchanges the journal keeps that are still to be given."""
        return len(self._refused) + len(self._others)

    def read(self, count: int) -> list[dict[str, Any]]:
        """
        Summaries of exchanges, in the order of their numbers: no bodies, no headers, no explanation.

        Args:
            count: How many exchanges the workspace has had.

        Raises:
            StoreError: The state cannot be read.
        """
        most = MOST_AT_ONCE if count - self._counted <= MOST_AT_ONCE or self._is_new else MOST_IN_A_RUSH
        self._look(count)
        numbers = [*self._awaited, *self._next(most)]
        if not numbers:
            return []
        found = {each.number: each for each in self._store.exchanges.peek(self._workspace, numbers)}
        self._awaited = sorted(number for number in numbers if number not in found)[-MOST_AWAITED:]
        return [summary(_brief(each), is_refused=each.is_refused) for each in found.values()]

    def _look(self, count: int) -> None:
        """Note the numbers that have come, and forget those that the journal has dropped."""
        dropped_to = count - self._keep
        if not self._is_new:
            self.missed += max(0, dropped_to - self._counted)
        self._is_new = False
        if count > self._counted:
            first = max(self._counted, dropped_to) + 1
            index = self._store.exchanges.index(self._workspace, after=first - 1)
            self._refused += [number for number, is_refused in index if is_refused]
            self._others += [number for number, is_refused in index if not is_refused]
            known = {number for number, _ in index}
            late = [number for number in range(first, count + 1) if number not in known]
            self._awaited = [*self._awaited, *late][-MOST_AWAITED:]
            self._counted = count
        for each in (self._refused, self._others):
            dropped = bisect_right(each, dropped_to)
            self.missed += dropped
            del each[:dropped]

    def _next(self, most: int) -> list[int]:
        """Take the numbers that a read gives; ``most`` of those that were not refused."""
        refused = self._refused[: max(MOST_REFUSED, MOST_AT_ONCE - len(self._others))]
        del self._refused[: len(refused)]
        first = max(0, len(self._others) - min(most, MOST_AT_ONCE - len(refused)))
        others = self._others[first:]
        del self._others[first:]
        return [*refused, *others]


def _brief(kept: ExchangeDraft | ExchangeRow) -> Mapping[str, Any]:
    """What a summary is made from, without rendering an exchange that nobody has read."""
    if isinstance(kept, ExchangeDraft):
        return kept.brief() if kept.brief is not None else loaded(kept.render(), "an exchange")
    entry: Mapping[str, Any] = loaded(kept.body, f"exchange {kept.workspace}-{kept.number}")
    return entry
