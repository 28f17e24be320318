"""The verdict on each requirement: one violation is a FAIL, and nothing observed is never a PASS."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from flowproof.conformance import Contract, Requirement
from flowproof.errors import ConfigurationError

from .contract_checks import RequirementObservation, contract_observations
from .journal import Journal
from .obligation import Obligation, Obligations, Observation, Violated

__all__ = ["ConductReport", "Judgement", "Verdict", "judge"]

Verdict = Literal["PASS", "FAIL", "SKIP"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What a journal says about one requirement.

    Args:
        requirement: Its id.
        verdict: FAIL where it was violated, PASS where it was fulfilled, SKIP where the journal had no occasion for it.
        what: What the client did, or what would have to happen for the requirement to be judged.
        exchanges: Ids of the exchanges that show it.
    """

    requirement: str
    verdict: Verdict
    what: str
    exchanges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConductReport:
    """
    What a journal says about a client.

    Args:
        provider: Slug.
        judgements: One for each requirement that obliges the client, in the contract's order.
        exchanges: How many exchanges were judged.
        missing: How many earlier exchanges of the workspace the journal no longer has.
    """

    provider: str
    judgements: tuple[Judgement, ...]
    exchanges: int
    missing: int = 0

    @property
    def verdict(self) -> Verdict:
        """FAIL if anything failed, else PASS if anything was judged, else SKIP."""
        found = {each.verdict for each in self.judgements}
        return "FAIL" if "FAIL" in found else "PASS" if "PASS" in found else "SKIP"

    def of(self, verdict: Verdict) -> tuple[Judgement, ...]:
        """The judgements with that verdict."""
        return tuple(each for each in self.judgements if each.verdict == verdict)

    def on(self, requirement: str) -> Judgement:
        """The judgement on a requirement, which must oblige the client."""
        return next(each for each in self.judgements if each.requirement == requirement)


def judge(journal: Journal, contract: Contract, obligations: Obligations) -> ConductReport:
    """
    Judge a client by its journal.

    Args:
        journal: The client's exchanges with the contract's provider.
        contract: Has the requirements; those that oblige the client are judged.
        obligations: What the provider's room `conduct` exports.
    """
    found: dict[str, list[Observation]] = {}
    for requirement, observation in _observations(journal, contract, obligations):
        found.setdefault(requirement, []).append(observation)
    judgements = tuple(
        _judgement(each, found.get(each.id, []), obligations)
        for each in contract.requirements.values()
        if each.binds_clients
    )
    return ConductReport(contract.slug, judgements, len(journal), journal.missing)


def _observations(journal: Journal, contract: Contract, obligations: Obligations) -> Iterator[RequirementObservation]:
    yield from contract_observations(journal, contract, obligations)
    for obligation in obligations.checked:
        yield from ((obligation.requirement, observation) for observation in _checked(obligation, journal))


def _checked(obligation: Obligation, journal: Journal) -> Iterable[Observation]:
    try:
        return tuple(obligation.check(journal))
    except Exception as error:  # the check of another distribution may fail in any way
        raise ConfigurationError(
            f"The check of {obligation.requirement} failed on this journal: {type(error).__name__}: {error}.",
            "Fix the function that the kit's obligations name for it.",
        ) from error


def _judgement(requirement: Requirement, found: list[Observation], obligations: Obligations) -> Judgement:
    violations = [each for each in found if isinstance(each, Violated)]
    if violations:
        return Judgement(requirement.id, "FAIL", _summary(violations), _ids(violations))
    if found:
        return Judgement(requirement.id, "PASS", _summary(found), _ids(found))
    return Judgement(requirement.id, "SKIP", _missing_occasion(requirement, obligations))


def _summary(found: Sequence[Observation]) -> str:
    """The first sentence, and how many other ones there are; equal sentences count once."""
    first, *others = dict.fromkeys(each.what for each in found)
    sentence = f"{first[0].upper()}{first[1:]}"
    return f"{sentence}; and {len(others)} more." if others else f"{sentence}."


def _ids(found: Sequence[Observation]) -> tuple[str, ...]:
    ids = {exchange.number: exchange.id for each in found for exchange in each.exchanges}
    return tuple(ids[number] for number in sorted(ids))


def _missing_occasion(requirement: Requirement, obligations: Obligations) -> str:
    if requirement.id in obligations.unobservable:
        return obligations.unobservable[requirement.id]
    occasions = obligations.occasions(requirement.id)
    if occasions:
        return f"It is judged when {', or when '.join(occasions)}."
    operations = ", ".join(requirement.operations) or "any operation"
    what = "was accepted" if requirement.id in obligations.enforced else "had what it speaks of"
    return f"No request {what}: {operations}."
