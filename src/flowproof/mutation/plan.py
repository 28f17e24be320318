"""Which mutants a provider has, and which tests can see each of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random

from flowproof.conformance import Contract

from .general_mutants import FINDINGS, general_mutants
from .mutant import Family, Mutant
from .patch_mutants import patch_mutants
from .reference import Observations, ReferenceRun
from .refusal_mutants import STANDINGS, refusal_mutants
from .response_mutants import response_mutants

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
    reference: ReferenceRun,
    *,
    set_up: frozenset[str] = frozenset(),
    requirement: str | None = None,
    sample: int | None = None,
    family: Family | None = None,
) -> Plan:
    """
    All mutants of a provider, or some.

    Args:
        contract: Of the provider.
        package: Of its mock.
        reference: The run on the unbroken mock.
        set_up: Texts of the account set-up.
        requirement: Only mutants of this requirement, or of those below it.
        sample: So many, drawn by chance, in every run the same.
        family: Only mutants of this family.
    """
    mutants = [
        *response_mutants(contract, reference),
        *refusal_mutants(contract, reference),
        *patch_mutants(package, contract),
        *general_mutants(contract, reference, set_up),
    ]
    excused = {each.id: each.unkillable for each in contract.requirements.values() if each.unkillable}
    broken = {each.requirement for each in mutants}
    without = [
        each.id for each in contract.requirements.values() if each.standing in STANDINGS and each.id not in broken
    ]
    if requirement is not None:
        mutants = [each for each in mutants if _is_below(each.requirement, requirement)]
        without = [each for each in without if _is_below(each, requirement)]
    if family is not None:
        mutants = [each for each in mutants if each.family == family]
    if sample is not None and sample < len(mutants):
        chosen = set(Random(sample).sample(range(len(mutants)), sample))
        mutants = [each for index, each in enumerate(mutants) if index in chosen]
    standings = {each.id: each.standing for each in contract.requirements.values()}
    return Plan(tuple(mutants), tuple(without), excused, {each: str(standing) for each, standing in standings.items()})


def _is_below(requirement: str | None, top: str) -> bool:
    return requirement is not None and (requirement == top or requirement.startswith(f"{top}."))


def tests_for(
    mutant: Mutant, reference: ReferenceRun, marked: dict[str, Collection[str]], operations: Sequence[str]
) -> list[str]:
    """
    Node ids of the tests that can see a mutant, the likeliest and quickest first.

    Args:
        mutant: What is broken.
        reference: The run on the unbroken mock.
        marked: Node ids of the tests that are marked with a requirement.
        operations: Those of the mutant's requirement.
    """
    if mutant.family == "general":
        return reference.tests_that(lambda test: _meets(test, mutant))
    if mutant.family == "response":
        place = (mutant.operation or "", mutant.status or 0)
        return reference.tests_that(
            lambda test: (*place, mutant.steps) in test.places if mutant.steps else place in test.responses
        )
    if mutant.keyword:
        return reference.tests_that(lambda test: (mutant.requirement, mutant.keyword) in test.findings)
    first = set(marked.get(mutant.requirement or "", ()))
    if mutant.patch is None:
        refused = reference.tests_that(lambda test: _is_refused(test, mutant))
        return [*(each for each in refused if each in first), *(each for each in refused if each not in first)]
    able = reference.tests_that(lambda test: not operations or any(name in operations for name, _ in test.responses))
    every = reference.tests_that(lambda _: True)
    return [*(each for each in every if each in first), *(each for each in able if each not in first)]


def _is_refused(test: Observations, mutant: Mutant) -> bool:
    """Whether a test met the mutant's requirement in a refusal, or among the findings of one."""
    is_cited = any(requirement == mutant.requirement for requirement, _, _ in test.cited)
    is_found = mutant.kind == "unenforced" and any(each == mutant.requirement for each, _ in test.findings)
    return is_cited or is_found


def _meets(test: Observations, mutant: Mutant) -> bool:
    """Whether a test comes to where a general mutant acts."""
    if mutant.kind in FINDINGS:
        return mutant.requirement in {each for each, *_ in (*test.findings, *test.cited)}
    if mutant.status is None:
        depth = len(mutant.steps)
        return any(place[:depth] == mutant.steps and mutant.operation in (None, name) for name, place in test.sent)
    return (mutant.operation, mutant.status) in test.responses
