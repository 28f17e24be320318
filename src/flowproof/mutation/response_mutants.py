"""
Response mutants: made from the contract for every operation and status that the suite reaches, without a list.

A required property missing, renamed; any property null, of another type, out of its enum or pattern, or with another
value that the contract allows; a wrong status, a wrong content type, a byte too many.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import jsonschema_rs
import orjson

from flowproof.conformance import Contract
from flowproof.conformance.places import Steps, edited, pointer
from flowproof.conformance.schema_walk import SchemaLocation, SchemaWalk

from .mutant import CannedResponse, Mutant
from .reference import ReferenceRun

__all__ = ["changed_response", "response_mutants"]

JSON = "application/json"
TYPES: Sequence[tuple[str, Any]] = (
    ("integer", 7),
    ("string", "seven"),
    ("boolean", True),
    ("array", ["seven"]),
    ("object", {"seven": 7}),
)
OUTSIDE = ("~", "", "\n", -1, 10**12)
SAYS = {
    "missing": "{place} of {answer} is missing",
    "renamed": "{place} of {answer} has another name",
    "null": "{place} of {answer} is null",
    "type": "{place} of {answer} is of another type",
    "outside": "{place} of {answer} is not what its schema allows",
    "value": "{place} of {answer} has another value that its schema allows",
    "status": "{answer} has status {other}",
    "content_type": "{answer} is called text/html",
    "byte": "{answer} has a byte too many",
}


def response_mutants(contract: Contract, reference: ReferenceRun) -> Iterator[Mutant]:
    """Those of every response that the suite reaches."""
    walk = SchemaWalk(contract)
    for (name, status), sample in sorted(reference.samples.items()):
        operation = contract.operations.by_id(name)
        described = operation.described(status) if operation else None
        if operation is None or described is None:
            continue
        reached = {
            steps for test in reference.tests.values() for op, at, steps in test.places if (op, at) == (name, status)
        }
        for other in _other_statuses(status, operation.responses):
            yield _whole(contract, name, status, "status", other)
        if sample.body:
            yield _whole(contract, name, status, "content_type")
            yield _whole(contract, name, status, "byte")
        if described.get(JSON):
            places = walk.locations(contract.schemas.uri_of_pointer(described[JSON]))
            for steps, place in places.items():
                if steps and steps in reached:
                    yield from _of_place(contract, name, status, steps, place)


def _whole(contract: Contract, name: str, status: int, kind: str, other: int | None = None) -> Mutant:
    id_ = f"{name}.{status}:{kind}{f'-{other}' if other else ''}"
    says = SAYS[kind].format(answer=f"the {status} of {name}", other=other)
    return Mutant(id_, contract.slug, "response", kind, says, operation=name, status=status, other_status=other)


def _other_statuses(status: int, responses: Mapping[str, Any]) -> Iterator[int]:
    """One that the contract does not have, and the nearest other one of its class that it has."""
    numbers = {int(each) for each in responses if each.isdecimal()}
    first = 299 if status < 300 else 499 if status < 500 else 599
    if str(first)[0] + "XX" not in responses and "default" not in responses:
        yield first
    near = sorted((abs(each - status), each) for each in numbers if each != status and each // 100 == status // 100)
    if near:
        yield near[0][1]


def _of_place(contract: Contract, name: str, status: int, steps: Steps, place: SchemaLocation) -> Iterator[Mutant]:
    for kind, values in _kinds(steps, place):
        answer = f"the {status} of {name}"
        yield Mutant(
            id=f"{name}.{status}#{pointer(steps)}:{kind}",
            provider=contract.slug,
            family="response",
            kind=kind,
            says=SAYS[kind].format(place=pointer(steps), answer=answer),
            requirement=place.requirement,
            operation=name,
            status=status,
            steps=steps,
            values=values,
            schemas=tuple(place.limits),
        )


def _kinds(steps: Steps, place: SchemaLocation) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if steps[-1] != "*" and place.required:
        yield "missing", ()
        yield "renamed", ()
    if not place.limits:
        return
    if not _allowed(None, place.limits):
        yield "null", (None,)
    if other := [value for _, value in TYPES if not _allowed(value, [_type_only(each) for each in place.limits])]:
        yield "type", (other[0],)
    if any(set(each) & {"enum", "pattern", "format", "minimum"} for each in place.limits):
        same_type = [each for each in OUTSIDE if _allowed(each, [_type_only(limit) for limit in place.limits])]
        if outside := [each for each in same_type if not _allowed(each, place.limits)]:
            yield "outside", (outside[0],)
    if any(_has_others(each) for each in place.limits):
        yield "value", tuple(value for each in place.limits for value in each.get("enum", ()))


def _has_others(limits: Mapping[str, Any]) -> bool:
    """Whether a schema may allow another value of the same kind; of objects, that is a matter of their members."""
    single = "const" in limits or len(limits.get("enum", (1, 2))) < 2
    whole_list = limits.get("type") == "array" and limits.get("minItems", 0) > 0
    return not single and not whole_list and limits.get("type") != "object"


def _type_only(limits: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: limits[name] for name in ("type", "const") if name in limits}


def _allowed(value: Any, schemas: Sequence[Mapping[str, Any]]) -> bool:
    return any(jsonschema_rs.is_valid(dict(each), value) for each in schemas)


def changed_response(mutant: Mutant, right: CannedResponse) -> CannedResponse:
    """The response as a response mutant gives it; the same where there is nothing to change."""
    match mutant.kind:
        case "status":
            return replace(right, status=mutant.other_status or right.status)
        case "content_type":
            rest = tuple(each for each in right.headers if each[0].lower() != "content-type")
            return replace(right, headers=(("Content-Type", "text/html"), *rest))
        case "byte":
            return replace(right, body=right.body + b"\x00")
    try:
        value = orjson.loads(right.body)
    except orjson.JSONDecodeError:
        return right
    changed = edited(value, mutant.steps, lambda found, name: _changed(mutant, found, name))
    is_same = changed == value and repr(changed) == repr(value)
    return right if is_same else replace(right, body=orjson.dumps(changed))


def _changed(mutant: Mutant, value: Any, name: str) -> tuple[str, Any] | None:
    match mutant.kind:
        case "missing":
            return None
        case "renamed":
            return f"{name}_", value
        case "null" | "type" | "outside":
            return name, mutant.values[0]
    return name, next((each for each in _others(mutant, value) if _allowed(each, mutant.schemas)), value)


def _others(mutant: Mutant, value: Any) -> Iterator[Any]:
    """Other values that look like this one; the schema has the last word."""
    yield from (each for each in mutant.values if each != value)
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, value - 1)
    elif isinstance(value, str):
        yield from _other_texts(value)
    elif isinstance(value, list) and value:
        yield value[:-1]


def _other_texts(text: str) -> Iterator[str]:
    """One character changed for another of its kind, from the end; a text is added where there is none."""
    for index in range(len(text) - 1, -1, -1):
        found = text[index]
        if found.isascii() and found.isalnum():
            other = "1" if found == "0" else "0" if found.isdecimal() else "b" if found == "a" else "a"
            yield text[:index] + (other.upper() if found.isupper() else other) + text[index + 1 :]
    yield f"{text}a"
