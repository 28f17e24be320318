"""What a provider obliges its clients to: a requirement, and how a journal shows that it was fulfilled or violated."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType

from .journal import Journal, JournalExchange

__all__ = [
    "Exemption",
    "Fulfilled",
    "JournalCheck",
    "Obligation",
    "Obligations",
    "Observation",
    "Violated",
    "accepted_requests",
]


@dataclass(frozen=True, slots=True)
class Observation:
    """
    A situation in a journal that concerns a requirement: a `Fulfilled` or a `Violated`.

    Args:
        what: What the client did, one sentence without a full stop, and without a secret.
        exchanges: The evidence.
    """

    what: str
    exchanges: tuple[JournalExchange, ...]


class Fulfilled(Observation):
    """The client did what it is obliged to."""

    __slots__ = ()


class Violated(Observation):
    """The client did what it must not do, or did not do what it must."""

    __slots__ = ()


JournalCheck = Callable[[Journal], Iterable[Observation]]
"""Reads a journal and yields what it observes. A pure function: no clock, no random numbers, no state."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """
    A requirement with a check.

    Args:
        requirement: Its id. Several obligations may share a requirement.
        check: Finds the situations that concern it.
        occasion: What has to happen for it to be judged, a clause that ends "It is judged when …".
    """

    requirement: str
    check: JournalCheck
    occasion: str


@dataclass(frozen=True, slots=True)
class Exemption:
    """
    When a refused request is no violation, for example where a token had expired and was renewed.

    Args:
        requirement: Id of the requirement, or a pattern such as `acme.order.*`.
        when: Whether the exemption applies to this exchange, given the whole journal.
        why: One clause for people.
    """

    requirement: str
    when: Callable[[JournalExchange, Journal], bool]
    why: str

    def applies(self, requirement: str, exchange: JournalExchange, journal: Journal) -> bool:
        return fnmatchcase(requirement, self.requirement) and self.when(exchange, journal)


@dataclass(frozen=True, slots=True)
class Obligations:
    """
    What a provider obliges its clients to, as far as a journal shows it.

    Requirements in the contract's schemas need no entry: they are judged wherever a request has the member.

    Args:
        checked: Obligations with a check of their own.
        enforced: Requirements that the provider enforces with every request of their operations, before anything else
            could refuse it. An accepted request fulfils them.
        exemptions: When a refused request is no violation.
        unobservable: Requirements that no journal can show to be fulfilled, each with the reason in a sentence.
    """

    checked: tuple[Obligation, ...] = ()
    enforced: tuple[str, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    unobservable: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def exempts(self, requirement: str, exchange: JournalExchange, journal: Journal) -> bool:
        """Whether an exemption applies to a finding that cites the requirement."""
        return any(each.applies(requirement, exchange, journal) for each in self.exemptions)

    def occasions(self, requirement: str) -> tuple[str, ...]:
        """What has to happen for a requirement to be judged, by each of its obligations."""
        return tuple(each.occasion for each in self.checked if each.requirement == requirement)


def accepted_requests(*operations: str, having: Callable[[JournalExchange], bool], what: str) -> JournalCheck:
    """
    Make a check for a requirement that the provider enforces only with some requests: an accepted one fulfils it.

    Args:
        operations: Ids of the operations.
        having: Whether the requirement concerns a request.
        what: What an accepted request then shows, one sentence without a full stop.
    """

    def check(journal: Journal) -> Iterator[Observation]:
        """Yield one observation for each accepted request that the requirement concerns."""
        yield from (Fulfilled(what, (each,)) for each in journal.of(*operations).accepted() if having(each))

    return check
