"""
What a failing keyword of JSON Schema expects, in plain words. No keyword and no regular expression shows up in them.

The words are a noun phrase, such as ``a string that is not empty``, which fits behind "expected" and behind "must be".
A pattern cannot be put into words by a program: the schema does it beside the pattern, in ``x-expected``.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, cast

import orjson
from jsonschema.exceptions import ValidationError

from flowproof.plurals import counted

from .finding import NOTHING, demand

__all__ = ["expected", "shown"]

LONGEST_SHOWN = 80
EXPECTED = "x-expected"
TYPES: Mapping[str, str] = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
FORMATS: Mapping[str, str] = {
    "date": "a date of the calendar, in the form YYYY-MM-DD",
    "date-time": "a date and time with a zone, such as 2026-01-31T12:00:00Z",
    "time-zone": "the name of a time zone, such as Europe/Berlin",
}
SIZES: Mapping[str, tuple[str, str, str, str]] = {
    "Length": ("a string of", "character", "a string that is not empty", "an empty string"),
    "Items": ("a list of", "item", "a list that is not empty", "an empty list"),
    "Properties": ("an object with", "member", "an object that is not empty", "an empty object"),
}
OTHER = "a value that the contract allows"
Schema = Mapping[str, Any]


def expected(error: ValidationError) -> str:
    """What would have been valid in the place of the value."""
    keyword, schema = str(error.validator), error.schema if isinstance(error.schema, Mapping) else {}
    limit: Any = error.validator_value
    worded = WORDS.get(keyword)
    if worded is not None:
        return worded(limit, schema)
    match keyword:
        case "anyOf" | "oneOf":
            return str(schema.get(EXPECTED) or _of_branches(error) or OTHER)
        case "dependentRequired":
            return _together(limit, error.instance)
        case _:
            return str(schema.get(EXPECTED, OTHER))


def shown(value: Any) -> str:
    """A JSON value as one short line."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}… ({counted(len(text), 'character')})"


def _choice(values: Any, _schema: Schema) -> str:
    return f"one of {', '.join(map(shown, values))}" if len(values) > 1 else ", ".join(map(shown, values))


def _type(names: Any, _schema: Schema) -> str:
    return _alternatives(TYPES.get(each, each) for each in ([names] if isinstance(names, str) else names))


def _multiple(limit: Any, _schema: Schema) -> str:
    return "a whole number" if limit == 1 else f"a multiple of {limit}"


def _documented(_limit: Any, schema: Schema) -> str:
    return str(schema.get(EXPECTED, "a string in the documented form"))


def _format(name: Any, schema: Schema) -> str:
    return FORMATS.get(name) or _documented(name, schema)


def _list_with(_limit: Any, schema: Schema) -> str:
    return f"a list with {_described(schema['contains'], 'an item of the documented form')}"


def _forbidden(limit: Any, schema: Schema) -> str:
    return str(schema.get(EXPECTED, NOTHING if limit in ({}, True, None) else OTHER))


def _size(of: str, side: str, limit: int, schema: Schema) -> str:
    begin, unit, not_empty, empty = SIZES[of]
    if schema.get(f"min{of}") == schema.get(f"max{of}"):
        return f"{begin} exactly {counted(limit, unit)}"
    if side == "min":
        return not_empty if limit == 1 else f"{begin} at least {counted(limit, unit)}"
    return empty if limit == 0 else f"{begin} at most {counted(limit, unit)}"


def _closed(_limit: Any, schema: Schema) -> str:
    names = ", ".join(schema.get("properties", ()))
    if "unevaluatedProperties" in schema or not names:
        return "an object with no members but those of the contract"
    return f"an object with no members but {names}"


def _together(limit: Mapping[str, Iterable[str]], instance: Any) -> str:
    lacking = {name: [each for each in others if each not in instance] for name, others in limit.items()}
    pairs = [f"{', '.join(others)} beside {name}" for name, others in lacking.items() if name in instance and others]
    return "; ".join(pairs) or OTHER


def _of_branches(error: ValidationError) -> str:
    """The branches of a choice, each by the first thing that is wrong with the value there."""
    first: dict[Any, ValidationError] = {}
    for each in error.context or ():
        first.setdefault(each.relative_schema_path[0], each)
    return _alternatives(map(_of_branch, first.values()))


def _of_branch(error: ValidationError) -> str:
    place, limit = [str(step) for step in error.relative_path], cast("Any", error.validator_value)
    if error.validator == "required":
        place.append(next(name for name in limit if name not in cast("Any", error.instance)))
    text = expected(error)
    if not place:
        return text
    kind = "a list" if place[0].isdecimal() else "an object"
    return f"{kind} in which {'.'.join(place)} {demand(text, str(error.validator))}"


def _alternatives(words: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(words))


def _described(schema: Any, otherwise: str) -> str:
    return str(schema.get(EXPECTED, otherwise)) if isinstance(schema, Mapping) else otherwise


WORDS: Mapping[str, Callable[[Any, Schema], str]] = MappingProxyType(
    {
        "required": lambda _limit, _schema: "a value",
        "type": _type,
        "enum": _choice,
        "const": lambda value, _schema: shown(value),
        "pattern": _documented,
        "format": _format,
        "minimum": lambda limit, _schema: f"at least {limit}",
        "maximum": lambda limit, _schema: f"at most {limit}",
        "exclusiveMinimum": lambda limit, _schema: f"more than {limit}",
        "exclusiveMaximum": lambda limit, _schema: f"less than {limit}",
        "multipleOf": _multiple,
        "uniqueItems": lambda _limit, _schema: "a list that has no item twice",
        **dict.fromkeys(("contains", "minContains", "maxContains"), _list_with),
        **dict.fromkeys(("additionalProperties", "unevaluatedProperties"), _closed),
        **dict.fromkeys(("not", "None"), _forbidden),  # (a schema that is false has no keyword)
        **{f"{side}{of}": partial(_size, of, side) for of in SIZES for side in ("min", "max")},
    }
)
"""For each keyword, the words of its value in a schema. Others have the schema's own, or the general ones."""
