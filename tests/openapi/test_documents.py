"""A document of another dialect becomes one of OpenAPI 3.1, in one piece, and says the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from flowproof.errors import ConfigurationError
from flowproof.openapi import read_contract, read_document
from flowproof.openapi.bundle import bundle
from flowproof.openapi.contract import regular_document
from flowproof.openapi.reading import parse
from flowproof.openapi.structure import walk
from flowproof.openapi.upgrade import upgrade

SHOP = Path(__file__).parent / "shop.yaml"


def upgraded(schema: dict[str, Any]) -> Any:
    """A schema of 3.0 as 3.1 has it."""
    document = {"openapi": "3.0.3", "paths": {}, "components": {"schemas": {"A": schema}}}
    upgrade(document)
    return document["components"]["schemas"]["A"]  # type: ignore[index]  # (a document of any shape)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        (
            {"allOf": [{"$ref": "#/components/schemas/A"}], "nullable": True, "description": "d"},
            {"anyOf": [{"allOf": [{"$ref": "#/components/schemas/A"}]}, {"type": "null"}], "description": "d"},
        ),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 9, "exclusiveMaximum": False}, {"maximum": 9}),
        ({"type": "integer", "example": 7}, {"type": "integer", "examples": [7]}),
        ({"type": "string", "format": "byte"}, {"type": "string", "contentEncoding": "base64"}),
        ({"type": "string", "format": "binary"}, {"type": "string", "contentMediaType": "application/octet-stream"}),
        ({"$ref": "#/components/schemas/A", "maxLength": 3}, {"$ref": "#/components/schemas/A"}),
        (
            {"type": "object", "properties": {"nullable": {"type": "boolean"}, "example": {"type": "string"}}},
            {"type": "object", "properties": {"nullable": {"type": "boolean"}, "example": {"type": "string"}}},
        ),
        ({"items": {"type": "string", "nullable": True}}, {"items": {"type": ["string", "null"]}}),
    ],
    ids=str,
)
def test_schema_of_3_0_becomes_one_of_3_1(before: dict[str, Any], after: dict[str, Any]) -> None:
    """What 3.0 says in its own way is said in JSON Schema; a property of the same name is no keyword."""
    assert upgraded(before) == after


def test_schema_of_3_1_stays_as_it_is() -> None:
    """A document of 3.1 is not changed."""
    schema = {"type": ["string", "null"], "exclusiveMinimum": 1, "nullable": True}
    document = {"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"A": dict(schema)}}}
    upgrade(document)

    assert document["components"]["schemas"]["A"] == schema  # type: ignore[index]  # (a document of any shape)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"minimum": 0, "exclusiveMinimum": True}, {"exclusiveMinimum": 0}),
        ({"maximum": 9, "exclusiveMaximum": False}, {"maximum": 9}),
    ],
    ids=str,
)
def test_boolean_limit_of_3_0_is_read_in_3_1_too(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Public documents of 3.1 have kept exclusive limits that are booleans, which say whether the limit itself fits."""
    document: dict[str, Any] = {"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"A": before}}}
    upgrade(document)

    assert document["components"]["schemas"]["A"] == after


def test_yaml_is_read_as_openapi_means_it() -> None:
    """Dates stay texts, and statuses and other keys become texts."""
    text = b"day: 2020-01-01\n200: x\non: y\nn: 1.5\n"

    assert parse(text) == {"day": "2020-01-01", "200": "x", "true": "y", "n": 1.5}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("swagger: '2.0'\npaths: {}", "Convert it to OpenAPI 3.0 or 3.1 first"),
        ("openapi: 4.0.0\npaths: {}", "Name one of 3.0 or 3.1"),
        ("paths: {}", "says no version"),
        ("[1, 2]", "is no OpenAPI document"),
        ("a: [1", "is neither JSON nor YAML"),
    ],
)
def test_document_that_is_none_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """What is no OpenAPI document of 3.0 or 3.1 is refused in a sentence that says what to do."""
    file = tmp_path / "a.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=says):
        read_document(file)


