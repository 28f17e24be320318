"""
Observations that need no check: requests that contract and rules refused, and requests that fulfil them.

A refused request violates the requirements that its findings cite. An accepted one fulfils the requirements that the
schemas give to its members, and those that are enforced with every request of its operation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from flowproof.conformance import Contract, Operation
from flowproof.conformance.places import Steps
from flowproof.conformance.schema_walk import SchemaLocation, SchemaWalk

from .journal import Journal, JournalExchange
from .obligation import Fulfilled, Obligations, Observation, Violated

__all__ = ["RequirementObservation", "contract_observations", "unchecked"]

RequirementObservation = tuple[str, Observation]
"""The id of a requirement, and an observation that concerns it."""

ACCEPTED = "accepted requests kept it"
FORM = "application/x-www-form-urlencoded"


def contract_observations(
    journal: Journal, contract: Contract, obligations: Obligations
) -> Iterator[RequirementObservation]:
    """Yield every requirement that a request violated or fulfilled, some more than once."""
    body_requirements = _BodyRequirements(contract)
    enforced = [contract.requirements[each] for each in obligations.enforced]
    for exchange in journal.requests():
        for requirement, what in _complaints(exchange):
            if not obligations.exempts(requirement, exchange, journal):
                yield requirement, Violated(what, (exchange,))
        if not exchange.is_accepted:
            continue
        for requirement in () if exchange.findings else body_requirements.of(exchange):
            yield requirement, Fulfilled(ACCEPTED, (exchange,))
        for each in enforced:
            if exchange.operation in each.operations or not each.operations:
                yield each.id, Fulfilled(ACCEPTED, (exchange,))


def unchecked(contract: Contract, obligations: Obligations) -> tuple[str, ...]:
    """Ids of the requirements that oblige the client, but that nothing checks and nothing explains."""
    walk = SchemaWalk(contract)
    known = {*obligations.enforced, *obligations.unobservable, *(each.requirement for each in obligations.checked)}
    for operation in contract.operations.all:
        known |= {each.requirement for each in operation.parameters if each.requirement}
        for pointer in operation.bodies.values():
            places = walk.locations(contract.schemas.uri_of_pointer(pointer))
            known |= {place.requirement for place in places.values() if place.requirement}
    return tuple(each.id for each in contract.requirements.values() if each.binds_clients and each.id not in known)


def _complaints(exchange: JournalExchange) -> Iterator[tuple[str, str]]:
    """Yield each requirement that an exchange violates, with a sentence."""
    if exchange.is_made_to_fail:
        return
    findings = [each for each in exchange.findings if each.requirement]
    mistakes = "".join(f"; {mistake.text}" for mistake in exchange.mistakes)
    for each in findings:
        place = f"{each.where}{f'#{each.pointer}' if each.pointer else ''}"
        what = f"{exchange} answered {exchange.status}, {place}: expected {each.expected}, got {each.got}{mistakes}"
        yield str(each.requirement), what
    if exchange.requirement and all(each.requirement != exchange.requirement for each in findings):
        yield exchange.requirement, f"{exchange} answered {exchange.status}{mistakes}"


@dataclass(frozen=True, slots=True)
class _BodyRequirements:
    """The requirements of each operation's parameters and members; each schema is walked once."""

    contract: Contract
    places: dict[str, Mapping[Steps, SchemaLocation]] = field(default_factory=dict)

    def of(self, exchange: JournalExchange) -> frozenset[str]:
        """The requirements of the parameters and the members of the body that a request has."""
        operation = self.contract.operations.by_id(exchange.operation)
        if operation is None:
            return frozenset()
        named = {each.requirement for each in operation.parameters if each.name in exchange.parameters}
        return frozenset(each for each in (*named, *self._members_of_body(operation, exchange)) if each)

    def _members_of_body(self, operation: Operation, exchange: JournalExchange) -> Iterator[str]:
        is_form = FORM in operation.bodies
        pointer = operation.bodies.get(FORM if is_form else operation.json_body or "")
        value = dict(parse_qsl(exchange.request.body.decode("latin-1"))) if is_form else exchange.json
        if pointer is None or value is None:
            return
        if pointer not in self.places:
            self.places[pointer] = SchemaWalk(self.contract).locations(self.contract.schemas.uri_of_pointer(pointer))
        yield from _reached(self.places[pointer], value, ())


def _reached(places: Mapping[Steps, SchemaLocation], value: Any, steps: Steps) -> Iterator[str]:
    place = places.get(steps)
    if place is None:
        return
    if place.requirement:
        yield place.requirement
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _reached(places, each, (*steps, name))
    elif isinstance(value, list):
        for each in value:
            yield from _reached(places, each, (*steps, "*"))
