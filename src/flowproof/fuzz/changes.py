"""One change to a request, after which it is nearly valid: what a program gets wrong, one place at a time."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flowproof.conformance.operations import Operation
from flowproof.edge_cases import UNUSUAL

from .requests import Described

__all__ = ["PATH_TEXTS", "changed_requests"]

Json = Any
Steps = tuple[str | int, ...]

VALUES: tuple[Json, ...] = (
    *(None, "", 0, -1, "~", [], {}, True, 0.5, 1, 10**12, -(10**12), 10**30, 1e300),
    *(" ", "a" * 300, "a" * 5000, [None], ["a", "a"], {"a": 1}, "0", "null", "2024-02-30", "../..", "\u0000"),
    *UNUSUAL.values(),
)
TEXTS = tuple(each for each in VALUES if isinstance(each, str))
PATH_TEXTS = ("0", "-1", "~", "null", "a" * 300, "%20", "%00", "..%2F", "%F0%9F%8C%B1", "%FF")
"""As they stand in a path."""
UNKNOWN = "flowproofUnknown"


def changed_requests(request: Described, operation: Operation) -> SearchStrategy[Described]:
    """
    The request with one place of its body, its query or its path changed.

    Args:
        request: What to change.
        operation: Of the request; a parameter of its query that the request does not have may be added.
    """
    ways = [*_of_body(request), *_of_form(request), *_of_query(request, operation), *_of_path(request, operation)]
    return st.sampled_from(ways).flatmap(lambda way: way) if ways else st.just(request)


def _one_of(values: Iterable[Json], change: Callable[[Json], Described]) -> SearchStrategy[Described]:
    return st.sampled_from(list(values)).map(change)


def _of_body(request: Described) -> Iterator[SearchStrategy[Described]]:
    if "body" not in request:
        return
    body = request["body"]
    for steps in _places(body):
        yield _one_of(VALUES, partial(_body_with, request, steps))
        found = _at(body, steps)
        if steps:
            yield st.just({**request, "body": _without(body, steps)})
        if isinstance(found, dict):
            yield st.just(_body_with(request, steps, {**found, UNKNOWN: 1}))
        if isinstance(found, list):
            yield st.just(_body_with(request, steps, [*found, *found[-1:]]))
    text = json.dumps(body)
    rest = {name: each for name, each in request.items() if name != "body"}
    yield st.sampled_from([{**rest, "text": each} for each in (text[: len(text) // 2], "", "nul", text * 2, "\ufeff")])


def _body_with(request: Described, steps: Steps, value: Json) -> Described:
    return {**request, "body": _with(request["body"], steps, value)}


def _of_form(request: Described) -> Iterator[SearchStrategy[Described]]:
    pairs = request.get("form", [])
    for at, (name, _) in enumerate(pairs):
        before, after = pairs[:at], pairs[at + 1 :]
        yield st.just({**request, "form": [*before, *after]})
        yield st.sampled_from([{**request, "form": [*before, [name, text], *after]} for text in TEXTS])


def _of_query(request: Described, operation: Operation) -> Iterator[SearchStrategy[Described]]:
    query: Mapping[str, Json] = request.get("query", {})
    for name in query:
        yield st.just({**request, "query": {each: value for each, value in query.items() if each != name}})
    for name in dict.fromkeys([*query, *(each.name for each in operation.parameters if each.place == "query")]):
        yield st.sampled_from([{**request, "query": {**query, name: text}} for text in (*TEXTS, ["1", "2"])])


def _of_path(request: Described, operation: Operation) -> Iterator[SearchStrategy[Described]]:
    template, path = operation.path.split("/"), request["path"].split("/")
    for at, part in enumerate(template):
        if part.startswith("{") and part.endswith("}") and len(path) == len(template):
            changed = ("/".join([*path[:at], text, *path[at + 1 :]]) for text in PATH_TEXTS)
            yield st.sampled_from([{**request, "path": each} for each in changed])


def _places(value: Json, here: Steps = ()) -> Iterator[Steps]:
    """The places of a value, those below after it; of a list the first entry and the last."""
    yield here
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _places(each, (*here, name))
    elif isinstance(value, list):
        for at in dict.fromkeys((0, len(value) - 1)) if value else ():
            yield from _places(value[at], (*here, at))


def _at(value: Json, steps: Steps) -> Json:
    for step in steps:
        value = value[step]
    return value


def _with(value: Json, steps: Steps, new: Json) -> Json:
    """A copy with another value at a place."""
    if not steps:
        return new
    made = value.copy()
    made[steps[0]] = _with(value[steps[0]], steps[1:], new)
    return made


def _without(value: Json, steps: Steps) -> Json:
    """A copy without what stands at a place."""
    inner = _at(value, steps[:-1]).copy()
    del inner[steps[-1]]
    return _with(value, steps[:-1], inner)
