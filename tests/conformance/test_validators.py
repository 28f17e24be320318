"""The two validators agree: what jsonschema-rs accepts, jsonschema accepts, and every error is explained."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from flowproof.conformance import load_contract
from flowproof.conformance.explanation import Explainer, Validator
from flowproof.conformance.formats import FORMATS
from flowproof.conformance.schemas import Schemas

FIXTURES = Path(__file__).parents[2] / "fixtures" / "oneflow"
CONTRACT = load_contract("oneflow")
SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 1.0, 0.5, 2**53 + 1, 10**30, 1e300, [], {}, [{}], {"a": None}),
        *("", "x", "GB", "GB\n", "2017-04-08", "2017-04-08\n", "2017-02-30", "5910757faab8ec6f60127999\n"),
        "\u0662\u0660\u0661\u0667-04-08",
    ]
).map(copy.deepcopy)  # copied, since a later mutation may change it


@cache
def documents() -> list[Any]:
    """Valid documents of the cases: orders, responses and their parts."""
    cases = [orjson.loads(file.read_bytes()) for file in sorted((FIXTURES / "cases").glob("*.json"))]
    bodies = [
        step[side]["body"]
        for case in cases
        for step in case.get("steps", ())
        for side in ("request", "response")
        if "body" in step.get(side, {})
    ]
    assert bodies
    return [*bodies, orjson.loads((FIXTURES / "seed.json").read_bytes())]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            found += [(value, key), *places(inner)]
    return found


@st.composite
def mutations(draw: st.DrawFn) -> Any:
    """A document of a case with up to three changes."""
    document = copy.deepcopy(draw(st.sampled_from(documents())))
    for _ in range(draw(st.integers(0, 3))):
        inside = places(document)
        if not inside:
            break
        container, key = draw(st.sampled_from(inside))
        action = draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "replace":
            container[key] = draw(SCALARS)
        elif action == "remove":
            del container[key]
        elif isinstance(container, list):
            container.append(draw(SCALARS))
        else:
            container[draw(st.sampled_from(["extra", "alias", "sku", "sourceProductId", "fetch", "localFile"]))] = draw(
                SCALARS
            )
    return document


@cache
def second_opinion(uri: str) -> Draft202012Validator:
    """jsonschema with our formats, and patterns of ECMAScript: Python's ``$`` accepts a line break."""
    registry: Any = Registry().with_resources(
        (each, DRAFT202012.create_resource(contents)) for each, contents in CONTRACT.schemas.resources.items()
    )
    checker = FormatChecker(formats=())
    for name, accepts in FORMATS.items():
        checker.checks(name)(lambda text, accepts=accepts: not isinstance(text, str) or accepts(text))
    validator: Draft202012Validator = Validator({"$ref": uri}, registry=registry, format_checker=checker)
    return validator


@settings(max_examples=150)
@given(name=st.sampled_from(sorted(CONTRACT.schemas._uris)), value=mutations() | SCALARS)
def test_both_validators_are_of_one_mind(name: str, value: Any) -> None:
    """For every schema, both validators accept a document and its mutations, or both refuse."""
    uri = CONTRACT.schemas.uri_of_file(name)

    assert CONTRACT.schemas.accepts(uri, value) == second_opinion(uri).is_valid(value)


@settings(max_examples=150)
@given(name=st.sampled_from(sorted(CONTRACT.schemas._uris)), value=mutations() | SCALARS)
@example(name="order.schema.json", value=None)
def test_every_no_is_explained_and_no_yes_is(name: str, value: Any) -> None:
    """There is a finding exactly where a document is refused, and it cites an existing requirement or none."""
    uri = CONTRACT.schemas.uri_of_file(name)
    found = Explainer(CONTRACT.schemas.resources, CONTRACT.schemas.accepts).explain(uri, value, "request.body")

    assert bool(found) != CONTRACT.schemas.accepts(uri, value)
    assert {each.requirement for each in found} - {None} <= set(CONTRACT.requirements)
    if name == "order.schema.json":
        assert None not in {each.requirement for each in found}


def test_every_cited_requirement_exists() -> None:
    """
    Each x-requirement of a schema or of the OpenAPI document is an id of requirements.toml.
    """
    cited: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("x-requirement"), str):
                cited.add(node["x-requirement"])
            node = list(node.values())
        if isinstance(node, list):
            for each in node:
                walk(each)

    for resource in CONTRACT.schemas.resources.values():
        walk(resource)

    assert len(cited) > 20
    assert cited - set(CONTRACT.requirements) == set()


def make_schemas(schema: dict[str, Any]) -> Schemas:
    """The schemas of a contract with one file."""
    return Schemas(
        "x",
        {"openapi": "3.1.0", "paths": {}},
        {"a.schema.json": {"$id": "https://flowproof.example/x/schemas/a.schema.json", **schema}},
    )


