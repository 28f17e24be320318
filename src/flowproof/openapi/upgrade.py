"""
From OpenAPI 3.0 to 3.1: what the Schema Object of 3.0 says in its own way becomes JSON Schema 2020-12.

    nullable                        a type "null" beside the others; beside a composition or an enum, one more branch
    exclusiveMinimum: true          exclusiveMinimum with the limit, and no minimum; the same of the maximum
    example                         examples
    format: byte, binary            contentEncoding, contentMediaType
    siblings of $ref                left out, as 3.0 ignores them

Source:
    https://learn.openapis.org/upgrading/v3.0-to-v3.1.html, read 2026-11-30. That `nullable` beside a composition allows
    null is inferred from how documents use it; 3.0.3 leaves it without effect.
"""

from typing import Any

from .structure import Node, walk

__all__ = ["upgrade"]

COMPOSED = ("allOf", "anyOf", "oneOf")
ANNOTATIONS = (
    "description",
    "title",
    "deprecated",
    "readOnly",
    "writeOnly",
    "default",
    "externalDocs",
    "xml",
    "example",
)
LIMITS = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))


def upgrade(document: Node) -> None:
    """
    Turn a document of 3.0 into one of 3.1, in place.

    One of 3.1 stays as it is, but for exclusive limits that are booleans: public documents that were upgraded by hand
    have kept some, and 3.1 gives them no meaning.
    """
    is_old = str(document["openapi"]).startswith("3.0")
    if is_old:
        document["openapi"] = "3.1.0"
    for kind, node in list(walk(document)):
        if kind == "schema":
            _exclude_limits(node)
            if is_old:
                _upgrade_schema(node)


def _exclude_limits(schema: Node) -> None:
    for limit, exclusive in LIMITS:
        if isinstance(schema.get(exclusive), bool):
            is_exclusive = schema.pop(exclusive)
            if is_exclusive and limit in schema:
                schema[exclusive] = schema.pop(limit)


def _upgrade_schema(schema: Node) -> None:
    if isinstance(schema.get("$ref"), str):
        reference = schema["$ref"]
        schema.clear()
        schema["$ref"] = reference
        return
    if schema.pop("nullable", None) is True:
        _allow_null(schema)
    if "example" in schema:
        schema.setdefault("examples", [schema.pop("example")])
    match schema.get("format"):
        case "byte":
            del schema["format"]
            schema["contentEncoding"] = "base64"
        case "binary":
            del schema["format"]
            schema["contentMediaType"] = "application/octet-stream"


def _allow_null(schema: Node) -> None:
    types = schema.get("type")
    if isinstance(types, str):
        schema["type"] = [types, "null"]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if any(name in schema for name in COMPOSED):
        branch: dict[str, Any] = {name: schema.pop(name) for name in list(schema) if name not in (*ANNOTATIONS, "type")}
        if isinstance(types, str):
            branch["type"] = types
            del schema["type"]
        schema["anyOf"] = [branch, {"type": "null"}]
