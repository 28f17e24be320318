"""Changes of schemas: each kind in a request and in a response."""

from pathlib import Path
from typing import Any

import pytest

from flowproof.compatibility import compare
from tests.compatibility.documents import changes, document, found, opened, request, response

OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
CLOSED = {**OPEN, "additionalProperties": False}
WITH_B = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}

NARROWED, WIDENED, REPLACED = ("clients", "provider"), ("provider", "clients"), ("both", "both")

PAIRS: list[tuple[Any, Any, str, tuple[str, str]]] = [
    ({"type": ["string", "null"]}, {"type": "string"}, "type.narrowed", NARROWED),
    ({"type": "integer"}, {"type": "number"}, "type.widened", WIDENED),
    ({"type": "string"}, {"type": "integer"}, "type.changed", REPLACED),
    ({}, {"type": "string"}, "type.narrowed", NARROWED),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, "enum.removed", NARROWED),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, "enum.added", WIDENED),
    ({"const": "a"}, {"enum": ["a", "b"]}, "enum.added", WIDENED),
    ({"type": "string"}, {"type": "string", "enum": ["a"]}, "enum.removed", NARROWED),
    ({"minimum": 1}, {"minimum": 2}, "limit.tightened", NARROWED),
    ({"minimum": 1}, {"exclusiveMinimum": 1}, "limit.tightened", NARROWED),
    ({"maximum": 1}, {"maximum": 2}, "limit.loosened", WIDENED),
    ({"maxLength": 5}, {}, "limit.loosened", WIDENED),
    ({}, {"minItems": 1}, "limit.tightened", NARROWED),
    ({"multipleOf": 2}, {"multipleOf": 4}, "limit.tightened", NARROWED),
    ({"multipleOf": 4}, {"multipleOf": 2}, "limit.loosened", WIDENED),
    ({}, {"uniqueItems": True}, "limit.tightened", NARROWED),
    ({}, {"pattern": "^a"}, "format.added", NARROWED),
    ({"format": "date"}, {}, "format.removed", WIDENED),
    ({"format": "int32"}, {"format": "int64"}, "format.removed", WIDENED),
    ({"pattern": "^a"}, {"pattern": "^b"}, "format.changed", REPLACED),
    (OPEN, {**OPEN, "required": ["a"]}, "property.required", NARROWED),
    ({**OPEN, "required": ["a"]}, OPEN, "property.optional", WIDENED),
    (OPEN, {**WITH_B, "required": ["b"]}, "property.added.required", NARROWED),
    (OPEN, WITH_B, "property.added", ("provider", "none")),
    (CLOSED, {**WITH_B, "additionalProperties": False}, "property.added.closed", WIDENED),
    (WITH_B, OPEN, "property.removed", ("clients", "clients")),
    ({**WITH_B, "additionalProperties": False}, CLOSED, "property.removed.closed", ("clients", "both")),
    (OPEN, CLOSED, "others.forbidden", NARROWED),
    (CLOSED, OPEN, "others.allowed", WIDENED),
    ({"type": "array"}, {"type": "array", "items": {"type": "string"}}, "type.narrowed", NARROWED),
    ({"items": {"maximum": 3}}, {"items": {"maximum": 2}}, "limit.tightened", NARROWED),
    ({"prefixItems": [{"type": "string"}]}, {"prefixItems": [{"type": "null"}]}, "type.changed", REPLACED),
    ({"oneOf": [OPEN, {"const": 1}]}, {"oneOf": [OPEN, {"const": 1}, {"const": 2}]}, "alternative.added", WIDENED),
    ({"anyOf": [OPEN]}, {"anyOf": [OPEN, {"type": "null"}]}, "type.widened", WIDENED),
    ({"anyOf": [OPEN, {"const": 1}]}, {"anyOf": [{"const": 1}]}, "alternative.removed", NARROWED),
    ({"type": "string"}, {"oneOf": [{"type": "integer"}, {"type": "string"}]}, "alternative.added", WIDENED),
    ({}, {"not": {"const": 1}}, "condition.added", NARROWED),
    ({"not": {"const": 1}}, {}, "condition.removed", WIDENED),
    ({"if": {"const": 1}}, {"if": {"const": 2}}, "condition.changed", REPLACED),
    ({"items": True}, {"items": False}, "schema.narrowed", NARROWED),
    ({"items": False}, {"items": True}, "schema.widened", WIDENED),
    ({"default": 1}, {"default": 2}, "default.changed", ("clients", "none")),
    ({}, {"description": "A bike."}, "documentation", ("none", "none")),
    ({}, {"deprecated": True}, "deprecated", ("none", "none")),
    (
        {"dependentRequired": {"a": ["b"]}},
        {"dependentRequired": {"a": ["b", "c"]}},
        "property.required",
        NARROWED,
    ),
    (
        {"properties": {"a": {"readOnly": True}}},
        {"properties": {"a": {"readOnly": False}}},
        "property.access.changed",
        REPLACED,
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "last", "breaks"), PAIRS, ids=lambda each: each if isinstance(each, str) else ""
)
def test_each_kind_of_change_breaks_whom_it_should(
    tmp_path: Path, old: Any, new: Any, last: str, breaks: tuple[str, str]
) -> None:
    """A change of a schema is found once, and breaks one side in a request and the other in a response."""
    in_request, in_response = breaks
    assert (f"request.{last}", in_request) in found(tmp_path / "1", request(old), request(new))
    assert (f"response.{last}", in_response) in found(tmp_path / "2", response(old), response(new))


