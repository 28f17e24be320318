"""The verdicts: what was seen of each requirement, weighed. One breach is a FAIL; nothing seen is never a PASS."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from flowproof.conformance import Contract, Requirement

from .contractual import Cited, contractual
from .obligation import Broken, Obligations, Sighting
from .observed import Journal

__all__ = ["Judgement", "Report", "Verdict", "judge"]

Verdict = Literal["PASS", "FAIL", "SKIP"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What a journal says of one requirement.

    Args:
        requirement: Its id.
        verdict: FAIL where it was broken, PASS where it was kept, SKIP where the journal gave no occasion to see it.
        what: What the client did, or what would have had to happen for it to be judged.
        exchanges: Ids of the exchanges where that is seen.
    """

    requirement: str
    verdict: Verdict
    what: str
    exchanges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """
    What a journal says of a client.

    Args:
        provider: Slug.
        judgements: One for each requirement that obliges the client, in the contract's order.
        exchanges: How many exchanges were looked at.
        missing: How many earlier ones of the workspace the journal no longer has.
    """

    provider: str
    judgements: tuple[Judgement, ...]
    exchanges: int
    missing: int = 0

    @property
    def verdict(self) -> Verdict:
        """FAIL if anything failed, PASS if nothing did and something was judged, else SKIP."""
        found = {each.verdict for each in self.judgements}
        return "FAIL" if "FAIL" in found else "PASS" if "PASS" in found else "SKIP"

    def of(self, verdict: Verdict) -> tuple[Judgement, ...]:
        """The judgements with that verdict."""
        return tuple(each for each in self.judgements if each.verdict == verdict)

    def on(self, requirement: str) -> Judgement:
        """The judgement on a requirement, which must oblige the client."""
        return next(each for each in self.judgements if each.requirement == requirement)


def judge(journal: Journal, contract: Contract, obligations: Obligations) -> Report:
    """
    Judge a client by its journal.

    Args:
        journal: Its exchanges with the contract's provider.
        contract: Whose requirements count: those that oblige the client.
        obligations: What the provider's room `conduct` exports.
    """
    seen: dict[str, list[Sighting]] = {}
    for requirement, sighting in _sightings(journal, contract, obligations):
        seen.setdefault(requirement, []).append(sighting)
    judgements = tuple(
        _judgement(each, seen.get(each.id, []), obligations)
        for each in contract.requirements.values()
        if each.binds_clients
    )
    return Report(contract.slug, judgements, len(journal), journal.missing)


def _sightings(journal: Journal, contract: Contract, obligations: Obligations) -> Iterator[Cited]:
    yield from contractual(journal, contract, obligations)
    for obligation in obligations.watched:
        yield from ((obligation.requirement, sighting) for sighting in obligation.watch(journal))


def _judgement(requirement: Requirement, seen: list[Sighting], obligations: Obligations) -> Judgement:
    broken = [each for each in seen if isinstance(each, Broken)]
    if broken:
        return Judgement(requirement.id, "FAIL", _told(broken), _ids(broken))
    if seen:
        return Judgement(requirement.id, "PASS", _told(seen), _ids(seen))
    return Judgement(requirement.id, "SKIP", _missing_occasion(requirement, obligations))


def _told(seen: Sequence[Sighting]) -> str:
    """The first sentence, and how many more there are; the same sentence twice is said once."""
    first, *others = dict.fromkeys(each.what for each in seen)
    sentence = f"{first[0].upper()}{first[1:]}"
    return f"{sentence}; and {len(others)} more." if others else f"{sentence}."


def _ids(seen: Sequence[Sighting]) -> tuple[str, ...]:
    found = {exchange.number: exchange.id for each in seen for exchange in each.exchanges}
    return tuple(found[number] for number in sorted(found))


def _missing_occasion(requirement: Requirement, obligations: Obligations) -> str:
    if requirement.id in obligations.unseen:
        return obligations.unseen[requirement.id]
    occasions = obligations.occasions(requirement.id)
    if occasions:
        return f"It is judged when {', or when '.join(occasions)}."
    asked = ", ".join(requirement.operations) or "any operation"
    what = "was accepted" if requirement.id in obligations.enforced else "had what it speaks of"
    return f"No request {what}: {asked}."
