"""``flowproof contracts coverage``: what a run exercised of the contracts, by which tests, and what it did not."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from flowproof.conformance import load_contract
from flowproof.conformance.coverage import KINDS, CoverageItem, Exercised, items
from flowproof.errors import ConfigurationError
from flowproof.providers import find_providers
from flowproof.text_file import read_text

from .options import complete_provider
from .tables import bullets, heading, json_text, table

__all__ = ["coverage"]

TOGETHER = "together"
MOST_SHOWN = 30


@click.command()
@click.argument("slugs", nargs=-1, shell_complete=complete_provider, metavar="[PROVIDER]...")
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("flowproof-coverage.json"),
    metavar="FILE",
    help="What pytest --flowproof-coverage FILE has written.",
)
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="[KIND=]PERCENT",
    help="Fail below this, of everything together or of one kind, such as requirements=90; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything, with the tests, as JSON.")
@click.pass_context
def coverage(
    context: click.Context, /, slugs: tuple[str, ...], results: Path, thresholds: tuple[str, ...], as_json: bool
) -> None:
    """
    Show what a suite's run exercised of its contract.

    A run writes its results with pytest --flowproof-coverage FILE, on a mock or on a sandbox, also under xdist. Counted
    are operations, documented statuses, documented examples, branches of schemas, and requirements with a test that
    passed. Exit code 1 when a provider is below the threshold.
    """
    required = [_threshold(each) for each in thresholds]
    exercised = _read(results)
    chosen = find_providers(slugs or tuple(exercised))
    found = {
        each.slug: tuple(items(load_contract(each.slug, each.contract), exercised.get(each.slug, {})))
        for each in chosen
    }
    click.echo(json_text(_json(found)) if as_json else _text(found))
    below = [each for threshold in required for each in _below(found, *threshold)]
    for each in below:
        click.echo(each, err=True)
    context.exit(1 if below else 0)


def _threshold(text: str) -> tuple[str, float]:
    """
    A kind, or `together`, with the percentage that it has to reach.

    Raises:
        ConfigurationError: There is no such kind, or it is no percentage.
    """
    kind, equals, number = text.rpartition("=")
    try:
        percent = float(number)
    except ValueError:
        percent = -1.0
    if (equals and kind not in KINDS) or not 0 <= percent <= 100:
        fix = f"Write a percentage, or {'=90, '.join(KINDS)}=90."
        raise ConfigurationError(f"--threshold {text!r} cannot be read.", fix)
    return kind or TOGETHER, percent


def _below(found: Mapping[str, Sequence[CoverageItem]], kind: str, percent: float) -> Iterator[str]:
    for slug, of_provider in found.items():
        reached = _percent([each for each in of_provider if kind in {TOGETHER, each.kind}])
        if reached < percent:
            yield f"{slug}: {kind} {reached:.1f} %, below the threshold of {percent:g} %"


def _read(file: Path) -> Mapping[str, Exercised]:
    fix = f"Write it with: pytest --flowproof-coverage {file}"
    try:
        providers: Mapping[str, Exercised] = json.loads(read_text(file, fix=fix))["providers"]
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{file} holds no results: {error}.", fix) from error
    return providers


def _percent(found: Sequence[CoverageItem]) -> float:
    return 100 * sum(bool(each.tests) for each in found) / len(found) if found else 0.0


def _text(found: Mapping[str, Sequence[CoverageItem]]) -> str:
    rows = [
        [slug, *(_counted(each, kind) for kind in KINDS), f"{_percent(each):.1f} %"] for slug, each in found.items()
    ]
    parts = [table(["provider", *KINDS, "together"], rows)]
    for slug, of_provider in found.items():
        for kind in KINDS:
            missed = [f"{each.name} ({each.source})" for each in of_provider if each.kind == kind and not each.tests]
            if missed:
                more = [f"and {len(missed) - MOST_SHOWN} more; --json shows all"] if len(missed) > MOST_SHOWN else []
                parts.append(f"{heading(f'{slug}: {kind} not exercised')}\n{bullets([*missed[:MOST_SHOWN], *more])}")
    return "\n\n".join(parts)


def _counted(found: Sequence[CoverageItem], kind: str) -> str:
    of_kind = [each for each in found if each.kind == kind]
    return f"{sum(bool(each.tests) for each in of_kind)} of {len(of_kind)}"


def _json(found: Mapping[str, Sequence[CoverageItem]]) -> dict[str, Any]:
    return {
        slug: {
            "percent": round(_percent(of_provider), 2),
            **{kind: _json_of_kind(of_provider, kind) for kind in KINDS},
        }
        for slug, of_provider in found.items()
    }


def _json_of_kind(found: Sequence[CoverageItem], kind: str) -> dict[str, Any]:
    of_kind = (each for each in found if each.kind == kind)
    return {each.name: {"source": each.source, "tests": list(each.tests)} for each in of_kind}
