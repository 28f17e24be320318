"""
Hypothesis strategies of a contract's values: what its schemas allow, and what they do not.

A schema is followed as far as a strategy can: branches, patterns, formats, limits, recursion to a depth. Every value is
checked by the contract's own validator; one that the schema does not allow after all gives way to a seeded one, so that
nothing is filtered, whatever the schema.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from math import ceil, floor
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flowproof.openapi.schema_reader import SchemaReader

__all__ = ["SCALARS", "Values"]

DEEPEST = 6
DEEPEST_OPTIONAL = 2  # below, only members that must be there
MOST_MORE = 3  # entries of a list, beyond the least
MOST_LONGER = 20  # characters of a text, beyond the least
LARGEST = 2**31 - 1
CHARACTERS = st.characters(exclude_categories=["Cs"])
SCALARS: SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.floats(-1e9, 1e9) | st.text(CHARACTERS, max_size=30)
)
FORMATS: Mapping[str, SearchStrategy[str]] = {
    "date": st.dates().map(lambda day: day.isoformat()),
    "date-time": st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat().replace("+00:00", "Z")),
    "uuid": st.uuids().map(str),
    "email": st.emails(),
    "ipv4": st.ip_addresses(v=4).map(str),
    "ipv6": st.ip_addresses(v=6).map(str),
}
Fallback = Callable[[Any], Any]


class Values:
    """
    Strategies of one contract's schemas.

    Args:
        reader: Of the document.
        fallback: A value of a schema, where no strategy is known.
        hidden: Which members are left out, unless they must be there: `readOnly` in requests.
    """

    def __init__(self, reader: SchemaReader, fallback: Fallback, hidden: str = "readOnly") -> None:
        self._reader, self._fallback, self._hidden = reader, fallback, hidden
        self._known: dict[tuple[int, int], SearchStrategy[Any]] = {}

    def of(self, schema: Any, depth: int = 0) -> SearchStrategy[Any]:
        """Values of a schema; a few of them may not fit it, where keywords play together."""
        key = (id(schema), depth)
        if key not in self._known:
            self._known[key] = self._made(schema, depth)
        return self._known[key]

    def _made(self, schema: Any, depth: int) -> SearchStrategy[Any]:
        flat = self._reader.flat(schema)
        if "const" in flat:
            return st.just(flat["const"])
        if isinstance(flat.get("enum"), list) and flat["enum"]:
            return st.sampled_from(flat["enum"])
        if depth > DEEPEST:
            return st.builds(lambda: self._fallback(schema))
        branches: list[Any] = next((flat[each] for each in ("oneOf", "anyOf") if isinstance(flat.get(each), list)), [])
        if branches:
            return st.one_of(*(self._of_branch(flat, each, depth) for each in branches))
        types = flat.get("type")
        named = types if isinstance(types, list) else [self._reader.type_of(flat)]
        return st.one_of(*(self._of_type(str(each), schema, flat, depth) for each in named))

    def _of_branch(self, flat: Mapping[str, Any], branch: Any, depth: int) -> SearchStrategy[Any]:
        """Values of one branch, with the members that stand beside the branches."""
        of_it = self.of(branch, depth + 1)
        if "properties" not in flat:
            return of_it
        beside = self._object({name: each for name, each in flat.items() if name not in ("oneOf", "anyOf")}, depth)
        return st.tuples(of_it, beside).map(
            lambda pair: {**pair[0], **pair[1]} if isinstance(pair[0], dict) else pair[0]
        )

    def _of_type(self, kind: str, schema: Any, flat: Mapping[str, Any], depth: int) -> SearchStrategy[Any]:
        match kind:
            case "object":
                return self._object(flat, depth)
            case "array":
                return self._array(flat, depth)
            case "integer":
                return _integers(flat)
            case "number":
                return _numbers(flat)
            case "boolean":
                return st.booleans()
            case "string":
                texts = _texts(flat)
                return texts if texts is not None else st.builds(lambda: self._fallback(schema))
            case "null":
                return st.none()
        return st.builds(lambda: self._fallback(schema))

    def _object(self, flat: Mapping[str, Any], depth: int) -> SearchStrategy[Any]:
        properties = flat["properties"] if isinstance(flat.get("properties"), dict) else {}
        required = flat["required"] if isinstance(flat.get("required"), list) else []
        others = [name for name in properties if name not in required and not self._is_hidden(properties[name])]
        always = {name: self.of(properties.get(name, {}), depth + 1) for name in required}
        optional = {name: self.of(properties[name], depth + 1) for name in others if depth < DEEPEST_OPTIONAL}
        return st.fixed_dictionaries(always, optional=optional)

    def _is_hidden(self, schema: Any) -> bool:
        inner = self._reader.flat(schema)
        return schema is False or inner.get(self._hidden) is True or inner.get("not") == {}

    def _array(self, flat: Mapping[str, Any], depth: int) -> SearchStrategy[Any]:
        least = _number(flat, "minItems", 0)
        most = min(_number(flat, "maxItems", least + MOST_MORE), least + MOST_MORE)
        unique = repr if flat.get("uniqueItems") is True else None
        return st.lists(
            self.of(flat.get("items", {}), depth + 1), min_size=least, max_size=max(least, most), unique_by=unique
        )


def _integers(flat: Mapping[str, Any]) -> SearchStrategy[Any]:
    least, most = _bounds(flat)
    step = flat.get("multipleOf")
    if isinstance(step, int) and step > 1:
        return st.integers(-(-int(least) // step), int(most) // step).map(lambda number: number * step)
    return st.integers(int(least), max(int(least), int(most)))


def _numbers(flat: Mapping[str, Any]) -> SearchStrategy[Any]:
    least, most = _bounds(flat)
    step = flat.get("multipleOf")
    if step:
        return st.integers(int(-(-least // step)), int(most // step)).map(lambda number: round(number * step, 10))
    floats = st.floats(
        float(least),
        float(most),
        exclude_min=least == flat.get("exclusiveMinimum"),
        exclude_max=most == flat.get("exclusiveMaximum"),
    )
    first, last = ceil(least), floor(most)
    return st.integers(first, last) | floats if first <= last and least != most else st.sampled_from([least])


def _bounds(flat: Mapping[str, Any]) -> tuple[float, float]:
    """The least and the greatest number; where only one is given, the other is not far from it."""
    given = {
        name: flat[name] for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if name in flat
    }
    low = [given[name] for name in ("minimum", "exclusiveMinimum") if _is_number(given.get(name))]
    high = [given[name] for name in ("maximum", "exclusiveMaximum") if _is_number(given.get(name))]
    least = max(low) if low else min(-LARGEST, min(high) - 1 if high else 0)
    most = min(high) if high else max(LARGEST, least + 1)
    is_whole = isinstance(least, int) and isinstance(most, int)
    if is_whole and "exclusiveMinimum" in given and least == given["exclusiveMinimum"]:
        least += 1
    if is_whole and "exclusiveMaximum" in given and most == given["exclusiveMaximum"]:
        most -= 1
    return least, max(least, most)


def _texts(flat: Mapping[str, Any]) -> SearchStrategy[Any] | None:
    """Texts by format, pattern and length; None where the pattern is none of Python's, or the format is another."""
    least = _number(flat, "minLength", 0)
    most = max(least, min(_number(flat, "maxLength", least + MOST_LONGER), least + MOST_LONGER))
    if isinstance(flat.get("pattern"), str):
        try:
            # In JSON Schema `$` is the very end; in Python a line break may follow.
            pattern = re.sub(r"(?<!\\)\$$", r"\\Z", flat["pattern"])
            return st.from_regex(re.compile(pattern, re.ASCII), alphabet=CHARACTERS)
        except (re.error, ValueError, RecursionError):
            return None
    if isinstance(flat.get("format"), str) and flat["format"] in FORMATS:
        return FORMATS[flat["format"]]
    is_plain = "format" not in flat or flat["format"] in ("password", "string", "int64", "binary")
    return st.text(CHARACTERS, min_size=least, max_size=most) if is_plain else None


def _number(flat: Mapping[str, Any], name: str, other: int) -> int:
    value: Any = flat.get(name)
    return int(value) if _is_number(value) else other


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def placed(value: Any, places: Sequence[tuple[str, ...]]) -> SearchStrategy[Any]:
    """The value with anything at one of its places; it may fit the schema all the same."""
    return st.tuples(st.sampled_from(places), SCALARS | st.lists(SCALARS, max_size=2)).map(
        lambda drawn: _at(value, drawn[0], drawn[1])
    )


def _at(value: Any, steps: Sequence[str], other: Any) -> Any:
    if not steps:
        return other
    if not isinstance(value, dict):
        return value
    return {**value, steps[0]: _at(value.get(steps[0], {}), steps[1:], other)}
