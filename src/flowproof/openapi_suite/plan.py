"""Which tests a contract gives: an operation each, a broken constraint each, a life of each collection."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources.abc import Traversable
from itertools import islice
from random import Random
from typing import Any, Protocol

from flowproof.conformance import Contract, load_contract
from flowproof.conformance.operations import Operation
from flowproof.conformance.places import Steps, edited, pointer
from flowproof.conformance.schema_walk import LIMITS, SchemaLocation, SchemaWalk
from flowproof.openapi.examples import Answers, success_status
from flowproof.openapi.requests import DrawnRequest, Requests
from flowproof.openapi.resources import Collection, Role, infer_roles, json_pointer
from flowproof.openapi.schema_reader import SchemaReader
from flowproof.openapi.security import read_schemes, read_security

__all__ = ["Breakage", "Client", "Response", "SuitePlan", "load_plan"]

NOW = datetime(2026, 1, 1, tzinfo=UTC)  # of values that nothing depends on
WRONG: tuple[Any, ...] = (None, "~", "", -1, -(10**12), 10**12, 0.5, True, [], {}, "x" * 5000, ["x", "x"], 0)
MOST_BREAKAGES = 80
MOST_DRAWS = 20


class Response(Protocol):
    """What is read of an answer."""

    @property
    def status_code(self) -> int: ...

    @property
    def content(self) -> bytes: ...

    def json(self) -> Any: ...


class Client(Protocol):
    """What the tests need of a client."""

    def send(
        self, method: str, path: str, *, query: Mapping[str, Any], headers: Mapping[str, str], body: bytes | None
    ) -> Any:
        """Send a request with the client's credentials."""


@dataclass(frozen=True, slots=True)
class Breakage:
    """
    A request's body that breaks one constraint.

    Args:
        operation: Its id.
        requirement: Of the constraint.
        what: Place and value, for people.
        value: The body.
    """

    operation: str
    requirement: str
    what: str
    value: Any


