"""
Contract, mock, client and suite all know a request's field: CONTRIBUTING.md, "Add a field to an order".

Everything is read from the request's schema, so a field that is added there and forgotten elsewhere is named here.
"""

import copy
from collections.abc import Callable, Iterator
from functools import cache
from inspect import signature
from itertools import zip_longest
from typing import Any

import pytest

from flowproof.clients.client import Client
from flowproof.conformance import load_contract
from flowproof.conformance.places import Steps, places_of
from flowproof.conformance.schema_walk import SchemaLocation, SchemaWalk
from flowproof.target import Workspace
from tests import tree
from tests.resources import RESOURCES, Resource, drawn_places, has_place

Json = Any
each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=str)
OF_TOKENS = {"token-request.schema.json", "refresh-request.schema.json"}
VALUES = {"string": "any text", "integer": 7, "number": 0.5, "boolean": True, "object": {"a": 1}, "array": ["a"]}


@cache
def places(resource: Resource) -> dict[Steps, SchemaLocation]:
    """Every field that the request's schema names, at any depth."""
    contract = load_contract(resource.provider)
    found = SchemaWalk(contract).locations(contract.schemas.uri_of_file(resource.schema))
    return {steps: place for steps, place in found.items() if steps and steps[-1] != "*"}


def body_schemas(slug: str) -> set[str]:
    """The schema files of a contract's request bodies."""
    contract = load_contract(slug)
    pointers = {pointer for operation in contract.operations.all for pointer in operation.bodies.values()}
    schemas = [resolved(contract.document, pointer) for pointer in pointers]
    return {schema["$ref"].rpartition("/")[2] for schema in schemas if "$ref" in schema}


def resolved(document: Json, pointer: str) -> Json:
    """What a JSON pointer leads to."""
    for step in pointer.split("/")[1:]:
        document = document[step.replace("~1", "/").replace("~0", "~")]
    return document


def named(steps: Steps) -> str:
    """A place for people."""
    return ".".join(steps)


def missing_from(found: set[Steps], resource: Resource) -> list[str]:
    """The fields of the schema that are not among these places."""
    return [named(each) for each in places(resource) if each not in found]


def completed(resource: Resource) -> list[Json]:
    """The suite's bodies, with a value from the schema for every field that none of them has."""
    bodies = copy.deepcopy(resource.bodies())
    present = {steps for body in bodies for steps in places_of(body)}
    for steps, place in places(resource).items():
        if steps not in present:
            kind = next((limits["type"] for limits in place.limits if "type" in limits), "string")
            parents = [each for body in bodies for each in values_at(body, steps[:-1]) if isinstance(each, dict)]
            parents[0][steps[-1]] = VALUES[kind if isinstance(kind, str) else kind[0]]
    return bodies


def values_at(value: Json, steps: Steps) -> list[Json]:
    """The values of a place."""
    if not steps:
        return [value]
    if steps[0] == "*":
        return [found for each in value for found in values_at(each, steps[1:])] if isinstance(value, list) else []
    return values_at(value[steps[0]], steps[1:]) if isinstance(value, dict) and steps[0] in value else []


def lost(resource: Resource, sent: Json, read: Json, steps: Steps = ()) -> Iterator[str]:
    """Where a value that was read back differs from what was sent, by the innermost fields of the schema."""
    if steps in resource.not_read:
        return
    if isinstance(sent, dict) and any(
        len(each) > len(steps) and each[: len(steps)] == steps for each in places(resource)
    ):
        for name, each in sent.items():
            yield from lost(resource, each, read.get(name) if isinstance(read, dict) else None, (*steps, name))
    elif isinstance(sent, list) and isinstance(read, list):
        for each, its in zip_longest(sent, read):
            yield from lost(resource, each, its, (*steps, "*"))
    elif sent != read:
        yield f"{named(steps)}: sent {sent!r}, read {read!r}"


@pytest.mark.parametrize("slug", tree.every_slug())
def test_every_request_body_is_of_a_resource(slug: str) -> None:
    """Each schema of a request body is one of a resource below, or asks for a token."""
    of_resources = {each.schema for each in RESOURCES if each.provider == slug}

    assert body_schemas(slug) - of_resources - OF_TOKENS == set(), "add a resource to tests/resources.py"


@each_resource
def test_every_field_survives_submit_and_read(
    resource: Resource, make_workspace: Callable[..., Workspace], request: pytest.FixtureRequest
) -> None:
    """What the real client sends of each field of the schema is what it reads back from the mock."""
    make_client: Callable[..., Client] = request.getfixturevalue(f"make_{resource.provider}")
    differences: list[str] = []
    for body in completed(resource):
        with make_workspace() as workspace:
            read = resource.round_trip(make_client(workspace), workspace, body)
        differences += lost(resource, body, read)

    assert differences == [], f"{resource}: look at its mock, and at its client's parameters and results"


@each_resource
def test_client_has_every_field(resource: Resource) -> None:
    """The client's method has a parameter, or its types an entry, for each field of the schema."""
    known = signature(resource.call).parameters if resource.call is not None else {}
    lacking = [
        named(steps)
        for steps in places(resource)
        if (len(steps) == 1 and resource.call is not None and resource.parameter(steps[0]) not in (None, *known))
        or any(steps[: len(at)] == at and not has_place(kind, steps[len(at) :]) for at, kind in resource.types.items())
    ]

    assert lacking == [], f"add them to src/flowproof/clients/{resource.provider}"


@each_resource
def test_suite_has_a_body_with_every_field(resource: Resource) -> None:
    """The suite's fullest bodies have each field of the schema."""
    found = {steps for body in resource.bodies() for steps in places_of(body)}

    assert missing_from(found, resource) == [], f"add them to suites/{resource.provider}/strategies.py or setup.py"


@pytest.mark.parametrize("resource", [each for each in RESOURCES if each.drawn is not None], ids=str)
def test_suite_draws_every_field(resource: Resource) -> None:
    """What the suite draws as valid bodies has each field of the schema sometimes."""
    assert resource.drawn is not None
    found = drawn_places(resource.drawn)

    assert missing_from(found, resource) == [], f"add them to suites/{resource.provider}/strategies.py"


@pytest.mark.parametrize("resource", [each for each in RESOURCES if each.broken is not None], ids=str)
def test_suite_breaks_every_field(resource: Resource) -> None:
    """For each field of the schema the suite has a body in which that field alone is invalid."""
    assert resource.broken is not None
    found = resource.broken()

    assert missing_from(found, resource) == [], f"add invalid examples to suites/{resource.provider}"
