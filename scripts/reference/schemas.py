"""JSON Schemas in a few words, and their members as tables."""

from collections.abc import Callable, Mapping
from typing import Any

from .markdown import code, table

__all__ = ["link", "members", "type_of"]

BOUNDS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {} items"),
    ("maxItems", "at most {} items"),
    ("pattern", "matches `{}`"),
    ("default", "by default {}"),
)
NOT_EMPTY = {"at least 1 characters", "at least 1 items"}


def link(name: str) -> str:
    """A link to the part of the same page that has this name."""
    return f"[{name}](#{name.lower()})"


def type_of(stated: Mapping[str, Any], refer: Callable[[str], str] = code) -> str:
    """
    A schema in a few words.

    Args:
        stated: The schema.
        refer: How the name of another one is shown.
    """
    match stated:
        case {"$ref": reference}:
            return refer(str(reference).rpartition("/")[2])
        case {"anyOf": choices} | {"oneOf": choices}:
            return " or ".join(dict.fromkeys(type_of(each, refer) for each in choices))
        case {"enum": values}:
            return " or ".join(code(str(each)) for each in values)
        case {"const": value}:
            return code(str(value))
        case {"type": [*types]}:
            return " or ".join(type_of({**stated, "type": each}, refer) for each in types)
        case {"type": "array", "items": items} if isinstance(items, Mapping):
            return f"list of {type_of(items, refer)}"
        case {"type": "object", "additionalProperties": values} if isinstance(values, Mapping):
            return f"object of {type_of(values, refer)}"
        case {"format": form}:
            return str(form)
        case _:
            return str(stated.get("type", "any"))


def members(stated: Mapping[str, Any], refer: Callable[[str], str] = code) -> str:
    """The members of an object as a table, with those of objects in it; nothing where it names none."""
    rows = [
        (code(name), type_of(each, refer), "yes" if is_required else "no", _meaning(each))
        for name, each, is_required in _flat(stated, "")
    ]
    return table(("member", "type", "required", "meaning"), rows) if rows else ""


def _flat(stated: Mapping[str, Any], before: str) -> list[tuple[str, Mapping[str, Any], bool]]:
    found = []
    required = set(stated.get("required", ()))
    for name, each in stated.get("properties", {}).items():
        whole = f"{before}{name}"
        found.append((whole, each, name in required))
        items = each.get("items", {})
        found += _flat(each, f"{whole}.")
        found += _flat(items, f"{whole}[].") if isinstance(items, Mapping) else []
    return found


def _meaning(stated: Mapping[str, Any]) -> str:
    bounds = [words.format(stated[name]) for name, words in BOUNDS if name in stated]
    bounds = ["not empty" if each in NOT_EMPTY else each for each in bounds]
    text = " ".join(str(stated.get("description", "")).split())
    limits = ", ".join(bounds)
    return " ".join(each for each in (text, f"{limits[0].upper()}{limits[1:]}." if limits else "") if each)
