"""Values are drawn from schemas, and are what the schemas allow."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.conformance.schemas import Schemas
from flowproof.openapi.generation import Generator, Occasion
from flowproof.openapi.schema_reader import SchemaReader

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

limits = st.integers(0, 8).flatmap(lambda least: st.tuples(st.just(least), st.integers(least, 30)))
texts = st.one_of(
    limits.map(lambda each: {"type": "string", "minLength": each[0], "maxLength": each[1]}),
    st.sampled_from(["date", "date-time", "uuid", "email", "uri", "ipv4"]).map(
        lambda f: {"type": "string", "format": f}
    ),
    st.sampled_from(["^[A-Z]{3}$", r"^\d{4}-\d{2}$", "^(a|b)+$", "^x[0-9a-f]{32}$"]).map(
        lambda pattern: {"type": "string", "pattern": pattern}
    ),
)
numbers = st.tuples(st.integers(-50, 50), st.integers(1, 60), st.sampled_from([1, 2, 5])).map(
    lambda each: {"type": "integer", "minimum": each[0], "maximum": each[0] + each[1] + 5, "multipleOf": each[2]}
)
exclusive = st.integers(-50, 50).map(
    lambda low: {"type": "number", "exclusiveMinimum": low, "exclusiveMaximum": low + 2}
)
simple = st.one_of(
    texts, numbers, exclusive, st.just({"type": "boolean"}), st.just({"enum": ["a", 7]}), st.just({"const": [1]})
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects, lists and branches of other schemas."""
    members = st.dictionaries(st.sampled_from("abcd"), inner, min_size=1, max_size=3)
    return st.one_of(
        members.map(lambda each: {"type": "object", "properties": each, "required": sorted(each)}),
        members.map(lambda each: {"type": "object", "properties": each, "additionalProperties": False}),
        st.tuples(inner, limits).map(lambda each: {"type": "array", "items": each[0], "minItems": each[1][0]}),
        st.lists(inner, min_size=1, max_size=2).map(lambda each: {"anyOf": each}),
        inner.map(lambda each: {"allOf": [each, {"description": "the same"}]}),
    )


def drawn(schema: Any, seed: int) -> tuple[Any, bool]:
    """A value of a schema, and whether it is valid."""
    document = {"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"A": schema}}}
    schemas = Schemas("a", document, {})
    generator = Generator(SchemaReader(document), schemas)
    pointer = "/components/schemas/A"
    value = generator.value(pointer, Occasion(Random(seed), NOW))
    return value, schemas.accepts(schemas.uri_of_pointer(pointer), value)


@given(schema=st.recursive(simple, nested, max_leaves=6), seed=st.integers(0, 99))
def test_drawn_value_is_what_the_schema_allows(schema: Any, seed: int) -> None:
    """Whatever the schema, a drawn value is valid by it, and is the same for the same seed."""
    value, is_valid = drawn(schema, seed)

    assert is_valid, (schema, value)
    assert drawn(schema, seed)[0] == value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "examples": [7]}, 7),
        ({"type": "string", "default": "d"}, "d"),
        ({"type": ["string", "null"], "const": None}, None),
        ({"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2, "writeOnly": True}}}, {"a": 1}),
        ({"type": "array", "minItems": 2, "items": {"enum": ["a", "b"]}, "uniqueItems": True}, ["a", "b"]),
    ],
    ids=str,
)
def test_schema_s_own_values_come_first(schema: Any, value: Any) -> None:
    """Examples, defaults and constants are taken before anything is drawn; what is write-only is no answer's."""
    assert drawn(schema, 0) == (value, True)


def test_schema_that_contains_itself_ends() -> None:
    """A schema that contains itself gives a value of some levels."""
    schema = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"const": "n"}, "inner": {"$ref": "#/components/schemas/A"}},
    }

    assert drawn(schema, 0)[1]


def test_discriminated_branch_names_itself() -> None:
    """Of branches with a discriminator the value names the branch that it is of."""
    document = {
        "openapi": "3.1.0",
        "paths": {},
        "components": {
            "schemas": {
                "A": {"oneOf": [{"$ref": "#/components/schemas/Cat"}], "discriminator": {"propertyName": "kind"}},
                "Cat": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}},
            }
        },
    }
    schemas = Schemas("a", document, {})
    generator = Generator(SchemaReader(document), schemas)

    assert generator.value("/components/schemas/A", Occasion(Random(0), NOW)) == {"kind": "Cat"}
