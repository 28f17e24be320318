"""Coverage of a contract by a run: operations, statuses, examples, branches of schemas, requirements."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from .branches import Branches
from .contract import Contract
from .sources import shown_source

__all__ = ["KINDS", "CoverageItem", "Exercised", "items"]

KINDS = ("operations", "statuses", "examples", "branches", "requirements")
JSON = "application/json"
Exercised = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class CoverageItem:
    """
    Something that a run can exercise.

    Args:
        kind: One of ``KINDS``.
        name: For people.
        source: Where it is documented.
        tests: Those that exercised it.
    """

    kind: str
    name: str
    source: str
    tests: tuple[str, ...]


def items(contract: Contract, exercised: Exercised) -> Iterator[CoverageItem]:
    """
    List everything in a contract that a run can exercise.

    Args:
        contract: The provider's.
        exercised: What the run recorded: `answers`, `branches`, `cases`, `requirements`, each by name with its tests.
    """
    answers = exercised.get("answers", {})
    for operation in contract.operations.all:
        source = f"contracts/{contract.slug}/openapi.yaml, {operation.method} {operation.path}"
        statuses = {
            name.partition(" ")[2]: tests for name, tests in answers.items() if name.startswith(f"{operation.id} ")
        }
        yield CoverageItem(
            "operations", operation.id, source, tuple(sorted({each for tests in statuses.values() for each in tests}))
        )
        for status in operation.responses:
            tests = [
                each
                for answered, by in statuses.items()
                if _is_described_by(operation, answered, status)
                for each in by
            ]
            yield CoverageItem("statuses", f"{operation.id} {status}", source, tuple(sorted(set(tests))))
    yield from _examples(contract, exercised.get("cases", {}))
    yield from _branches(contract, exercised.get("branches", {}))
    for each in contract.requirements.values():
        yield CoverageItem(
            "requirements", each.id, each.source, tuple(exercised.get("requirements", {}).get(each.id, ()))
        )


def _is_described_by(operation: Any, answered: str, status: str) -> bool:
    return operation.described(int(answered)) is operation.responses[status]


def _examples(contract: Contract, exercised: Mapping[str, Sequence[str]]) -> Iterator[CoverageItem]:
    folder = files("flowproof.fixtures").joinpath(contract.slug).joinpath("cases")
    if not folder.is_dir():
        return
    for file in sorted((each for each in folder.iterdir() if each.name.endswith(".json")), key=lambda each: each.name):
        case = json.loads(file.read_text(encoding="utf-8"))
        yield CoverageItem(
            "examples",
            case["id"],
            shown_source(str(case.get("source", file.name)), contract.source_names),
            tuple(exercised.get(case["id"], ())),
        )


def _branches(contract: Contract, exercised: Mapping[str, Sequence[str]]) -> Iterator[CoverageItem]:
    branches = Branches(contract)
    schemas = [
        (f"{operation.id} {side}", media_types[JSON])
        for operation in contract.operations.all
        for side, media_types in (("request", _request(operation)), *operation.responses.items())
        if JSON in media_types
    ]
    by_class: dict[str, set[str]] = {}
    for name, tests in exercised.items():
        operation, side, branch = name.split(" ", 2)
        found = contract.operations.by_id(operation)
        if side != "request" and found is not None:
            side = next((key for key in found.responses if _is_described_by(found, side, key)), side)
        by_class.setdefault(f"{operation} {side} {branch}", set()).update(tests)
    for name, pointer in schemas:
        for branch, requirement in branches.of(pointer).all.items():
            known = contract.requirements.get(requirement or "")
            source = known.source if known else f"contracts/{contract.slug}/openapi.yaml#{pointer}"
            yield CoverageItem(
                "branches", f"{name} {branch}", source, tuple(sorted(by_class.get(f"{name} {branch}", ())))
            )


def _request(operation: Any) -> Mapping[str, str]:
    return {JSON: operation.bodies[operation.json_body]} if operation.json_body else {}
