"""What a client is obliged to, as values: a requirement, and how one sees in a journal that it was kept or broken."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType

from .observed import Journal, Observed

__all__ = ["Broken", "Excuse", "Kept", "Obligation", "Obligations", "Sighting", "Watcher", "accepted"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """
    One situation that concerns a requirement, seen in a journal: a `Kept` or a `Broken`.

    Args:
        what: What the client did, one sentence without a full stop, and without a secret.
        exchanges: Where that is seen.
    """

    what: str
    exchanges: tuple[Observed, ...]


class Kept(Sighting):
    """The client did what it is obliged to."""

    __slots__ = ()


class Broken(Sighting):
    """The client did what it must not, or left undone what it must do."""

    __slots__ = ()


Watcher = Callable[[Journal], Iterable[Sighting]]
"""Goes through a journal and yields what it saw. Pure: no clock, no chance, no state."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """
    A requirement with who watches over it.

    Args:
        requirement: Its id.
        watch: The watcher. Several obligations may share a requirement.
        occasion: What has to happen for it to be judged, a clause that ends "It is judged when …".
    """

    requirement: str
    watch: Watcher
    occasion: str


@dataclass(frozen=True, slots=True)
class Excuse:
    """
    Why a request that broke a requirement is no fault of the client, such as a token that had expired and was renewed.

    Args:
        requirement: Id of the requirement, or a pattern such as `acme.order.*`.
        when: Whether it excuses this exchange, given the whole journal.
        why: One clause for people.
    """

    requirement: str
    when: Callable[[Observed, Journal], bool]
    why: str

    def covers(self, requirement: str, exchange: Observed, journal: Journal) -> bool:
        """Whether it excuses that the exchange broke the requirement."""
        return fnmatchcase(requirement, self.requirement) and self.when(exchange, journal)


@dataclass(frozen=True, slots=True)
class Obligations:
    """
    What a provider obliges its clients to, as far as a journal shows it.

    What the contract's schemas say of a request needs no entry here: it is judged wherever a request has the member.

    Args:
        watched: Obligations with a watcher of their own.
        enforced: Requirements that the provider enforces with every request of their operations, before all else that
            could refuse it: a request that is accepted keeps them.
        excuses: When a refused request is no fault.
        unseen: Requirements that no journal shows to be kept, each with the reason, in a sentence.
    """

    watched: tuple[Obligation, ...] = ()
    enforced: tuple[str, ...] = ()
    excuses: tuple[Excuse, ...] = ()
    unseen: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def excused(self, requirement: str, exchange: Observed, journal: Journal) -> bool:
        """Whether any excuse covers that the exchange broke the requirement."""
        return any(each.covers(requirement, exchange, journal) for each in self.excuses)

    def occasions(self, requirement: str) -> tuple[str, ...]:
        """What has to happen for a requirement to be judged, by each of its obligations."""
        return tuple(each.occasion for each in self.watched if each.requirement == requirement)


def accepted(*operations: str, having: Callable[[Observed], bool], what: str) -> Watcher:
    """
    A watcher for what a provider enforces only where a request has something.

    Args:
        operations: Which requests are looked at.
        having: Whether a request has it.
        what: What an accepted one then shows, one sentence without a full stop.
    """

    def watch(journal: Journal) -> Iterator[Sighting]:
        """Every accepted request that has it."""
        yield from (Kept(what, (each,)) for each in journal.of(*operations).accepted() if having(each))

    return watch