def test_document_of_several_files_is_brought_into_one(tmp_path: Path) -> None:
    """References to files, of files, and back lead into the one document; what is not there is told."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "toy.yaml").write_text(
        "Toy: {properties: {part: {$ref: '#/Part'}, other: {$ref: part.yaml}}}\nPart: {type: string}", encoding="utf-8"
    )
    (tmp_path / "schemas" / "part.yaml").write_text("type: integer", encoding="utf-8")
    document: dict[str, Any] = {
        "a": {"$ref": "schemas/toy.yaml#/Toy"},
        "b": {"$ref": "missing.yaml"},
        "c": {"$ref": "https://shop.example/toy.json"},
        "d": {"$ref": "#/nowhere"},
    }
    notes = bundle(document, tmp_path / "openapi.yaml")

    assert document["a"] == {"$ref": "#/x-files/f1/Toy"}
    assert document["x-files"]["f1"]["Toy"]["properties"] == {
        "part": {"$ref": "#/x-files/f1/Part"},
        "other": {"$ref": "#/x-files/f2"},
    }
    assert [document["b"], document["c"], document["d"]] == [{}, {}, {}]
    assert len(notes) == 3


def test_operations_get_ids_and_paths_their_parameters() -> None:
    """A missing id is made, a path's parameters are its operations', and a name with a dash is one."""
    contract, notes = read_contract("shop", SHOP)
    found = contract.operations.find("GET", "/toys/t%201")
    listing = contract.operations.by_id("getToys")

    assert found is not None
    assert dict(found.path_parameters) == {"toy-id": "t 1"}
    assert listing is not None
    assert {each.name: each.type for each in listing.parameters} == {
        "shop": "string",
        "limit": "integer",
        "offset": "integer",
        "kinds": "array",
    }
    assert notes == ["The path /odd#fragment cannot be requested as it is written; it is left out."]


def test_twice_named_operations_get_names_of_their_own(tmp_path: Path) -> None:
    """Of two operations with one id the second gets another one."""
    get = "{get: {operationId: a, responses: {200: {description: x}}}}"
    (tmp_path / "a.yaml").write_text(f"openapi: 3.1.0\npaths:\n  /a: {get}\n  /b: {get}\n", encoding="utf-8")
    contract, _ = read_contract("a", tmp_path / "a.yaml")

    assert [each.id for each in contract.operations.all] == ["a", "a_2"]


def test_literal_path_is_found_before_a_template(tmp_path: Path) -> None:
    """A path without a parameter is found first, wherever it stands."""
    get = "{get: {responses: {200: {description: x}}}}"
    paths = "".join(f"  {path}: {get}\n" for path in ("/a/{b}/{c}", "/a/{b}/d", "/a/x/{c}"))
    (tmp_path / "a.yaml").write_text(f"openapi: 3.1.0\npaths:\n{paths}", encoding="utf-8")
    operations = read_contract("a", tmp_path / "a.yaml")[0].operations

    found = [operations.find("GET", each) for each in ("/a/x/d", "/a/y/d", "/a/y/z")]

    assert [each.operation.path for each in found if each] == ["/a/x/{c}", "/a/{b}/d", "/a/{b}/{c}"]


def test_read_only_members_are_required_of_answers_only() -> None:
    """A request may leave out a required member that is read-only; an answer may not."""
    contract, _ = read_contract("shop", SHOP)
    creating = contract.operations.by_id("createToy")
    assert creating is not None
    schemas, sent = contract.schemas, {"name": "top", "price": 3}

    assert schemas.accepts(schemas.uri_of_pointer(creating.bodies["application/json"]), sent)
    assert not schemas.accepts(schemas.uri_of_pointer(creating.responses["201"]["application/json"]), sent)


def test_every_kind_of_object_is_walked_once() -> None:
    """A walk meets each schema once, also where schemas contain themselves."""
    document, _ = regular_document(SHOP)
    met = [id(node) for _, node in walk(document)]

    assert len(met) == len(set(met))
    assert id(document["components"]["schemas"]["Part"]) in met


def test_pattern_that_is_none_is_not_enforced(tmp_path: Path) -> None:
    """A pattern that is no regular expression and a type that is none are left out, and told."""
    (tmp_path / "a.yaml").write_text(
        "openapi: 3.1.0\npaths: {}\ncomponents: {schemas: {A: {pattern: '(', type: text}}}", encoding="utf-8"
    )
    document, notes = regular_document(tmp_path / "a.yaml")

    assert document["components"]["schemas"]["A"] == {}
    assert len(notes) == 2


def document_of(tmp_path: Path, paths: dict[str, Any], **components: Any) -> tuple[dict[str, Any], list[str]]:
    """A regular document of these paths, and what was left out."""
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"openapi": "3.1.0", "paths": paths, "components": components}), encoding="utf-8")
    return regular_document(file)


@pytest.mark.parametrize("status", ["204", "205", "304"])
def test_body_of_an_answer_that_has_none_is_left_out(tmp_path: Path, status: str) -> None:
    """An answer that cannot have a body has none, whatever the document describes, also behind a reference."""
    gone = {"description": "Gone.", "content": {"application/json": {"schema": {"type": "object"}}}}
    answers = {status: {"$ref": "#/components/responses/Gone"}, "200": gone}
    paths = {"/toys": {"delete": {"operationId": "clear", "responses": answers}}}
    document, notes = document_of(tmp_path, paths, responses={"Gone": gone})

    assert document["paths"]["/toys"]["delete"]["responses"][status] == {"description": "Gone."}
    assert "content" in document["paths"]["/toys"]["delete"]["responses"]["200"]
    assert notes == [f"An answer {status} has no body, and that of clear describes one: left out."]
