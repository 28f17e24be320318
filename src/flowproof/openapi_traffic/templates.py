"""Which segments of recorded paths are parameters, and what they are called."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from flowproof.recording.volatile import is_of_volatile_form
from flowproof.redaction.sensitive_names import looks_issued

__all__ = ["Observed", "Parameter", "Template", "camel_case", "singular", "templates_of"]

VARIABLE = re.compile(r":(\w+)|\{\{\s*([\w.-]+)\s*\}\}|\{(\w+)\}", re.ASCII)
NUMBERED = re.compile(r"\d+|[A-Za-z]{1,12}[_-](?=\w*\d)\w+", re.ASCII)
TWO_DIGITS = re.compile(r"\d.*\d", re.ASCII)
PLAIN_KEY = frozenset({"id", "_id", "uuid", "guid", "gid", "key", "ref", "token", "number", "reference", "name"})
WORD = re.compile(r"[A-Za-z0-9]+", re.ASCII)
LEAST_DIFFERENT = 3  # values at one place, answered alike, that make it a parameter


@dataclass(frozen=True, slots=True)
class Observed:
    """
    A request, as far as its path goes.

    Args:
        method: Upper case.
        segments: Of its path, decoded.
        answered: What its answer looks like: two requests that are answered alike are probably of one operation.
        status: Of the answer.
    """

    method: str
    segments: tuple[str, ...]
    answered: object
    status: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    A segment that is a parameter.

    Args:
        name: In the template.
        values: That were seen.
    """

    name: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Template:
    """
    A path.

    Args:
        path: With its parameters in braces.
        parameters: In order.
    """

    path: str
    parameters: tuple[Parameter, ...]


def templates_of(
    requests: Sequence[Observed], members: Mapping[str, str], is_private: Callable[[str], bool]
) -> list[Template]:
    """
    The template of each request.

    Args:
        requests: Of one API.
        members: The member in which a message has a value that stands for something, by the value.
        is_private: Whether a segment must not be shown.
    """
    marks = [tuple(_is_variable(each, members, is_private) for each in request.segments) for request in requests]
    marks = _with_siblings(requests, marks)
    names: dict[tuple[str, ...], str] = {}
    paths = [_named(request, each, members, names) for request, each in zip(requests, marks, strict=True)]
    values: dict[tuple[tuple[str, ...], int], set[str]] = defaultdict(set)
    for request, path in zip(requests, paths, strict=True):
        for at, segment in enumerate(request.segments):
            values[path, at].add(segment)
    return [
        Template(
            f"/{'/'.join(path)}",
            tuple(
                Parameter(each[1:-1], frozenset(values[path, at]))
                for at, each in enumerate(path)
                if each.startswith("{")
            ),
        )
        for path in paths
    ]


def _is_variable(segment: str, members: Mapping[str, str], is_private: Callable[[str], bool]) -> bool:
    return (
        VARIABLE.fullmatch(segment) is not None
        or "{" in segment
        or "}" in segment
        or NUMBERED.fullmatch(segment) is not None
        or is_of_volatile_form(segment)
        or (looks_issued(segment) and TWO_DIGITS.search(segment) is not None)
        or segment in members
        or is_private(segment)
    )


def _with_siblings(requests: Sequence[Observed], marks: Sequence[tuple[bool, ...]]) -> list[tuple[bool, ...]]:
    """
    Marks with those of segments that only their siblings give away: several are answered alike, or one is not found
    where others are.
    """
    found = [list(each) for each in marks]
    for at, listed in _places(requests, marks):
        known = [requests[each].answered for each in listed if marks[each][at]]
        literal = [each for each in listed if not marks[each][at]]
        for index in literal:
            request = requests[index]
            alike = {requests[each].segments[at] for each in literal if requests[each].answered == request.answered}
            is_missing = request.status == 404 and bool(known)
            is_success = request.status < 300
            if is_missing or (is_success and (request.answered in known or len(alike) >= LEAST_DIFFERENT)):
                found[index][at] = True
    return [tuple(each) for each in found]


def _places(requests: Sequence[Observed], marks: Sequence[tuple[bool, ...]]) -> Iterator[tuple[int, list[int]]]:
    """Each place of a path but the first, with the requests that differ in nothing else."""
    groups: dict[tuple[str, int, tuple[str, ...], tuple[str, ...]], list[int]] = defaultdict(list)
    for index, request in enumerate(requests):
        path = [
            "{}" if is_variable else segment
            for segment, is_variable in zip(request.segments, marks[index], strict=True)
        ]
        for at in range(1, len(path)):
            groups[request.method, at, tuple(path[:at]), tuple(path[at + 1 :])].append(index)
    yield from ((at, listed) for (_, at, _, _), listed in groups.items())


def _named(
    request: Observed, marks: Sequence[bool], members: Mapping[str, str], names: dict[tuple[str, ...], str]
) -> tuple[str, ...]:
    """The segments of a template; a place has one name, whatever stands in it."""
    path: tuple[str, ...] = ()
    for segment, is_variable in zip(request.segments, marks, strict=True):
        if not is_variable:
            path = (*path, quote(segment, safe=":@!$&'()*+,;=-._~"))
            continue
        if path not in names:
            names[path] = _free(_parameter_name(segment, path, members), path)
        path = (*path, f"{{{names[path]}}}")
    return path


def _parameter_name(segment: str, path: Sequence[str], members: Mapping[str, str]) -> str:
    """A variable's own name; else the member that has the value; else the collection's, with `Id`."""
    own = VARIABLE.fullmatch(segment)
    if own is not None:
        return re.sub(r"\W", "_", next(each for each in own.groups() if each), flags=re.ASCII)
    member = re.sub(r"\W", "_", members.get(segment, ""), flags=re.ASCII)
    if member and member.lower() not in PLAIN_KEY:
        return member
    before = next((each for each in reversed(path) if not each.startswith("{")), "")
    thing = camel_case(singular(before))
    return f"{thing}Id" if thing else "id"


def _free(name: str, path: Sequence[str]) -> str:
    number, free = 1, name
    while f"{{{free}}}" in path:
        number += 1
        free = f"{name}{number}"
    return free


def singular(word: str) -> str:
    """The name of one of several: `toys` is `toy`, `companies` is `company`, `address` stays."""
    if word.lower().endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.lower().endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word[:-1] if word.lower().endswith("s") and not word.lower().endswith(("ss", "us", "is")) else word


def camel_case(text: str) -> str:
    """A text as a name: `gift-cards` is `giftCards`; empty where it has neither letters nor digits."""
    name = "".join(each[0].upper() + each[1:] for each in WORD.findall(text))
    return name[:1].lower() + name[1:]
