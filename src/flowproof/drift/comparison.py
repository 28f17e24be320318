"""Differences between two responses, each of a kind that a program can act on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flowproof.json_types import type_of

__all__ = ["Difference", "Kind", "ObservedResponse", "compare"]

Kind = Literal["status", "content_type", "header", "body", "missing", "added", "type", "value", "length"]
NOTHING = object()
LONGEST = 120


@dataclass(frozen=True, slots=True)
class ObservedResponse:
    """
    A response of a target, folded.

    Args:
        status: Status code.
        content_type: Media type, lower case, without parameters.
        headers: Names, in lower case, of those headers that a contract or a client may rely on.
        body: Its JSON value, or its text where it is no JSON.
    """

    status: int
    content_type: str
    headers: frozenset[str]
    body: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """
    One difference.

    Args:
        kind: `missing` and `added` are seen from the first target.
        where: JSON pointer into the body with `*` for any index; for other kinds what it is in.
        first: What the first target has, for people.
        second: What the second has.
    """

    kind: Kind
    where: str
    first: str
    second: str


def compare(first: ObservedResponse, second: ObservedResponse) -> Iterator[Difference]:
    """All differences. Where the statuses differ, the bodies are about different things and are not compared."""
    if first.status != second.status:
        yield Difference("status", "status", str(first.status), str(second.status))
        return
    if first.content_type != second.content_type:
        yield Difference("content_type", "content-type", first.content_type or "none", second.content_type or "none")
    for name in sorted(first.headers ^ second.headers):
        presence = ("present", "absent") if name in first.headers else ("absent", "present")
        yield Difference("header", name, *presence)
    yield from dict.fromkeys(_values(first.body, second.body, ""))


def _values(first: Any, second: Any, pointer: str) -> Iterator[Difference]:
    types = type_of(first), type_of(second)
    if types[0] != types[1]:
        yield Difference("type", pointer or "/", *types)
    elif isinstance(first, Mapping):
        yield from _members(first, second, pointer)
    elif isinstance(first, list):
        yield from _entries(first, second, pointer)
    elif first != second:
        yield Difference("value", pointer or "/", _shown(first), _shown(second))


def _members(first: Mapping[str, Any], second: Mapping[str, Any], pointer: str) -> Iterator[Difference]:
    for name in {**first, **second}:
        place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        mine, other = first.get(name, NOTHING), second.get(name, NOTHING)
        if other is NOTHING:
            yield Difference("missing", place, type_of(mine), "nothing")
        elif mine is NOTHING:
            yield Difference("added", place, "nothing", type_of(other))
        else:
            yield from _values(mine, other, place)


def _entries(first: list[Any], second: list[Any], pointer: str) -> Iterator[Difference]:
    if len(first) != len(second):
        yield Difference("length", pointer or "/", str(len(first)), str(len(second)))
    for mine, other in zip(first, second, strict=False):
        yield from _values(mine, other, f"{pointer}/*")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
