"""Which mutants a provider has, and which tests can see each of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random

from flowproof.conformance import Contract

from .mutant import Mutant
from .own import read_own_list
from .reference import Reference, Seen
from .refusals import STANDINGS, refusal_mutants
from .responses import response_mutants

__all__ = ["Plan", "make_plan", "tests_for"]


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What is to be run.

    Args:
        mutants: In the order of their making.
        without: Requirements, documented or observed, that have no mutant.
        excused: Requirements that say why they cannot be killed from outside, with the reason.
        standings: Of each requirement.
    """

    mutants: tuple[Mutant, ...]
    without: tuple[str, ...]
    excused: dict[str, str]
    standings: dict[str, str]


def make_plan(
    contract: Contract,
    package: str,
    reference: Reference,
    *,
    requirement: str | None = None,
    sample: int | None = None,
) -> Plan:
    """
    All mutants of a provider, or some.

    Args:
        contract: Of the provider.
        package: Of its mock.
        reference: The run on the unbroken mock.
        requirement: Only mutants of this requirement, or of those below it.
        sample: So many, drawn by chance, in every run the same.
    """
    own = read_own_list(package, contract)
    mutants = [
        *response_mutants(contract, reference),
        *refusal_mutants(contract, reference, own.judges),
        *own.mutants,
    ]
    excused = {each.id: each.unkillable for each in contract.requirements.values() if each.unkillable}
    broken = {each.requirement for each in mutants}
    without = [
        each.id for each in contract.requirements.values() if each.standing in STANDINGS and each.id not in broken
    ]
    if requirement is not None:
        mutants = [each for each in mutants if _is_below(each.requirement, requirement)]
        without = [each for each in without if _is_below(each, requirement)]
    if sample is not None and sample < len(mutants):
        chosen = set(Random(sample).sample(range(len(mutants)), sample))
        mutants = [each for index, each in enumerate(mutants) if index in chosen]
    standings = {each.id: each.standing for each in contract.requirements.values()}
    return Plan(tuple(mutants), tuple(without), excused, {each: str(standing) for each, standing in standings.items()})


def _is_below(requirement: str | None, wanted: str) -> bool:
    return requirement is not None and (requirement == wanted or requirement.startswith(f"{wanted}."))


def tests_for(
    mutant: Mutant, reference: Reference, marked: dict[str, Collection[str]], operations: Sequence[str]
) -> list[str]:
    """
    Node ids of the tests that can see a mutant, the likeliest and quickest first.

    Args:
        mutant: What is broken.
        reference: The run on the unbroken mock.
        marked: Node ids of the tests that are marked with a requirement.
        operations: Those of the mutant's requirement.
    """
    if mutant.family == "response":
        place = (mutant.operation or "", mutant.status or 0)
        return reference.tests_that(
            lambda seen: (*place, mutant.steps) in seen.places if mutant.steps else place in seen.answers
        )
    if mutant.keyword:
        return reference.tests_that(lambda seen: (mutant.requirement, mutant.keyword) in seen.findings)
    first = set(marked.get(mutant.requirement or "", ()))
    if mutant.patch is None:
        told = reference.tests_that(lambda seen: _tells(seen, mutant))
        return [*(each for each in told if each in first), *(each for each in told if each not in first)]
    able = reference.tests_that(lambda seen: not operations or any(name in operations for name, _ in seen.answers))
    own = reference.tests_that(lambda _: True)
    return [*(each for each in own if each in first), *(each for each in able if each not in first)]


def _tells(seen: Seen, mutant: Mutant) -> bool:
    """Whether a test was refused for the requirement, or told of it among others."""
    cited = any(requirement == mutant.requirement for requirement, _, _ in seen.cited)
    found = mutant.kind == "unenforced" and any(each == mutant.requirement for each, _ in seen.findings)
    return cited or found
