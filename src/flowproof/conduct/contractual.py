"""
What a journal shows without a watcher: requests that contract and rules refused, and requests that keep them.

A refused request breaks the requirement that its findings cite. An accepted one keeps what the schemas say of the
members that it has, and what is enforced with every request of its operation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from flowproof.conformance import Contract, Operation
from flowproof.conformance.places import Steps
from flowproof.conformance.schema_walk import Place, Walk

from .obligation import Broken, Kept, Obligations, Sighting
from .observed import Journal, Observed

__all__ = ["Cited", "contractual", "unwatched"]

Cited = tuple[str, Sighting]
"""The id of a requirement, and what was seen of it."""

KEPT = "accepted requests kept it"
FORM = "application/x-www-form-urlencoded"


def contractual(journal: Journal, contract: Contract, obligations: Obligations) -> Iterator[Cited]:
    """Every requirement that a request broke or kept, some more than once."""
    reading = _Reading(contract)
    enforced = [contract.requirements[each] for each in obligations.enforced]
    for exchange in journal.requests():
        for requirement, what in _complaints(exchange):
            if not obligations.excused(requirement, exchange, journal):
                yield requirement, Broken(what, (exchange,))
        if not exchange.is_accepted:
            continue
        for requirement in () if exchange.findings else reading.members(exchange):
            yield requirement, Kept(KEPT, (exchange,))
        for each in enforced:
            if exchange.operation in each.operations or not each.operations:
                yield each.id, Kept(KEPT, (exchange,))


def unwatched(contract: Contract, obligations: Obligations) -> tuple[str, ...]:
    """The requirements that oblige the client, but that nothing watches over, and of which nobody says why."""
    walk = Walk(contract)
    known = {*obligations.enforced, *obligations.unseen, *(each.requirement for each in obligations.watched)}
    for operation in contract.operations.all:
        known |= {each.requirement for each in operation.parameters if each.requirement}
        for pointer in operation.bodies.values():
            places = walk.places(contract.schemas.uri_of_pointer(pointer))
            known |= {place.requirement for place in places.values() if place.requirement}
    return tuple(each.id for each in contract.requirements.values() if each.binds_clients and each.id not in known)


def _complaints(exchange: Observed) -> Iterator[tuple[str, str]]:
    """What an exchange breaks, each with a sentence."""
    if exchange.is_made_to_fail:
        return
    findings = [each for each in exchange.findings if each.requirement]
    told = "".join(f"; {mistake.text}" for mistake in exchange.mistakes)
    for each in findings:
        place = f"{each.where}{f'#{each.pointer}' if each.pointer else ''}"
        what = f"{exchange} answered {exchange.status}, {place}: expected {each.expected}, got {each.got}{told}"
        yield str(each.requirement), what
    if exchange.requirement and all(each.requirement != exchange.requirement for each in findings):
        yield exchange.requirement, f"{exchange} answered {exchange.status}{told}"


@dataclass(frozen=True, slots=True)
class _Reading:
    """The places of each operation's body, read once."""

    contract: Contract
    places: dict[str, Mapping[Steps, Place]] = field(default_factory=dict)

    def members(self, exchange: Observed) -> frozenset[str]:
        """The requirements of the parameters and the members of the body that a request has."""
        operation = self.contract.operations.by_id(exchange.operation)
        if operation is None:
            return frozenset()
        named = {each.requirement for each in operation.parameters if each.name in exchange.parameters}
        return frozenset(each for each in (*named, *self._members_of_body(operation, exchange)) if each)

    def _members_of_body(self, operation: Operation, exchange: Observed) -> Iterator[str]:
        is_form = FORM in operation.bodies
        pointer = operation.bodies.get(FORM if is_form else operation.json_body or "")
        value = dict(parse_qsl(exchange.request.body.decode("latin-1"))) if is_form else exchange.json
        if pointer is None or value is None:
            return
        if pointer not in self.places:
            self.places[pointer] = Walk(self.contract).places(self.contract.schemas.uri_of_pointer(pointer))
        yield from _reached(self.places[pointer], value, ())


def _reached(places: Mapping[Steps, Place], value: Any, steps: Steps) -> Iterator[str]:
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
