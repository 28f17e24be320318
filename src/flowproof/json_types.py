"""The types of JSON Schema: their names, which one a value has, and which one a schema names."""

from collections.abc import Mapping
from typing import Any

__all__ = ["TYPES", "named_type", "type_of"]

TYPES = frozenset({"null", "boolean", "object", "array", "number", "string", "integer"})


def type_of(value: Any) -> str:
    """The JSON Schema type of a value, the narrowest: 1.0 is an integer."""
    if isinstance(value, float) and value.is_integer():
        return "integer"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def named_type(schema: Mapping[str, Any]) -> str:
    """The first type that a schema names and that is not null; empty where it names none. No reference is followed."""
    named = schema.get("type")
    types = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    return next((str(each) for each in types if each != "null"), "")
