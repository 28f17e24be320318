"""
Where in an OpenAPI document which kind of object stands; a walk over all of them, references followed.

A property named `example` is no example, and `nullable` in one is no keyword: only the structure tells.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

__all__ = ["METHODS", "SCHEMA_LISTS", "SCHEMA_MAPS", "SCHEMA_ONES", "Node", "resolve", "walk"]

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
SCHEMA_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
SCHEMA_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
SCHEMA_ONES = (
    *("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"),
    *("unevaluatedItems", "unevaluatedProperties"),
)
Node = dict[str, Any]
Links = Mapping[str, tuple[str, str]]

# For each kind of object: its members that hold objects, how ("one", "map", "list"), and of which kind.
KINDS: Mapping[str, Links] = MappingProxyType(
    {
        "document": {
            "paths": ("map", "path"),
            "webhooks": ("map", "path"),
            "components": ("one", "components"),
        },
        "components": {
            "schemas": ("map", "schema"),
            "responses": ("map", "response"),
            "parameters": ("map", "parameter"),
            "requestBodies": ("map", "body"),
            "headers": ("map", "parameter"),
            "callbacks": ("map", "callback"),
            "pathItems": ("map", "path"),
        },
        "path": {"parameters": ("list", "parameter"), **dict.fromkeys(METHODS, ("one", "operation"))},
        "operation": {
            "parameters": ("list", "parameter"),
            "requestBody": ("one", "body"),
            "responses": ("map", "response"),
            "callbacks": ("map", "callback"),
        },
        "callback": {"*": ("map", "path")},
        "parameter": {"schema": ("one", "schema"), "content": ("map", "media")},
        "body": {"content": ("map", "media")},
        "response": {"headers": ("map", "parameter"), "content": ("map", "media")},
        "media": {"schema": ("one", "schema"), "itemSchema": ("one", "schema")},
        "schema": {
            **dict.fromkeys(SCHEMA_MAPS, ("map", "schema")),
            **dict.fromkeys(SCHEMA_LISTS, ("list", "schema")),
            **dict.fromkeys(SCHEMA_ONES, ("one", "schema")),
        },
    }
)


def walk(document: Node) -> Iterator[tuple[str, Node]]:
    """Every object of a document with its kind, each once, those that only a reference leads to included."""
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("document", document)]
    while waiting:
        kind, node = waiting.pop()
        if not isinstance(node, dict) or id(node) in seen:
            continue
        seen.add(id(node))
        yield kind, node
        if isinstance(node.get("$ref"), str):
            waiting.append((kind, resolve(document, node["$ref"])))
        waiting.extend(_inner(kind, node))


def _inner(kind: str, node: Node) -> Iterator[tuple[str, Any]]:
    for name, (how, inner) in KINDS[kind].items():
        value = node if name == "*" else node.get(name)
        if how == "one":
            yield inner, value
        elif how == "map" and isinstance(value, dict):
            yield from ((inner, each) for each in value.values())
        elif how == "list" and isinstance(value, list):
            yield from ((inner, each) for each in value)


def resolve(document: Node, reference: str) -> Any:
    """What a reference inside the document leads to; None where that is nothing."""
    if not reference.startswith("#"):
        return None
    found: Any = document
    for segment in unquote(reference[1:]).split("/")[1:]:
        step = segment.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found
