"""``flowproof mutants``: would the suite notice? The mock with one thing broken at a time, against its own suite."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from flowproof.extras import require
from flowproof.mutation import FAMILIES, Family, MutantReport, MutantResult, run_mutants
from flowproof.plurals import counted
from flowproof.providers import Kits, find_providers

from .options import complete_provider
from .output import write
from .tables import bullets, heading, json_text, table

__all__ = ["mutants"]

VERDICTS = ("killed", "survived", "equal", "broken")


@click.command()
@click.argument("slugs", nargs=-1, shell_complete=complete_provider, metavar="[PROVIDER]...")
@click.option("--requirement", metavar="ID", help="Only mutants of this requirement, or of those below it.")
@click.option("--family", type=click.Choice(FAMILIES), help="Only mutants of this family.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Only so many of each provider, always the same.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="How many at once.  [default: as many as processors]")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write every mutant and what became of it there.",
)
@click.option(
    "--suite",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of another suite.  [default: that of the provider's kit]",
)
@click.pass_context
def mutants(
    context: click.Context,
    /,
    slugs: tuple[str, ...],
    requirement: str | None,
    family: Family | None,
    sample: int | None,
    jobs: int | None,
    json_file: Path | None,
    suite: Path | None,
) -> None:
    """
    Break each mock in one thing at a time: does its suite notice?

    The suite runs over HTTP, as against a stranger's server. A mutant that no test notices survives: the suite is too
    weak there, or the requirement says why nobody outside can notice. Exit code 1 when a mutant of a documented
    requirement survives without such a reason, or when the suite fails on the unbroken mock.
    """
    require("hypothesis")
    chosen = slugs or Kits().names
    if suite is not None and len(chosen) != 1:
        raise click.UsageError("--suite is the suite of one provider: name that provider.")
    find_providers(chosen)
    started = time.perf_counter()
    show = _show_progress if sys.stderr.isatty() else lambda _: None
    at_once = jobs or os.cpu_count() or 1
    reports = [
        run_mutants(
            slug, requirement=requirement, sample=sample, family=family, jobs=at_once, suite=suite, on_result=show
        )
        for slug in chosen
    ]
    seconds = time.perf_counter() - started
    _print(reports, seconds)
    if json_file is not None:
        write(json_file, json_text(_json(reports, seconds)))
    context.exit(1 if any(_fails(each) for each in reports) else 0)


def _fails(report: MutantReport) -> bool:
    broken = any(each.verdict == "broken" for each in report.results)
    return bool(report.gaps() or report.failures) or broken


def _show_progress(report: MutantReport) -> None:
    click.echo(f"\r{report.provider}: {len(report.results)} of {report.planned}", err=True, nl=False)
    if len(report.results) == report.planned:
        click.echo("\r" + " " * 60 + "\r", err=True, nl=False)


def _print(reports: Sequence[MutantReport], seconds: float) -> None:
    rows = [
        [
            report.provider,
            family,
            *(report.count(verdict, family) for verdict in VERDICTS),
            len(report.without) if family == "requirement" else "",
        ]
        for report in reports
        for family in FAMILIES
    ]
    click.echo(table(["provider", "mutants", *VERDICTS, "requirements without one"], rows))
    if kinds := _general_kinds(reports):
        click.echo(f"\n{heading('General mutants')}\n{table(['provider', 'kind', *VERDICTS], kinds)}")
    for report in reports:
        _print_list(f"{report.provider}: survived", _lines(report, "survived"))
        _print_list(f"{report.provider}: equal to the unbroken mock", _lines(report, "equal"))
        _print_list(f"{report.provider}: could not be run", _lines(report, "broken"))
        without = [f"{each}{f' ({why})' if (why := report.excused.get(each)) else ''}" for each in report.without]
        _print_list(f"{report.provider}: requirements without a mutant", without)
        failing = [f"{test}: {why}" for test, why in report.failures.items()]
        _print_list(f"{report.provider}: fail on the unbroken mock, and took no part", failing)
    click.echo(f"\n{counted(sum(len(each.results) for each in reports), 'mutant')} in {seconds:.0f} s")


def _general_kinds(reports: Sequence[MutantReport]) -> list[list[object]]:
    """A row for each kind of general mutant that a provider has."""
    return [
        [report.provider, kind, *(report.count(verdict, "general", kind) for verdict in VERDICTS)]
        for report in reports
        for kind in sorted({each.kind for each in report.results if each.family == "general"})
    ]


def _lines(report: MutantReport, verdict: str) -> list[str]:
    return [f"{each.mutant}: {each.says} ({_tail(each)})" for each in report.results if each.verdict == verdict]


def _tail(result: MutantResult) -> str:
    standing = f"{result.standing} {result.requirement}; " if result.standing else "no requirement; "
    return f"{standing}{result.excused or result.why}"


def _print_list(title: str, lines: Sequence[str]) -> None:
    if lines:
        click.echo(f"\n{heading(title)}\n{bullets(lines)}")


def _json(reports: Sequence[MutantReport], seconds: float) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 1),
        "providers": [
            {
                "provider": report.provider,
                "tests": report.tests,
                "counts": {verdict: report.count(verdict) for verdict in VERDICTS},
                "without_mutant": list(report.without),
                "excused": dict(report.excused),
                "failures": dict(report.failures),
                "mutants": [each.to_json() for each in report.results],
            }
            for report in reports
        ],
    }
