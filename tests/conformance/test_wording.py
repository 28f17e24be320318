"""Findings are worded plainly: no keyword of JSON Schema and no regular expression shows up in any of them."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.conformance import Contract, Finding, load_contract
from flowproof.conformance.explanation import Explainer
from flowproof.conformance.schemas import Schemas
from flowproof.kernel.control.app import control_contract

PROVIDERS = ("dots_eco", "flow1st", "integrations", "oneflow", "otter")
KEYWORD = re.compile(r"\b(?:min|max|unique|exclusive|additional|unevaluated|dependent|any|one|all|multiple)[A-Z]\w+")
JARGON = re.compile(r" says\b|\ba length of\b|\bnot \{|^(?:string|integer|object|array)$")
SIGNS = re.compile(r"\[\^|\\[sdwn]|\{\d+(?:,\d*)?\}|\^[^\s]|\(\?|\.\*|\]\+|\$$")
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0.5, 10**30, "", "x", "\n", "y" * 3000, [], [1, 1], [{}], ["", ""] * 200, {}),
    *({"x": 1}, {"alias": ""}, {"role": "other"}, [{"role": "default"}] * 2, {"type": "webhook"}, {"localFile": True}),
    *({"sourceItemId": "1", "sourceProductId": "1", "components": []}, {"sourceItemId": "1", "sourceProductId": "1"}),
)


@cache
def contract_of(slug: str) -> Contract:
    """The contract of a provider, or of the control API."""
    return control_contract() if slug == "control" else load_contract(slug)


def nodes(value: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a document with its JSON pointer."""
    if isinstance(value, dict):
        yield pointer, value
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from nodes(each, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")


def schemas_of(slug: str) -> list[tuple[str, dict[str, Any]]]:
    """Every schema of a contract that limits a value, with its URI."""
    limits = {"type", "enum", "const", "pattern", "not", "anyOf", "oneOf", "required", "contains", "if", "$ref"}
    return [
        (f"{uri}#{pointer}", node)
        for uri, document in contract_of(slug).schemas.resources.items()
        for pointer, node in nodes(document)
        if limits & node.keys()
        and not pointer.endswith(("/properties", "/x-requirement-of"))
        and "/example" not in pointer
        and (uri.endswith(".json") or "/schema" in pointer)
    ]


def leaks(finding: Finding, patterns: frozenset[str]) -> list[str]:
    """What of a schema's own language shows up in a finding's words."""
    text = f"{finding.expected} {finding.demand}"
    found = [each for each in patterns if len(each) > 4 and each in text]
    return [*found, *(match[0] for sign in (KEYWORD, JARGON, SIGNS) if (match := sign.search(finding.expected)))]


@pytest.mark.parametrize("slug", [*PROVIDERS, "control"])
def test_every_pattern_is_put_into_words(slug: str) -> None:
    """Beside each pattern, and in what a list has to contain, stands what is expected, in words."""
    found = schemas_of(slug)
    silent = [uri for uri, node in found if isinstance(node.get("pattern"), str) and not node.get("x-expected")]
    silent += [
        uri for uri, node in found if isinstance(node.get("contains"), dict) and "x-expected" not in node["contains"]
    ]

    assert silent == []


@pytest.mark.parametrize("slug", [*PROVIDERS, "control"])
def test_no_finding_speaks_the_language_of_schemas(slug: str) -> None:
    """Whatever value meets whatever schema of a contract, the findings name no keyword, pattern or bare type."""
    found, resources = schemas_of(slug), contract_of(slug).schemas.resources
    patterns = frozenset(node["pattern"] for _, node in found if isinstance(node.get("pattern"), str))
    explainer = Explainer(resources, contract_of(slug).schemas.accepts)
    bad = {
        (uri, str(finding), each)
        for uri, _ in found
        for value in VALUES
        for finding in explainer.explain(uri.rstrip("#"), value, "request.body")
        for each in leaks(finding, patterns)
    }

    assert len(found) > 20
    assert bad == set()


def worded(schema: dict[str, Any], value: Any) -> list[str]:
    """What is expected of a value by a schema of no contract of ours, in the findings' order."""
    made = {"$id": "https://flowproof.example/x/schemas/a.schema.json", **schema}
    schemas = Schemas("x", {"openapi": "3.1.0", "paths": {}}, {"a.schema.json": made})
    return [each.expected for each in schemas.findings(schemas.uri_of_file("a.schema.json"), value, "request.body")]


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        ({"type": "integer"}, "1", "an integer"),
        ({"type": ["boolean", "null"]}, 1, "true or false or null"),
        ({"enum": ["a", 1]}, 2, 'one of "a", 1'),
        ({"enum": ["a"]}, 2, '"a"'),
        ({"const": True}, 1, "true"),
        ({"minLength": 1}, "", "a string that is not empty"),
        ({"minLength": 3, "maxLength": 3}, "", "a string of exactly 3 characters"),
        ({"maxLength": 1}, "ab", "a string of at most 1 character"),
        ({"minItems": 1}, [], "a list that is not empty"),
        ({"maxItems": 0}, [1], "an empty list"),
        ({"minItems": 2}, [1], "a list of at least 2 items"),
        ({"minProperties": 1}, {}, "an object that is not empty"),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, "an object with at most 1 member"),
        ({"minimum": 1}, 0, "at least 1"),
        ({"exclusiveMinimum": 0}, 0, "more than 0"),
        ({"exclusiveMaximum": 0}, 0, "less than 0"),
        ({"multipleOf": 1}, 0.5, "a whole number"),
        ({"uniqueItems": True}, [1, 1], "a list that has no item twice"),
        ({"pattern": "^a+$"}, "b", "a string in the documented form"),
        ({"pattern": "^a+$", "x-expected": "some a"}, "b", "some a"),
        ({"format": "date"}, "x", "a date of the calendar, in the form YYYY-MM-DD"),
        ({"contains": {"const": 1}}, [2], "a list with an item of the documented form"),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, 1, "null or a string"),
        ({"oneOf": [{"type": "null"}, {"required": ["a"]}]}, {}, "null or an object in which a is required"),
        ({"oneOf": [{"type": "integer"}, {"minimum": 0}]}, 1, "a value that the contract allows"),
        ({"additionalProperties": False, "properties": {"a": {}}}, {"b": 1}, "an object with no members but a"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "b beside a"),
        ({"not": {}}, 1, "nothing"),
        ({"not": {"type": "string"}}, "x", "a value that the contract allows"),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, "a string of at most 1 character"),
    ],
)
def test_keyword_is_worded_plainly(schema: dict[str, Any], value: Any, words: str) -> None:
    """For each keyword, what was expected is said in words that fit behind "must be"."""
    assert worded(schema, value) == [words]


@given(value=st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists, max_leaves=4))
def test_what_must_be_left_out_need_not_have_a_form(value: Any) -> None:
    """Where a member must be left out, no finding says which form it should have."""
    order = load_contract("oneflow").schemas
    uri = f"{order.uri_of_file('order.schema.json')}#/$defs/item"
    item = {"sourceItemId": "1", "sourceProductId": "9781718901438", "components": value}

    found = order.findings(uri, item, "request.body")

    assert [(each.pointer, each.demand, each.requirement) for each in found] == [
        ("/components", "must be left out", "oneflow.order.piazza_without_components")
    ]
