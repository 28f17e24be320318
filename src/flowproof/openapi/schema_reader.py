"""Reads schemas of a regular document: references followed, `allOf` merged, types named. Never follows a circle."""

from collections.abc import Mapping
from typing import Any

from flowproof.json_types import named_type

from .structure import Node, resolve

__all__ = ["SchemaReader"]

DEEPEST = 24


class SchemaReader:
    """
    Schemas of one document.

    Args:
        document: Regular, of version 3.1.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document: Node = dict(document)
        self._flat: dict[int, Node] = {}

    def at(self, pointer: str) -> Any:
        """The schema at a JSON pointer of the document."""
        return resolve(self._document, f"#{pointer}")

    def flat(self, schema: Any, depth: int = 0) -> Node:
        """A schema with its reference and its `allOf` merged into it; cached by identity, so nobody changes it."""
        if not isinstance(schema, dict) or depth > DEEPEST:
            return {}
        if "$ref" not in schema and "allOf" not in schema:
            return schema
        known = self._flat.get(id(schema))
        if known is not None:
            return known
        self._flat[id(schema)] = {}  # (a schema that contains itself this way says nothing more)
        merged: Node = {}
        reference = schema.get("$ref")
        parts = [resolve(self._document, reference)] if isinstance(reference, str) else []
        parts += schema["allOf"] if isinstance(schema.get("allOf"), list) else []
        for part in parts:
            _merge(merged, self.flat(part, depth + 1))
        _merge(merged, {name: each for name, each in schema.items() if name not in ("$ref", "allOf")})
        self._flat[id(schema)] = merged
        return merged

    def properties(self, schema: Any) -> Node:
        """Properties of an object by name; those of the first branch where there are only branches."""
        flat = self.flat(schema)
        found = dict(flat["properties"]) if isinstance(flat.get("properties"), dict) else {}
        for keyword in ("oneOf", "anyOf"):
            for each in flat.get(keyword, ()) if isinstance(flat.get(keyword), list) else ():
                if not found:
                    found = self.properties(each) if each is not schema else {}
        return found

    def type_of(self, schema: Any) -> str:
        """The first type that is not null; empty where the schema names none."""
        flat = self.flat(schema)
        if found := named_type(flat):
            return found
        if "properties" in flat:
            return "object"
        if "items" in flat:
            return "array"
        branches = [*_list(flat.get("oneOf")), *_list(flat.get("anyOf"))]
        return next((kind for each in branches if each is not schema and (kind := self._branch_type(each))), "")

    def _branch_type(self, schema: Any) -> str:
        flat = self.flat(schema)
        return named_type(flat) or ("object" if "properties" in flat and "type" not in flat else "")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _merge(into: Node, other: Node) -> None:
    for name, value in other.items():
        if name == "properties" and isinstance(into.get(name), dict) and isinstance(value, dict):
            into[name] = {**into[name], **value}
        elif name == "required" and isinstance(into.get(name), list) and isinstance(value, list):
            into[name] = [*into[name], *(each for each in value if each not in into[name])]
        elif name in ("oneOf", "anyOf") and name in into:
            continue  # (of two sets of branches the first is followed; validation knows both)
        else:
            into[name] = value