class SuitePlan:
    """
    The tests of one contract.

    Args:
        contract: With its requirements.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._reader = SchemaReader(contract.document)
        answers = Answers(contract, self._reader)
        self._requests = Requests(contract, self._reader, answers)
        self.roles: Mapping[str, Role] = infer_roles(contract.operations, self._reader)
        self._security = read_security(contract.document, read_schemes(contract.document))

    def operations(self) -> tuple[Operation, ...]:
        return self.contract.operations.all

    def requirements(self, operation: str, *kinds: str) -> tuple[str, ...]:
        """Ids of the requirements of an operation whose last part but the first is one of these kinds."""
        slug = self.contract.slug
        return tuple(
            each.id
            for each in self.contract.requirements.values()
            if operation in each.operations and any(each.id.startswith(f"{slug}.{kind}.") for kind in kinds)
        )

    def answered_requirements(self, operation: str, status: int) -> tuple[str, ...]:
        """Ids of the requirements that an answer of that status is evidence for: of the status, and of its body."""
        described = self.operation(operation)
        documented = described.described(status)
        name = next(
            (each for each in (str(status), f"{status // 100}XX", "default") if each in described.responses), ""
        )
        of_status = [
            each.id
            for each in self.contract.requirements.values()
            if operation in each.operations
            and each.id.startswith(f"{self.contract.slug}.status.")
            and each.source.endswith(f"/{name}")
        ]
        of_body = self._required_places(documented or {})
        return tuple(dict.fromkeys([*of_status, *of_body]))

    def _required_places(self, documented: Mapping[str, str]) -> Iterator[str]:
        """Constraints of a JSON body that every such body shows: at its root, and where members are required."""
        at = json_pointer(documented)
        waiting = [self._reader.at(at)] if at else []
        seen: set[int] = set()
        while waiting:
            node = waiting.pop()
            if not isinstance(node, dict) or id(node) in seen:
                continue
            seen.add(id(node))
            if "x-requirement" in node:
                yield node["x-requirement"]
            waiting.extend(self._always_below(node))

    def _always_below(self, node: Mapping[str, Any]) -> Iterator[Any]:
        """Schemas that a value of this one is judged by, whatever the value; of several branches none is."""
        if isinstance(node.get("$ref"), str):
            yield self._reader.at(node["$ref"].removeprefix("#"))
        yield from node.get("allOf", ())
        properties = node.get("properties", {})
        yield from (properties[name] for name in node.get("required", ()) if name in properties)

    def life_requirements(self, path: str, kind: str, verb: str) -> tuple[str, ...]:
        """Ids of the requirements on a collection's records, `kept`, `listed` or `removed`, and on the status shown."""
        verbs = self.collections()[path]
        ending = re.compile(rf"\.{kind}(_\d+)?")
        own = [
            each
            for each in self.requirements(verbs[verb], "collection")
            if ending.search(each) and verbs["create"] in self.contract.requirements[each].operations
        ]
        not_found = () if verb == "list" else self.answered_requirements(verbs["read"], 404)
        removing = self.answered_requirements(verbs["remove"], 404) if verb == "remove" else ()
        return tuple(dict.fromkeys([*own, *not_found, *removing]))

    def missing_key(self, operation: str, taken: str = "") -> str:
        """A key that the path allows, and that no record has; `taken` is the one of the record that there is."""
        described, parameter = self.operation(operation), self.roles[operation].collection.parameter
        found = next((each for each in described.parameters if each.name == parameter), None)
        uri = self.contract.schemas.uri_of_pointer(found.schema) if found is not None else ""
        for value in ("no-such-key-999999999", "999999999", 999999999):
            if not uri or self.contract.schemas.accepts(uri, value):
                return str(value)
        drawn = (self.draw(described, seed=f"missing {number}") for number in range(MOST_DRAWS))
        matches = (self.contract.operations.find(each.method, each.path) for each in drawn)
        keys = (each.path_parameters[parameter] for each in matches if each is not None)
        return next((each for each in keys if each != taken), "0")

    def keys_of(self, listing: str, answer: Any) -> list[str]:
        """The keys of the records in the answer of a list."""
        role = self.roles[listing]
        listed = answer.get(role.wrapper, []) if role.wrapper and isinstance(answer, dict) else answer
        return [str(each.get(role.collection.key)) for each in listed if isinstance(each, dict)]

    def listed_with(self, client: Client, path: str, values: Mapping[str, str], record: Mapping[str, Any]) -> list[str]:
        """The keys in a collection's list, which is asked for a record by the filters that the list requires."""
        listing = self.collections()[path]["list"]
        request = self.draw(self.operation(listing), values)
        scalars = {name: each for name, each in record.items() if isinstance(each, str | int)}
        query = {name: scalars.get(name, each) for name, each in request.query.items()}
        return self.keys_of(listing, send(client, replace(request, query=query)).json())

    def record_in(self, operation: str, answer: Any) -> Mapping[str, Any]:
        """The record in the answer of an operation."""
        wrapper = self.roles[operation].wrapper
        inner = answer.get(wrapper) if wrapper and isinstance(answer, dict) else answer
        return inner if isinstance(inner, dict) else {}

    def protected(self) -> tuple[Operation, ...]:
        """Operations that ask for credentials."""
        return tuple(each for each in self.operations() if self._security.get(each.id))

    def collections(self) -> Mapping[str, Mapping[str, str]]:
        """For each collection that has records to create and read, the operation's id of each verb, by its path."""
        found: dict[str, dict[str, str]] = {}
        for name, role in self.roles.items():
            found.setdefault(role.collection.path, {}).setdefault(role.verb, name)
        return {path: verbs for path, verbs in found.items() if {"create", "read"} <= set(verbs)}

    def draw(self, operation: Operation, values: Mapping[str, str] | None = None, *, seed: str = "") -> DrawnRequest:
        """A valid request; the same each time for the same seed."""
        return self._requests.draw(operation, Random(f"{operation.id}/{seed}"), NOW, values)

    def perform(
        self, client: Client, operation: str, values: Mapping[str, str] | None = None, *, seed: str = ""
    ) -> Any:
        """Send a valid request of an operation and return what is answered."""
        return send(client, self.draw(self.operation(operation), values, seed=seed))

    def exercise(self, client: Client, operation: str, *, seed: str = "") -> Any:
        """
        Send a valid request of an operation, about a record that there is, and return what is answered.

        Raises:
            AssertionError: The record cannot be created.
        """
        return send(client, self.request_for(client, operation, seed=seed))

    def request_for(self, client: Client, operation: str, *, seed: str = "") -> DrawnRequest:
        """The request of `exercise`: what it is about is created first."""
        role, described = self.roles.get(operation), self.operation(operation)
        by_body = role is not None and role.verb == "replace" and described.path == role.collection.path
        creating = self.collections().get(role.collection.path, {}).get("create") if role and by_body else None
        if role is None or creating is None:
            return self.draw(described, self.prepared(client, operation, seed=seed), seed=seed)
        request = self.draw(described, seed=seed)
        key = self.key_of(creating, self._created(client, creating, self.path_values(creating, seed), seed))
        return replace(request, value={**request.value, role.collection.key: key})

    def prepared(self, client: Client, operation: str, *, seed: str = "") -> Mapping[str, str]:
        """
        Values for the path of an operation: where it is about one record, that record is created first.

        Raises:
            AssertionError: The record cannot be created.
        """
        role = self.roles.get(operation)
        if role is None or self.operation(operation).path != role.collection.item_path:
            return {}
        verbs = {each.verb: name for name, each in self.roles.items() if each.collection == role.collection}
        creating = verbs.get("create", verbs.get("replace", ""))
        if not creating:
            return {}
        values = self._parents(creating, operation, seed)
        created = self._created(client, creating, values, seed)
        return (
            values
            if "create" not in verbs
            else {**values, role.collection.parameter: str(self.key_of(creating, created))}
        )

    def _parents(self, creating: str, operation: str, seed: str) -> Mapping[str, str]:
        """Values for the parents in a path that both operations allow: one of them may say more of them."""
        names = self.operation(creating).names
        for drawn in (self.path_values(creating, seed), self.path_values(operation, seed)):
            parents = {name: text for name, text in drawn.items() if name in names}
            if all(self._allows(each, parents) for each in (creating, operation)):
                return parents
        return self.path_values(creating, seed)

    def _allows(self, operation: str, values: Mapping[str, str]) -> bool:
        """Whether an operation's path may have these texts."""
        schemas = self.contract.schemas
        parameters = [each for each in self.operation(operation).parameters if each.place == "path"]
        uris = {each.name: schemas.uri_of_pointer(each.schema) for each in parameters}
        return all(
            schemas.accepts(uris[name], text) or (text.isdecimal() and schemas.accepts(uris[name], int(text)))
            for name, text in values.items()
            if name in uris
        )

    def _created(self, client: Client, creating: str, values: Mapping[str, str], seed: str) -> Any:
        """The answer that created a record below those parents; by another request where its key is taken."""
        answer, taken = self.perform(client, creating, values, seed=seed), self._sent_key(creating, seed)
        for number in range(1, MOST_DRAWS if taken is not None else 1):
            if answer.status_code < 300:
                break
            answer = send(client, self._with_key_besides(creating, values, f"{seed} {number}", taken, number))
        if answer.status_code >= 300:
            raise AssertionError(f"{creating} answered {answer.status_code}: {answer.content[:300]!r}")
        return answer.json() if answer.content else None

    def _sent_key(self, creating: str, seed: str) -> Any:
        """The key that a request to create a record chooses; None where clients choose none."""
        role, sent = self.roles[creating], self.draw(self.operation(creating), seed=seed).value
        inner = sent.get(role.sent) if role.sent and isinstance(sent, dict) else sent
        return inner.get(role.collection.key) if isinstance(inner, dict) else None

    def _with_key_besides(
        self, creating: str, values: Mapping[str, str], seed: str, taken: Any, number: int
    ) -> DrawnRequest:
        """The request of a seed; where it is the document's example, so that its key is taken, with another key."""
        described, role = self.operation(creating), self.roles[creating]
        request = self.draw(described, values, seed=seed)
        if self._sent_key(creating, seed) != taken or not isinstance(taken, str | int):
            return request
        steps = (role.sent, role.collection.key) if role.sent else (role.collection.key,)
        value = _placed(request.value, steps, taken + number if isinstance(taken, int) else f"{taken}{number}")
        uri = self.contract.schemas.uri_of_pointer(described.bodies[request.headers["Content-Type"]])
        return replace(request, value=value) if self.contract.schemas.accepts(uri, value) else request

    def key_of(self, creating: str, answer: Any) -> Any:
        """The key of a record in the answer that created it."""
        return self.record_in(creating, answer)[self.roles[creating].collection.key]

    def breakages(self) -> Iterator[Breakage]:
        """For each constraint of each JSON request body, a body that breaks it."""
        walk = SchemaWalk(self.contract)
        for operation in self.operations():
            pointer_of_body = operation.bodies.get(operation.json_body or "")
            if pointer_of_body is None:
                continue
            uri = self.contract.schemas.uri_of_pointer(pointer_of_body)
            valid = self.draw(operation).value
            if not self.contract.schemas.accepts(uri, valid):
                continue
            found = self._breakages_of(operation, uri, valid, walk.locations(uri))
            yield from islice(found, MOST_BREAKAGES)

    def _breakages_of(
        self, operation: Operation, uri: str, valid: Any, places: Mapping[Steps, SchemaLocation]
    ) -> Iterator[Breakage]:
        for steps, place in places.items():
            if place.requirement is None or not steps or "*" in steps:
                continue
            if place.required:
                broken = edited(valid, steps, lambda _value, _name: None)
                yield from self._broken(operation, uri, broken, f"without {pointer(steps)}", "required")
            keywords = dict.fromkeys(name for limits in place.limits for name in limits if name in LIMITS)
            for keyword in keywords:
                tried = (
                    each
                    for wrong in WRONG
                    for each in self._broken(
                        operation, uri, _placed(valid, steps, wrong), f"{pointer(steps)} = {wrong!r:.20}", keyword
                    )
                )
                yield from islice(tried, 1)

    def _broken(self, operation: Operation, uri: str, broken: Any, what: str, keyword: str) -> Iterator[Breakage]:
        """The breakage, where a body breaks just that keyword of a requirement."""
        findings = self.contract.schemas.findings(uri, broken, "request.body")
        if findings and findings[0].keyword == keyword and findings[0].requirement:
            yield Breakage(operation.id, findings[0].requirement, what, broken)

    def success(self, operation: str) -> int:
        """The documented status of success."""
        return success_status(self.operation(operation))

    def collection_of(self, operation: str) -> Collection:
        return self.roles[operation].collection

    def path_values(self, operation: str, seed: str = "") -> Mapping[str, str]:
        """The values that `draw` gives the parents in an operation's path."""
        described = self.operation(operation)
        drawn = self.draw(described, seed=seed)
        match = self.contract.operations.find(drawn.method, drawn.path)
        return dict(match.path_parameters) if match is not None else {}

    def operation(self, name: str) -> Operation:
        """
        An operation by its id.

        Raises:
            LookupError: The contract has none.
        """
        found = self.contract.operations.by_id(name)
        if found is None:
            raise LookupError(f"the contract has no operation {name}")
        return found


def _placed(value: Any, steps: Steps, wrong: Any) -> Any:
    """A copy with a value at a place, also where an object has no such member yet; the same where it has no parent."""
    if not steps:
        return wrong
    if not isinstance(value, dict) or (len(steps) > 1 and steps[0] not in value):
        return value
    return {**value, steps[0]: _placed(value.get(steps[0]), steps[1:], wrong)}


def send(client: Client, request: DrawnRequest) -> Any:
    """Send a drawn request by a client."""
    return client.send(request.method, request.path, query=request.query, headers=request.headers, body=request.body)


def load_plan(slug: str, folder: Traversable) -> SuitePlan:
    """
    The plan of a contract.

    Raises:
        ContractError: It cannot be loaded.
    """
    return SuitePlan(load_contract(slug, folder))
