"""
What somebody who watches a journal has not had yet.

Nobody reads a thousand lines a second, and those who cause them do not wait for somebody who looks on: so a read gives
a bounded number of exchanges, however many have come.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from flowproof.kernel.state.damage import loaded
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import ExchangeDraft, ExchangeRow

from .entries import summary

__all__ = ["MOST_AT_ONCE", "JournalReader"]

MOST_AT_ONCE = 100  # exchanges a read
MOST_REFUSED = 50  # of them, where there are others
MOST_IN_A_RUSH = 30  # of the others, while more come than a read gives: as many as a list has lines in view
LOOK_BACK = 1000  # numbers: a provider may judge a request after its answer, and refuse it then
MOST_AWAITED = 100  # a request that a fault plan holds up has its number, and is recorded behind later ones


class JournalReader:
    """
    The exchanges of a workspace, in parts.

    Where no more come than a read gives, they come in their order. Where more come, a read gives the oldest that were
    refused, so that none of these is passed over, and a few of the newest others. The rest follows as soon as fewer
    come, the newest first; what the journal has dropped by then is missed. One that is refused after it was given is
    given once more.

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
        self._has_looked = False
        self._refused: list[int] = []  # each list in the order of the numbers
        self._others: list[int] = []
        self._awaited: list[int] = []
        self._known: set[int] = set()  # refused ones that are noted or given, as far as is looked back
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

    def read(self, count: int, *, looks_back: bool = True) -> list[dict[str, Any]]:
        """
        Summaries of exchanges, in the order of their numbers: no bodies, no headers, no explanation.

        Args:
            count: How many exchanges the workspace has had.
            looks_back: False where nothing has happened since that may have refused one of them.

        Raises:
            StoreError: The state cannot be read.
        """
        is_rush = self._has_looked and count - self._counted > MOST_AT_ONCE
        if looks_back or count > self._counted:
            self._look(count)
        numbers = [*self._awaited, *self._next(MOST_IN_A_RUSH if is_rush else MOST_AT_ONCE)]
        if not numbers:
            return []
        found = {each.number: each for each in self._store.exchanges.peek(self._workspace, numbers)}
        self._awaited = sorted(number for number in numbers if number not in found)[-MOST_AWAITED:]
        self._known.update(number for number, each in found.items() if each.is_refused)
        return [summary(_brief(each), is_refused=each.is_refused) for each in found.values()]

    def _look(self, count: int) -> None:
        """Note what has come and what was refused since, and forget what the journal has dropped."""
        dropped_to, before = count - self._keep, self._counted
        refused = self._store.exchanges.refused(self._workspace, after=max(dropped_to, before - LOOK_BACK))
        if self._has_looked:
            self.missed += max(0, dropped_to - before)
        else:
            self._known = {number for number in refused if number <= before}
        self._counted, self._has_looked = count, True
        if count > before:
            self._note_new(range(max(before, dropped_to) + 1, count + 1))
        self._note_refused([number for number in refused if number not in self._known])
        self._awaited = self._awaited[-MOST_AWAITED:]
        self._known = {number for number in self._known if number > max(dropped_to, count - LOOK_BACK)}
        for each in (self._refused, self._others):
            dropped = bisect_right(each, dropped_to)
            self.missed += dropped
            del each[:dropped]

    def _note_new(self, numbers: range) -> None:
        """Have these given, or awaited where they are not recorded yet."""
        index = dict(self._store.exchanges.index(self._workspace, after=numbers.start - 1))
        self._others += [number for number, is_refused in index.items() if not is_refused]
        self._awaited += [number for number in numbers if number not in index]

    def _note_refused(self, numbers: Sequence[int]) -> None:
        """Have these given first, whatever they counted as before."""
        if not numbers:
            return
        self._known.update(numbers)
        self._refused = sorted([*self._refused, *numbers])
        self._others = [number for number in self._others if number not in self._known]
        self._awaited = [number for number in self._awaited if number not in self._known]

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
