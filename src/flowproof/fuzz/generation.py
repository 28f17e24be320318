"""
Requests of a contract. Schemathesis draws them from its schemas; the documented examples are the other source.

Schemathesis neither signs nor knows an account: it would send credentials that it draws. So headers that authenticate
are left to the kit, and required ones are taken from an example of the same operation. Objects that the document leaves
open get no drawn members, of which Schemathesis would draw thousands; `changes.py` adds an unknown one instead.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hypothesis.strategies import SearchStrategy

from flowproof.cases import Case
from flowproof.conformance import Contract
from flowproof.conformance.bundle import bundle
from flowproof.conformance.operations import FORM, Operation
from flowproof.errors import ConfigurationError

from .requests import Described, Kind, Step

__all__ = ["Example", "Generator", "examples_of"]

Json = Any
DATA = frozenset({"const", "default", "enum", "example", "examples"})
COMPOSED = frozenset({"$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "not"})
JOINED = COMPOSED | {"properties"}
OF_TRANSPORT = frozenset({"accept", "content-length", "content-type", "host", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class Example:
    """
    A documented request with what has to happen before it.

    Args:
        before: Steps of its case that it stands on.
        step: The request itself.
    """

    before: tuple[Step, ...]
    step: Step


def examples_of(cases: Sequence[Case], contract: Contract) -> Mapping[str, tuple[Example, ...]]:
    """The documented requests that succeed and are signed, by operation."""
    found: dict[str, list[Example]] = {}
    for case in cases:
        before: list[Step] = []
        for described in case.steps:
            request = described["request"]
            match = contract.operations.find(request["method"], request["path"])
            is_usual = request.get("sign", True) and 200 <= described["expect"]["status"] < 300
            if match is None or not is_usual:
                break
            saved, waits_s = described.get("save", {}), described.get("advance_s", 0)
            step = Step(match.operation.id, "documented", request, saved, case.clock, waits_s)
            found.setdefault(match.operation.id, []).append(Example(tuple(before), step))
            before.append(step)
    return {name: tuple(sorted(each, key=lambda example: len(example.before))) for name, each in found.items()}


class Generator:
    """
    Draws requests of one contract.

    Args:
        contract: The provider's.
        cases: Its documented examples.

    Raises:
        ConfigurationError: Schemathesis is missing, or cannot read the contract.
    """

    def __init__(self, contract: Contract, cases: Sequence[Case]) -> None:
        try:
            import schemathesis  # noqa: PLC0415 (an extra)
            from schemathesis.core.result import Ok  # noqa: PLC0415
            from schemathesis.generation import GenerationMode  # noqa: PLC0415
        except ImportError as error:
            raise ConfigurationError(
                "Schemathesis draws the requests, and is not installed.", "Install flowproof[fuzz]."
            ) from error
        document = _closed(_without_security(bundle(contract)))
        try:
            found = schemathesis.openapi.from_dict(document).get_all_operations()
            operations = [each.ok() for each in found if isinstance(each, Ok)]
        except Exception as error:  # it refuses documents in many ways
            raise ConfigurationError(
                f"Schemathesis cannot read the contract of {contract.slug}: {error}.",
                "See flowproof contracts check.",
            ) from error
        self._contract = contract
        self._modes = {"valid": GenerationMode.POSITIVE, "invalid": GenerationMode.NEGATIVE}
        self._described = {each.definition.raw["operationId"]: each for each in operations}
        self.examples = examples_of(cases, contract)

    def drawn(self, operation: Operation, kind: Kind) -> SearchStrategy[Step]:
        """Requests that are valid, or of which a part is invalid."""
        described = self._described[operation.id]
        strategy: SearchStrategy[Any] = described.as_strategy(generation_mode=self._modes[kind])
        return strategy.map(lambda case: self._step(operation, kind, case)).filter(lambda step: step.request["path"])

    def _step(self, operation: Operation, kind: Kind, case: Any) -> Step:
        example = next(iter(self.examples.get(operation.id, ())), None)
        usual = example.step.request.get("headers", {}) if example else {}
        path = _path(operation, case.path_parameters or {})
        names = {name.lower() for name in (*usual, *OF_TRANSPORT)}
        headers = {str(name): str(each) for name, each in (case.headers or {}).items() if name.lower() not in names}
        if "content-type" not in {name.lower() for name in usual} and (media_type := _media_type(operation)):
            headers["Content-Type"] = media_type
        request = {"method": operation.method, "path": path, "headers": {**headers, **usual}}
        if query := {str(name): _query_value(each) for name, each in (case.query or {}).items()}:
            request["query"] = query
        request |= _body(case, operation)
        return Step(operation.id, kind, request, clock=example.step.clock if example else "")


def _media_type(operation: Operation) -> str:
    """The media type of an operation's body; empty where it has none, or the one that is usual for a case."""
    named = operation.json_body or (FORM if FORM in operation.bodies else next(iter(operation.bodies), ""))
    return "" if named == "application/json" else named


