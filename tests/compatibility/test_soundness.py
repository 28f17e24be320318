"""What a JSON Schema validator of another hand says about two schemas, the comparison says, too."""

from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from flowproof.compatibility import RULES, Document
from flowproof.compatibility.documents import Node
from flowproof.compatibility.schemas import SchemaComparison
from flowproof.compatibility.sources import FolderSource

NAMES = ("a", "b")
SCALARS: tuple[Any, ...] = (None, True, False, 0, 1, 2, 1.5, -1, "", "a", "ab", "abc")
LISTS: tuple[list[Any], ...] = ([], [0], ["a"], [1, 1], ["a", 1, None])
OBJECTS: tuple[dict[str, Any], ...] = tuple(
    {name: value for name, value in zip(NAMES, values, strict=True) if value != "absent"}
    for values in product(("absent", *SCALARS[:9], []), ("absent", 1, "a", None))
)
VALUES: tuple[Any, ...] = (*SCALARS, *LISTS, *OBJECTS, {"c": 1}, [[]], [{"a": 1}])

TYPES = st.sampled_from(["null", "boolean", "object", "array", "string", "number", "integer"])


def one_keyword(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[Mapping[str, Any]]:
    """Schemas of one keyword."""
    small = st.integers(0, 2)
    values: Mapping[str, st.SearchStrategy[Any]] = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "enum": st.lists(st.sampled_from(SCALARS), min_size=1, max_size=3, unique_by=repr),
        "const": st.sampled_from(SCALARS),
        "minimum": small,
        "exclusiveMinimum": small,
        "maximum": small,
        "exclusiveMaximum": small,
        "multipleOf": st.sampled_from([1, 2]),
        "minLength": small,
        "maxLength": small,
        "minItems": small,
        "maxItems": small,
        "uniqueItems": st.booleans(),
        "minProperties": small,
        "maxProperties": small,
        "pattern": st.sampled_from(["^a", "b$"]),
        "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        "dependentRequired": st.just({"a": ["b"]}),
        "properties": st.dictionaries(st.sampled_from(NAMES), schemas, max_size=2),
        "additionalProperties": schemas,
        "patternProperties": st.dictionaries(st.just("^c"), schemas, max_size=1),
        "items": schemas,
        "prefixItems": st.lists(schemas, min_size=1, max_size=2),
        "not": schemas,
        "allOf": st.lists(schemas, min_size=1, max_size=2),
        "anyOf": st.lists(schemas, min_size=1, max_size=3),
        "propertyNames": schemas,
    }
    return st.one_of(*(st.fixed_dictionaries({name: each}) for name, each in values.items()))


def schemas() -> st.SearchStrategy[Any]:
    """Schemas of a few keywords, a few levels deep."""

    def wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.lists(one_keyword(inner), min_size=1, max_size=3).map(
            lambda parts: {k: v for each in parts for k, v in each.items()}
        )

    return st.recursive(st.booleans() | st.just({}), wider, max_leaves=4)


@st.composite
def pairs(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[Any, Any]:
    """A schema, and another that has most in common with it."""
    old = draw(schemas())
    change = draw(schemas())
    if not isinstance(old, dict) or not isinstance(change, dict):
        return old, change
    kept = {name: value for name, value in old.items() if draw(st.booleans())}
    return old, {**old, **change} if draw(st.booleans()) else {**kept, **change}


def rules(old: Any, new: Any, position: Any) -> set[str]:
    """The last parts of the ids of what differs between two schemas in a request."""
    was, now = (Node(Document(FolderSource(Path()), "x"), "x", "", each) for each in (old, new))
    return {each.last for _, each in SchemaComparison().differences((was,), (now,), position)}


@given(pairs())
def test_less_that_is_allowed_is_never_missed(pair: tuple[Any, Any]) -> None:
    """A value that only the old schema allows is announced as a change that breaks clients in a request."""
    old, new = (jsonschema.Draft202012Validator(each) for each in pair)
    lost = [value for value in VALUES if old.is_valid(value) and not new.is_valid(value)]
    breaking = {each for each in rules(*pair, "request") if RULES[f"request.{each}"].clients}
    assert not lost or breaking or "property.added" in rules(*pair, "request"), lost


@given(pairs())
def test_more_that_is_allowed_is_never_missed(pair: tuple[Any, Any]) -> None:
    """A value that only the new schema allows is announced as a change that breaks clients in a response."""
    old, new = (jsonschema.Draft202012Validator(each) for each in pair)
    won = [value for value in VALUES if new.is_valid(value) and not old.is_valid(value)]
    breaking = {each for each in rules(*pair, "response") if RULES[f"response.{each}"].clients}
    assert not won or breaking or "property.removed" in rules(*pair, "response"), won


@given(schemas())
def test_schema_is_the_same_as_itself(schema: Any) -> None:
    """Nothing differs between a schema and itself, or itself behind an `allOf`."""
    assert rules(schema, schema, "request") == set()
    assert rules(schema, {"allOf": [schema]}, "response") == set()
