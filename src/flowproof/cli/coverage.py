"""``flowproof contracts coverage``: what a run exercised of the contracts, by which tests, and what it did not."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowproof.errors import ConfigurationError

from .tables import bullets, heading, json_text, table

if TYPE_CHECKING:
    from flowproof.conformance import Contract

__all__ = ["coverage"]

KINDS = ("operations", "statuses", "examples", "branches", "requirements")
MOST_SHOWN = 30
JSON = "application/json"
Exercised = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Item:
    """
    Something that a run can exercise.

    Args:
        kind: One of ``KINDS``.
        name: What it is, for people.
        source: Where to read of it.
        tests: Those that exercised it.
    """

    kind: str
    name: str
    source: str
    tests: tuple[str, ...]


@click.command()
@click.argument("slugs", nargs=-1, metavar="[PROVIDER]...")
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("flowproof-coverage.json"),
    metavar="FILE",
    help="What pytest --flowproof-coverage FILE has written.",
)
@click.option("--threshold", type=click.FloatRange(0, 100), metavar="PERCENT", help="Fail below this.")
@click.option("--json", "as_json", is_flag=True, help="Print everything, with the tests, as JSON.")
@click.pass_context
def coverage(
    context: click.Context, /, slugs: tuple[str, ...], results: Path, threshold: float | None, as_json: bool
) -> None:
    """
    Show what a suite's run exercised of its contract.

    A run writes its results with pytest --flowproof-coverage FILE, on a mock or on a sandbox, also under xdist. Counted
    are operations, documented statuses, documented examples, branches of schemas, and requirements with a test that
    passed. Exit code 1 when a provider is below the threshold.
    """
    from flowproof.conformance import load_contract  # noqa: PLC0415 (loads the validators)
    from flowproof.providers import find_providers  # noqa: PLC0415 (searches the installed distributions)

    exercised = _read(results)
    chosen = find_providers(slugs or tuple(exercised))
    found = {
        each.slug: tuple(_items(load_contract(each.slug, each.contract), exercised.get(each.slug, {})))
        for each in chosen
    }
    click.echo(json_text(_json(found)) if as_json else _text(found))
    below = [slug for slug, items in found.items() if threshold is not None and _percent(items) < threshold]
    for slug in below:
        click.echo(f"{slug}: {_percent(found[slug]):.1f} % is below the threshold of {threshold:g} %", err=True)
    context.exit(1 if below else 0)


def _read(file: Path) -> Mapping[str, Exercised]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        providers: Mapping[str, Exercised] = content["providers"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{file} holds no results: {error}.", f"Write them with: pytest --flowproof-coverage {file}"
        ) from error
    return providers


def _items(contract: "Contract", exercised: Exercised) -> Iterator[Item]:
    answers = exercised.get("answers", {})
    for operation in contract.operations.all:
        source = f"contracts/{contract.slug}/openapi.yaml, {operation.method} {operation.path}"
        statuses = {
            name.partition(" ")[2]: tests for name, tests in answers.items() if name.startswith(f"{operation.id} ")
        }
        yield Item(
            "operations", operation.id, source, tuple(sorted({each for tests in statuses.values() for each in tests}))
        )
        for status in operation.responses:
            tests = [
                each
                for answered, by in statuses.items()
                if _is_described_by(operation, answered, status)
                for each in by
            ]
            yield Item("statuses", f"{operation.id} {status}", source, tuple(sorted(set(tests))))
    yield from _examples(contract, exercised.get("cases", {}))
    yield from _branches(contract, exercised.get("branches", {}))
    for each in contract.requirements.values():
        yield Item("requirements", each.id, each.source, tuple(exercised.get("requirements", {}).get(each.id, ())))


def _is_described_by(operation: Any, answered: str, status: str) -> bool:
    return operation.described(int(answered)) is operation.responses[status]


def _examples(contract: "Contract", exercised: Mapping[str, Sequence[str]]) -> Iterator[Item]:
    folder = files("flowproof.fixtures").joinpath(contract.slug).joinpath("cases")
    if not folder.is_dir():
        return
    for file in sorted((each for each in folder.iterdir() if each.name.endswith(".json")), key=lambda each: each.name):
        case = json.loads(file.read_text(encoding="utf-8"))
        yield Item("examples", case["id"], str(case.get("source", file.name)), tuple(exercised.get(case["id"], ())))


def _branches(contract: "Contract", exercised: Mapping[str, Sequence[str]]) -> Iterator[Item]:
    from flowproof.conformance.branches import Branches  # noqa: PLC0415 (only this command needs it)

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
            yield Item("branches", f"{name} {branch}", source, tuple(sorted(by_class.get(f"{name} {branch}", ()))))


def _request(operation: Any) -> Mapping[str, str]:
    return {JSON: operation.bodies[operation.json_body]} if operation.json_body else {}


def _percent(items: Sequence[Item]) -> float:
    return 100 * sum(bool(each.tests) for each in items) / len(items) if items else 0.0


def _text(found: Mapping[str, Sequence[Item]]) -> str:
    rows = [
        [slug, *(_counted(items, kind) for kind in KINDS), f"{_percent(items):.1f} %"] for slug, items in found.items()
    ]
    parts = [table(["provider", *KINDS, "together"], rows)]
    for slug, items in found.items():
        for kind in KINDS:
            missed = [f"{each.name} ({each.source})" for each in items if each.kind == kind and not each.tests]
            if missed:
                more = [f"and {len(missed) - MOST_SHOWN} more; --json shows all"] if len(missed) > MOST_SHOWN else []
                parts.append(f"{heading(f'{slug}: {kind} not exercised')}\n{bullets([*missed[:MOST_SHOWN], *more])}")
    return "\n\n".join(parts)


def _counted(items: Sequence[Item], kind: str) -> str:
    of_kind = [each for each in items if each.kind == kind]
    return f"{sum(bool(each.tests) for each in of_kind)} of {len(of_kind)}"


def _json(found: Mapping[str, Sequence[Item]]) -> dict[str, Any]:
    return {
        slug: {
            "percent": round(_percent(items), 2),
            **{
                kind: {
                    each.name: {"source": each.source, "tests": list(each.tests)} for each in items if each.kind == kind
                }
                for kind in KINDS
            },
        }
        for slug, items in found.items()
    }