def _body(case: Any, operation: Operation) -> Described:
    from schemathesis.core import NOT_SET  # noqa: PLC0415 (an extra)

    if isinstance(case.body, type(NOT_SET)) or not operation.bodies:
        return {}
    if isinstance(case.body, bytes):
        return {"text": case.body.decode(errors="replace")}
    if operation.json_body is None and isinstance(case.body, dict):
        pairs = ((name, text) for name, each in case.body.items() for text in _texts(each))
        return {"form": [list(pair) for pair in pairs]} if FORM in operation.bodies else {"text": str(case.body)}
    if operation.json_body is None:
        return {"text": case.body if isinstance(case.body, str) else json.dumps(case.body)}
    return {"body": case.body}


def _path(operation: Operation, values: Mapping[str, Json]) -> str:
    """The path with its parameters; empty where one would lead to another operation."""
    path = operation.path
    for name in operation.names:
        text = _text(values.get(name, ""))
        if not text or text in (".", ".."):
            return ""
        path = path.replace(f"{{{name}}}", quote(text, safe="", errors="replace"))
    return path


def _query_value(value: Json) -> str | list[str]:
    return [_text(each) for each in value] if isinstance(value, list) else _text(value)


def _texts(value: Json) -> Iterator[str]:
    yield from map(_text, value) if isinstance(value, list) else (_text(value),)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _without_security(document: Mapping[str, Json]) -> dict[str, Json]:
    """The document without what authenticates: the kit signs."""
    paths = {
        path: {
            name: {key: value for key, value in each.items() if key != "security"} if isinstance(each, dict) else each
            for name, each in item.items()
        }
        for path, item in document["paths"].items()
    }
    components = {name: each for name, each in document.get("components", {}).items() if name != "securitySchemes"}
    return {**{name: each for name, each in document.items() if name != "security"}, "paths": paths} | {
        "components": components
    }


def _closed(document: Mapping[str, Json]) -> Json:
    """A copy in which each object that names its members has no others, unless it is a part of a larger one."""
    parts = {reference.rpartition("/")[2] for reference in _parts(document)}

    def closed(node: Json, *, is_part: bool) -> Json:
        if isinstance(node, list):
            return [closed(each, is_part=is_part) for each in node]
        if not isinstance(node, Mapping):
            return node
        made = {
            name: each
            if name in DATA
            else closed(each, is_part=name in COMPOSED or (is_part and name in JOINED) or name in parts)
            for name, each in node.items()
        }
        is_whole = isinstance(node.get("properties"), Mapping) and not is_part and not COMPOSED & set(node)
        return {**made, "additionalProperties": False} if is_whole and "additionalProperties" not in node else made

    return closed(document, is_part=False)


def _parts(node: Json) -> Iterator[str]:
    """References to schemas that are only a part of what a value has to be."""
    if isinstance(node, list):
        for each in node:
            yield from _parts(each)
    elif isinstance(node, Mapping):
        for name, each in node.items():
            if name in COMPOSED - {"$ref"}:
                found = each if isinstance(each, list) else [each]
                yield from (one["$ref"] for one in found if isinstance(one, Mapping) and "$ref" in one)
            yield from _parts(each)