@pytest.mark.parametrize(
    ("old", "new", "last", "breaks"), PAIRS, ids=lambda each: each if isinstance(each, str) else ""
)
def test_each_change_of_a_schema_is_one(tmp_path: Path, old: Any, new: Any, last: str, breaks: tuple[str, str]) -> None:
    """Nothing but that change is reported."""
    in_request, _ = breaks
    assert found(tmp_path, request(old), request(new)) == {(f"request.{last}", in_request)}


SAME: list[tuple[str, Any, Any]] = [
    ("split by allOf", {**WITH_B, "required": ["a"]}, {"allOf": [OPEN, {"required": ["a"]}, WITH_B]}),
    ("const for enum of one", {"const": 1}, {"enum": [1]}),
    ("null as an alternative", {"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": ["string", "null"]}),
    ("number and integer", {"type": "number"}, {"type": ["number", "integer"]}),
    (
        "order of alternatives",
        {"oneOf": [OPEN, {"type": "null"}, {"const": 1}]},
        {"oneOf": [{"const": 1}, {"type": "null"}, OPEN]},
    ),
    ("limits that hold anyhow", {"minLength": 0, "minItems": 0}, {}),
    ("the weaker of two limits", {"maximum": 2}, {"allOf": [{"maximum": 2}, {"maximum": 3}]}),
    ("order of members", {"type": "string", "maxLength": 3}, {"maxLength": 3, "type": "string"}),
    ("extensions", {}, {"x-internal": True}),
]


@pytest.mark.parametrize(("old", "new"), [each[1:] for each in SAME], ids=[each[0] for each in SAME])
def test_another_spelling_is_no_change(tmp_path: Path, old: Any, new: Any) -> None:
    """Two spellings of one schema are the same, in both directions."""
    assert found(tmp_path / "1", request(old), request(new)) == set()
    assert found(tmp_path / "2", response(new), response(old)) == set()


def test_schema_may_move_behind_a_reference(tmp_path: Path) -> None:
    """A schema that moved to the components, or to a file of its own, is the one that it was."""
    inline = request({"type": "object", "properties": {"bike": OPEN}})
    moved = {
        **request({"$ref": "bike.json"}),
        "components": {"schemas": {"Bike": {"$anchor": "bike", **OPEN}}},
    }
    new = opened(tmp_path / "new", moved)
    (tmp_path / "new" / "bike.json").write_text(
        '{"type": "object", "properties": {"bike": {"$ref": "openapi.json#bike"}}}', encoding="utf-8"
    )
    assert compare(opened(tmp_path / "old", inline), new) == []


def test_nullable_of_3_0_is_a_type_of_3_1(tmp_path: Path) -> None:
    """A document that moves from OpenAPI 3.0 to 3.1 has not changed."""
    old = {**request({"type": "string", "nullable": True, "minimum": 1, "exclusiveMinimum": True}), "openapi": "3.0.3"}
    assert found(tmp_path, old, request({"type": ["string", "null"], "exclusiveMinimum": 1})) == set()


def test_recursive_schemas_are_compared(tmp_path: Path) -> None:
    """A schema that refers to itself is compared once, and its changes are found."""

    def tree(leaf: Any) -> Any:
        node = {
            "type": "object",
            "properties": {"leaf": leaf, "children": {"items": {"$ref": "#/components/schemas/N"}}},
        }
        return {**request({"$ref": "#/components/schemas/N"}), "components": {"schemas": {"N": node}}}

    only = changes(tmp_path, tree({"type": "string"}), tree({"type": "integer"}))
    assert [(each.rule_id, each.where) for each in only] == [("request.type.changed", "request body $.leaf")]


def test_change_of_a_shared_schema_is_one_change(tmp_path: Path) -> None:
    """A schema that two operations use has changed once; both are named."""

    def shared(schema: Any) -> Any:
        body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Bike"}}}}
        methods = {name: {"requestBody": body, "responses": {}} for name in ("put", "post")}
        return document(paths={"/bikes": methods}, components={"schemas": {"Bike": schema}})

    only = changes(tmp_path, shared({"maximum": 2}), shared({"maximum": 1}))
    assert [(each.rule_id, each.operations) for each in only] == [
        ("request.limit.tightened", ("PUT /bikes", "POST /bikes"))
    ]


def test_read_only_properties_are_no_part_of_a_request(tmp_path: Path) -> None:
    """What only the provider sets may come and go in a request; in a response it counts."""
    old = {"properties": {"id": {"type": "string", "readOnly": True}}}
    new = {"properties": {"id": {"type": "integer", "readOnly": True}}}
    assert found(tmp_path / "1", request(old), request(new)) == set()
    assert found(tmp_path / "2", response(old), response(new)) == {("response.type.changed", "both")}
