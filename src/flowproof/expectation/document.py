"""An expectation in JSON, as the control API and the command take it."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flowproof.errors import ConfigurationError

from .call import Call, Entry
from .verification import NotAsExpected, check_operations, expect_calls, expect_only, expect_order

__all__ = ["failures"]

NUMBERS = ("times", "at_least", "at_most")


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
