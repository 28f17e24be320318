"""
What a journal is expected to hold: calls by operation and conditions, how often, in which order.

Works on the entries as the control API shows them, and knows neither HTTP nor a workspace. The control API verifies by
it, and so does `workspace.journal`, which also takes patterns, types and functions.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from flowproof.errors import ConfigurationError, FlowproofError
from flowproof.plurals import counted

__all__ = [
    "Call",
    "NotAsExpected",
    "call_of_json",
    "check_operations",
    "expect_calls",
    "expect_only",
    "expect_order",
    "failures",
]

Entry = Mapping[str, Any]

MOST_SHOWN = 3
SEPARATOR = "__"
PLAIN = ("method", "path", "provider", "requirement", "status")
NESTED = ("body", "header", "query", "response")
NUMBERS = ("times", "at_least", "at_most")
WEBHOOK = "webhook:"
MISSING = object()


@dataclass(eq=False)
class NotAsExpected(FlowproofError, AssertionError):
    """
    The journal does not hold the calls that a test expects.

    Args:
        what: What was expected, and what was found, in one sentence.
        nearest: The nearest exchanges, one text each, with their differences.
    """

    what: str
    nearest: Sequence[str] = ()

    def __str__(self) -> str:
        return "\n".join([self.what, *self.nearest])


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


def expect_calls(
    entries: Sequence[Entry],
    call: Call,
    *,
    times: int | None = None,
    at_least: int | None = None,
    at_most: int | None = None,
) -> Sequence[Entry]:
    """
    The exchanges that are this call.

    Args:
        entries: The journal.
        call: What is expected.
        times: How often exactly; without any of the three, at least once.
        at_least: How often at least.
        at_most: How often at most.

    Raises:
        NotAsExpected: It was made more or less often.
        ConfigurationError: The numbers contradict each other.
    """
    if times is not None and (at_least, at_most) != (None, None):
        raise ConfigurationError("times says how often exactly.", "Leave out at_least and at_most.")
    low = times if times is not None else at_least if at_least is not None else 0 if at_most is not None else 1
    high = times if times is not None else at_most
    if low < 0 or (high is not None and high < low):
        raise ConfigurationError(f"No call can be made {_often(low, high)}.", "Give numbers of which one is possible.")
    found = [each for each in entries if call.matches(each)]
    if low <= len(found) and (high is None or len(found) <= high):
        return found
    what = f"{call} was expected {_often(low, high)}, and was called {counted(len(found), 'time')}."
    raise NotAsExpected(what, [_line(each) for each in found] if len(found) > low else _nearest(entries, call))


def expect_order(entries: Sequence[Entry], calls: Sequence[Call]) -> Sequence[Entry]:
    """
    The exchanges that are these calls, in this order; others may stand between them.

    Raises:
        NotAsExpected: One is missing after those before it.
    """
    found: list[Entry] = []
    for call in calls:
        after = found[-1]["number"] if found else 0
        following = next((each for each in entries if each["number"] > after and call.matches(each)), None)
        if following is None:
            place = f" after {_line(found[-1])}" if found else ""
            raise NotAsExpected(f"{call} was expected{place}, and was not called there.", _nearest(entries, call))
        found.append(following)
    return found


def expect_only(entries: Sequence[Entry], calls: Sequence[Call]) -> None:
    """
    See that each request of the client is one of these calls.

    Raises:
        NotAsExpected: Another one was made.
    """
    others = [each for each in entries if each["direction"] == "in" and not any(call.matches(each) for call in calls)]
    if others:
        allowed = ", ".join(str(each) for each in calls) or "no call at all"
        what = f"Only {allowed} was expected, and {counted(len(others), 'other call')} came."
        raise NotAsExpected(what, [_line(each) for each in others])


def failures(entries: Sequence[Entry], expected: Mapping[str, Any], known: Collection[str]) -> Iterator[NotAsExpected]:
    """
    What of an expectation in JSON does not hold.

    Args:
        entries: The journal.
        expected: `calls`, each with how often; `order` of calls; `only` these calls. A call is the name of an
            operation, or an object with `operation` and conditions.
        known: Operations that there are.

    Raises:
        ConfigurationError: It is no expectation.
    """
    counted = [_counted(each) for each in expected.get("calls", [])]
    order, only = ([call_of_json(each) for each in expected.get(name, [])] for name in ("order", "only"))
    check_operations([*(call for call, _ in counted), *order, *only], known)
    checks: list[Callable[[], object]] = [partial(expect_calls, entries, call, **often) for call, often in counted]
    checks += [partial(expect_order, entries, order)] if "order" in expected else []
    checks += [partial(expect_only, entries, only)] if "only" in expected else []
    for check in checks:
        try:
            check()
        except NotAsExpected as failure:
            yield failure


def _counted(value: Any) -> tuple[Call, Mapping[str, int]]:
    """A call, and how often it is expected."""
    given = value if isinstance(value, Mapping) else {"operation": value}
    often = {name: given[name] for name in NUMBERS if given.get(name) is not None}
    return call_of_json({name: each for name, each in given.items() if name not in NUMBERS}), often


def call_of_json(value: Any) -> Call:
    """
    A call in JSON: the name of an operation, or an object with `operation` and conditions by their names. As in a case,
    `{"$match": "pattern"}` is met by a text that a pattern finds something in, `{"$any": true}` by any value.

    Raises:
        ConfigurationError: It is none.
    """
    given = {"operation": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping) or not isinstance(given.get("operation"), str):
        raise ConfigurationError(f"{value!r} is no call.", 'Write "submitOrder", or {"operation": "submitOrder"}.')
    return Call(given["operation"], **{name: _condition(each) for name, each in given.items() if name != "operation"})


def _condition(value: Any) -> Any:
    if isinstance(value, Mapping) and set(value) == {"$match"}:
        try:
            return Matching(re.compile(str(value["$match"])))
        except re.error as error:
            raise ConfigurationError(f"{value['$match']!r} is no pattern: {error}.", "Fix it.") from error
    if isinstance(value, Mapping) and set(value) == {"$any"}:
        return Anything()
    return {name: _condition(each) for name, each in value.items()} if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True)
class Matching:
    """A condition that a text meets in which the pattern finds something."""

    pattern: re.Pattern[str]

    def __call__(self, found: Any) -> bool:
        return isinstance(found, str) and self.pattern.search(found) is not None

    def __repr__(self) -> str:
        return f"text that matches {self.pattern.pattern}"


class Anything:
    """A condition that every value meets, but no missing one."""

    def __call__(self, found: Any) -> bool:  # noqa: ARG002 (a condition gets the value)
        return True

    def __repr__(self) -> str:
        return "any value"


def check_operations(calls: Iterable[Call], known: Collection[str]) -> None:
    """
    See that each call is of an operation that there is: another one would never be called.

    Raises:
        ConfigurationError: One is not.
    """
    for call in calls:
        if call.operation not in known and not call.operation.startswith(WEBHOOK):
            near = get_close_matches(call.operation, known) or sorted(known)
            raise ConfigurationError(
                f"No provider of this workspace has an operation {call.operation}.",
                f"Use one such as {near[0]}." if near else "This server has no operation.",
            )


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


def _nearest(entries: Sequence[Entry], call: Call) -> list[str]:
    """The exchanges that differ least: of the same operation first, then of the least differences, then the latest."""
    if not entries:
        return ["The journal is empty."]

    def distance(entry: Entry) -> tuple[bool, int, int]:
        return entry["operation"] != call.operation, len(list(call.differences(entry))), -entry["number"]

    return [_with_differences(each, call) for each in sorted(entries, key=distance)[:MOST_SHOWN]]


def _with_differences(entry: Entry, call: Call) -> str:
    other = [] if entry["operation"] == call.operation else [f"operation is {_shown(entry['operation'])}"]
    return "\n".join([_line(entry), *(f"    {each}" for each in (*other, *call.differences(entry)))])


def _line(entry: Entry) -> str:
    request = entry["request"]
    status = entry["response"]["status"] or "no answer"
    return f"  {entry['id']} {entry['operation'] or 'no operation'}: {request['method']} {request['path']} → {status}"


def _often(low: int, high: int | None) -> str:
    if low == high:
        return counted(low, "time")
    if high is None:
        return f"at least {counted(low, 'time')}"
    return f"at most {counted(high, 'time')}" if low == 0 else f"{low} to {counted(high, 'time')}"


def _shown(value: Any) -> str:
    if value is MISSING:
        return "missing"
    if isinstance(value, re.Pattern):
        return f"/{value.pattern}/"
    text = getattr(value, "__name__", None) if callable(value) else None
    return text or repr(value)
