"""A call that is expected: an operation, conditions on its exchange, and what differs in one."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from flowproof.errors import ConfigurationError

__all__ = ["Call", "Entry"]

Entry = Mapping[str, Any]
SEPARATOR = "__"
PLAIN = ("method", "path", "provider", "requirement", "status")
NESTED = ("body", "header", "query", "response")
MISSING = object()


class Call:
    """
    A call that is expected: an operation, and conditions on the exchange.

    Args:
        operation: The `operationId`; `webhook:` with the event where the provider calls.
        conditions: `status`, `method`, `path`, `provider`, `requirement` by name; members of bodies and values of query
            and headers by `body__orderData__sourceOrderId`, `response__id`, `query__page`, `header__content_type`. A
            number in such a name is an index. A mapping is met by a value that has its members, a compiled pattern by a
            text that it matches as a whole, a type by its instances, a function by a value for which it returns true;
            everything else by an equal value.

    Raises:
        ConfigurationError: There is no such condition.
    """

    def __init__(self, operation: str, /, **conditions: Any) -> None:
        unknown = [name for name in conditions if not _is_known(name)]
        if unknown:
            nested = ", ".join(f"{each}{SEPARATOR}member" for each in NESTED)
            raise ConfigurationError(
                f"{unknown[0]} is no condition on a call.", f"Use {', '.join(PLAIN)}, or a name such as {nested}."
            )
        self.operation = operation
        self.conditions = conditions

    def __str__(self) -> str:
        described = ", ".join(f"{name} {_shown(value)}" for name, value in self.conditions.items())
        return f"{self.operation} with {described}" if described else self.operation

    def matches(self, entry: Entry) -> bool:
        return entry["operation"] == self.operation and not any(self.differences(entry))

    def differences(self, entry: Entry) -> Iterator[str]:
        """What of the conditions an exchange does not meet, one text each."""
        for name, expected in self.conditions.items():
            found = _value(entry, name)
            if not _meets(found, expected):
                yield f"{name} is {_shown(found)}, expected {_shown(expected)}"


def _is_known(name: str) -> bool:
    first, separator, rest = name.partition(SEPARATOR)
    return name in PLAIN or (first in NESTED and bool(separator) == bool(rest))


def _value(entry: Entry, name: str) -> Any:
    first, _, rest = name.partition(SEPARATOR)
    names = rest.split(SEPARATOR) if rest else []
    match first:
        case "body":
            return _member(_content(entry["request"]), names)
        case "response":
            return _member(_content(entry["response"]), names)
        case "query":
            return _member(dict(parse_qsl(entry["request"]["query"], keep_blank_values=True)), names)
        case "header":
            headers = {key.lower().replace("-", "_"): value for key, value in entry["request"]["headers"]}
            return _member(headers, [each.lower() for each in names])
        case "status":
            return entry["response"]["status"]
        case "method" | "path":
            return entry["request"][first]
        case _:
            return entry[first]


def _content(message: Mapping[str, Any]) -> Any:
    """A body as a value: JSON, the fields of a form, else the text."""
    text = message["body"].get("text", "")
    kinds = [value for name, value in message["headers"] if name.lower() == "content-type"]
    if kinds and "x-www-form-urlencoded" in kinds[0]:
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        return json.loads(text)
    except ValueError:
        return text


def _member(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return MISSING
    return value


def _meets(found: Any, expected: Any) -> bool:
    if isinstance(expected, re.Pattern):
        return isinstance(found, str) and expected.fullmatch(found) is not None
    if isinstance(expected, Mapping):
        return isinstance(found, Mapping) and all(
            _meets(found.get(name, MISSING), value) for name, value in expected.items()
        )
    if isinstance(expected, type):
        return isinstance(found, expected)
    if callable(expected):
        return found is not MISSING and bool(expected(found))
    return bool(found == expected) and isinstance(found, bool) == isinstance(expected, bool)


def _shown(value: Any) -> str:
    if value is MISSING:
        return "missing"
    if isinstance(value, re.Pattern):
        return f"/{value.pattern}/"
    text = getattr(value, "__name__", None) if callable(value) else None
    return text or repr(value)