@pytest.mark.parametrize(
    ("schema", "value", "accepted"),
    [
        ({"pattern": "^[0-9]{4}$"}, "2017", True),
        ({"pattern": "^[0-9]{4}$"}, "2017\n", False),
        ({"pattern": r"^\d$"}, "\u0663", False),
        ({"patternProperties": {"^a$": False}}, {"a\n": 1}, True),
        ({"format": "email"}, "no address", True),
        ({"format": "uri"}, "no address", True),
        ({"format": "ipv4"}, "999", True),
        ({"format": "date"}, "2017-02-29", False),
        ({"format": "date"}, 5, True),
        ({"format": "date-time"}, "2017-04-08T24:00:00Z", False),
        ({"type": "integer"}, 1.0, True),
        ({"type": "integer"}, True, False),
        ({"const": 1}, True, False),
        ({"enum": [0]}, False, False),
        ({"uniqueItems": True}, [1, True], True),
        ({"uniqueItems": True}, [1, 1.0], False),
        ({"multipleOf": 0.01}, 19.99, True),
        ({"maxLength": 1}, "\U0001f600", True),
    ],
)
def test_findings_agree_with_the_verdict(schema: dict[str, Any], value: Any, accepted: bool) -> None:
    """Where the two libraries differ, the findings follow the verdict."""
    schemas = make_schemas(schema)
    uri = schemas.uri_of_file("a.schema.json")

    assert (schemas.accepts(uri, value), not schemas.findings(uri, value, "request.body")) == (accepted, accepted)
    if not schema.keys() & {"patternProperties", "multipleOf"}:  # here only the verdict counts
        assert (not Explainer(schemas.resources, schemas.accepts).explain(uri, value, "request.body")) is accepted


@pytest.mark.parametrize(
    ("value", "pointer", "expected", "got", "keyword"),
    [
        ({}, "/text", "a value", "nothing", "required"),
        ({"text": 5}, "/text", "a string", "5", "type"),
        ({"text": "ab"}, "/text", "a string of at most 1 character", '"ab"', "maxLength"),
        ({"text": "a", "a/b~c": 1}, "/a~1b~0c", "a string or null", "1", "type"),
    ],
)
def test_finding_says_where_what_and_why(value: Any, pointer: str, expected: str, got: str, keyword: str) -> None:
    """A finding has the JSON pointer, the expected and the received value, the requirement and the keyword."""
    schemas = make_schemas(
        {
            "x-requirement": "r.all",
            "required": ["text"],
            "properties": {
                "text": {"x-requirement": "r.text", "type": "string", "maxLength": 1},
                "a/b~c": {"type": ["string", "null"]},
            },
        }
    )
    (found,) = schemas.findings(schemas.uri_of_file("a.schema.json"), value, "request.body")

    assert (found.pointer, found.expected, found.got, found.keyword) == (pointer, expected, got, keyword)
    assert found.requirement == ("r.text" if pointer == "/text" else "r.all")


@pytest.mark.parametrize(
    ("value", "requirement"),
    [({}, "r.source"), ({"kind": "file"}, "r.file"), ({"kind": "file", "path": "", "fetch": True}, "r.path")],
)
def test_missing_property_is_cited_by_the_nearest_name(value: Any, requirement: str) -> None:
    """A missing property violates the requirement of the property in the nearest schema."""
    schemas = make_schemas(
        {
            "x-requirement": "r.all",
            "properties": {
                "fetch": {"x-requirement": "r.fetch", "type": "boolean"},
                "path": {"x-requirement": "r.path", "minLength": 1},
            },
            "if": {"required": ["kind"]},
            "then": {"required": ["fetch"], "properties": {"fetch": {"x-requirement": "r.file"}}},
            "else": {"x-requirement": "r.else", "$ref": "#/$defs/source"},
            "$defs": {"source": {"required": ["fetch"], "properties": {"fetch": {"x-requirement": "r.source"}}}},
        }
    )
    (found,) = schemas.findings(schemas.uri_of_file("a.schema.json"), value, "request.body")

    assert found.requirement == requirement


def test_component_without_fetch_has_no_file_source() -> None:
    """A OneFlow component without `fetch` and `localFile` violates the requirement that it needs one of them."""
    body = next(
        step["request"]["body"]
        for file in sorted((FIXTURES / "cases").glob("*.json"))
        for step in orjson.loads(file.read_bytes()).get("steps", ())
        if "orderData" in step.get("request", {}).get("body", {})
    )
    broken = copy.deepcopy(body)
    for item in broken["orderData"]["items"]:
        for component in item.get("components", ()):
            component.pop("fetch", None)
            component.pop("localFile", None)
    uri = CONTRACT.schemas.uri_of_file("order.schema.json")

    assert CONTRACT.schemas.accepts(uri, body)
    assert {each.requirement for each in CONTRACT.schemas.findings(uri, broken, "request.body")} == {
        "oneflow.order.component.file_source"
    }
