"""``flowproof certify``: a provider's suite on a target, judged requirement by requirement, with evidence."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import option
from .tables import bullets, heading, rows, visible

if TYPE_CHECKING:
    from flowproof.certify import CertificationReport
    from flowproof.certify.events import Event, Verdict
    from flowproof.certify.keys import Ed25519PrivateKey
    from flowproof.certify.run import RunConfiguration

__all__ = ["certify"]

VERDICTS: "tuple[Verdict, ...]" = ("PASS", "FAIL", "ERROR", "SKIP", "OMIT")
CERTIFICATE = "certificate.zip"
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it
MOST_LISTED = 20
WIDE = 79


@click.command()
@click.argument("provider")
@option("--target", required=True, metavar="mock|FILE", show_default=False, help="The mock, or a sandbox profile.")
@option(
    "--report",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    show_default=False,
    help="Where the run's files go.  [default: flowproof-report/PROVIDER]",
)
@click.option("--resume", is_flag=True, show_default=False, help="Go on with the run that broke off there.")
@click.option(
    "--requirement", "requirements", multiple=True, metavar="ID", help="Only its tests, or those below it; repeatable."
)
@click.option(
    "-k", "keyword", default="", metavar="EXPRESSION", show_default=False, help="Only tests that pytest -k finds."
)
@option("--jobs", type=click.IntRange(1), default=1, metavar="N", help="Processes at once; more need pytest-xdist.")
@click.option(
    "--suite",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the suite, for a provider that brings its own.  [default: that of this package]",
)
@option(
    "--sign",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="KEY-FILE",
    show_default=False,
    help="Issue a certificate, signed with this key (flowproof keygen makes one), if nothing stands against it.",
)
@option("--valid-days", type=click.IntRange(1, 3650), default=90, metavar="N", help="For how long it counts.")
@click.pass_context
def certify(
    context: click.Context,
    /,
    provider: str,
    target: str,
    folder: Path | None,
    resume: bool,
    requirements: tuple[str, ...],
    keyword: str,
    jobs: int,
    suite: Path | None,
    sign: Path | None,
    valid_days: int,
) -> None:
    """
    Run a provider's suite on a target, within what its profile permits, and report on each requirement.

    Ctrl-C ends a run in order: what it has created is undone where that is possible, and --resume goes on from there.
    Exit code 0 all held, 1 something failed or the certificate was refused, 2 misconfigured or nothing could be judged,
    130 interrupted.
    """
    from importlib.resources import files  # noqa: PLC0415 (what follows takes time to load)

    from flowproof.certify import build_report, exit_code  # noqa: PLC0415
    from flowproof.certify.criteria import read_report_inputs  # noqa: PLC0415
    from flowproof.certify.keys import read_private_key  # noqa: PLC0415
    from flowproof.certify.run import RunConfiguration, run  # noqa: PLC0415
    from flowproof.certify.suite import find_suite  # noqa: PLC0415
    from flowproof.certify.writers import write_views  # noqa: PLC0415
    from flowproof.providers import find_providers  # noqa: PLC0415
    from flowproof.target.profile import MOCK  # noqa: PLC0415

    (found,) = find_providers([provider])
    configuration = RunConfiguration(
        provider=provider,
        suite=suite.resolve() if suite is not None else find_suite(provider),
        contract=found.contract if found.contract is not None else files("flowproof.contracts").joinpath(provider),
        target=None if target == MOCK else Path(target),
        folder=folder if folder is not None else Path("flowproof-report") / provider,
        requirements=requirements,
        keyword=keyword,
        jobs=jobs,
        resume=resume,
    )
    progress = Progress(provider)
    key = read_private_key(sign) if sign is not None else None
    ended = run(configuration, os.environ, on_event=partial(_take, progress, configuration.folder))
    progress.end()
    if not ended.finished:
        click.echo(
            f"Broken off after {progress.done} of {progress.planned} tests; --resume goes on from there.", err=True
        )
        context.exit(INTERRUPTED)
    report = build_report(
        ended.events, read_report_inputs(provider, found.title, configuration.contract, ended.events, ended.deviations)
    )
    write_views(report, configuration.folder)
    _tell_github(report)
    click.echo(_shown(report, configuration.folder))
    is_certified = key is None or _certified(report, configuration, key, valid_days)
    context.exit(exit_code(report) or (0 if is_certified else 1))


class Progress:
    """
    Tells how a run goes: one line that changes on a terminal; elsewhere a line for each test that is in trouble.

    Args:
        provider: Slug.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._is_terminal = sys.stderr.isatty()
        self._verdicts: dict[str, str] = {}
        self._planned: set[str] = set()

    @property
    def planned(self) -> int:
        """How many tests there are."""
        return len(self._planned)

    @property
    def done(self) -> int:
        """How many have their verdict."""
        return len(self._verdicts)

    def take(self, event: "Event") -> None:
        """One more event."""
        from flowproof.certify.events import Planned, RunStarted, TestFinished  # noqa: PLC0415 (loaded by whoever tells)

        match event:
            case RunStarted(target=target):
                where = f"{target.name} ({target.kind}{f', {target.url}' if target.url else ''})"
                self._line(f"{self._provider} on {visible(where)}{', resumed' if event.resumed else ''}")
            case Planned():
                self._planned.add(event.test)
                self._verdicts.pop(event.test, None)
            case TestFinished():
                self._verdicts[event.test] = event.verdict
                if event.verdict in ("FAIL", "ERROR"):
                    self._line(f"{event.verdict:<5} {visible(event.test)}: {visible(event.why)}")
                self._bar()
            case _:
                return

    def end(self) -> None:
        """The run is over."""
        if self._is_terminal:
            click.echo(f"\r{' ' * WIDE}\r", err=True, nl=False)

    def _line(self, text: str) -> None:
        click.echo(f"\r{text:<{WIDE}}" if self._is_terminal else text, err=True)

    def _bar(self) -> None:
        if self._is_terminal:
            counts = Counter(self._verdicts.values())
            told = ", ".join(f"{counts[each]} {each}" for each in VERDICTS if counts[each])
            click.echo(f"\r{f'{self.done} of {self.planned} tests: {told}':<{WIDE}}"[: WIDE + 1], err=True, nl=False)


def _take(progress: Progress, folder: Path, event: "Event") -> None:
    """One more event; with the first, what an earlier run left in the folder goes, lest it be taken for this one's."""
    from flowproof.certify.events import RunStarted  # noqa: PLC0415 (loaded by whoever tells)
    from flowproof.certify.writers import VIEWS  # noqa: PLC0415

    if isinstance(event, RunStarted):
        for name in (*VIEWS, CERTIFICATE):
            (folder / name).unlink(missing_ok=True)
    progress.take(event)


def _certified(
    report: "CertificationReport", configuration: "RunConfiguration", key: "Ed25519PrivateKey", valid_days: int
) -> bool:
    """Whether a certificate could be issued, and is in its file."""
    from datetime import UTC, datetime  # noqa: PLC0415 (beside the only use)

    from flowproof.certify.certificate import NotCertifiable, issue_certificate  # noqa: PLC0415

    try:
        data = issue_certificate(
            report, configuration.events.read_bytes(), key, at=datetime.now(UTC), valid_days=valid_days
        )
    except NotCertifiable as refused:
        click.echo(f"\n{heading('No certificate can be issued')}\n{bullets(_first(list(refused.reasons)))}")
        return False
    (configuration.folder / CERTIFICATE).write_bytes(data)
    click.echo(f"\nThe certificate is {configuration.folder / CERTIFICATE}.")
    return True


def _tell_github(report: "CertificationReport") -> None:
    """In a job of GitHub Actions: annotations on stdout, and the job's summary."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from flowproof.certify.writers import annotations, summary  # noqa: PLC0415 (loaded by whoever asks for views)

    click.echo(annotations(report), nl=False)
    if file := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(summary(report))


def _shown(report: "CertificationReport", folder: Path) -> str:
    target = f"{report.target.name} ({report.target.kind})"
    told = rows(
        [
            ("requirements", _counts(report.requirement_counts)),
            ("tests", _counts(report.test_counts)),
            ("permitted", "; ".join(report.permissions)),
            ("report", folder / "report.html"),
        ]
    )
    lists = [f"{heading(title)}\n{bullets(lines)}" for title, lines in _lists(report) if lines]
    verdict = f"{report.verdict}: {report.title} on {target}"
    return "\n\n".join([heading(visible(verdict)), *([visible(report.why)] if report.why else []), told, *lists])


def _lists(report: "CertificationReport") -> Iterator[tuple[str, list[str]]]:
    failed = [each for each in report.requirements if each.verdict in ("FAIL", "ERROR")]
    yield "Requirements that do not hold", _first([f"{each.verdict} {each.id}: {each.why}" for each in failed])
    yield (
        "Known deviations",
        [f"{each.requirement}: {each.state}; {each.owner}: {each.reason}" for each in report.deviations],
    )
    left = [each for each in report.created if not each.cleaned]
    yield "Created and left there", _first([f"{each.operation} {each.what}: {each.how}" for each in left])


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_LISTED
    return lines if more <= 0 else [*lines[:MOST_LISTED], f"and {more} more, which the report lists"]


def _counts(counts: "Mapping[Verdict, int]") -> str:
    return ", ".join(f"{counts[each]} {each}" for each in VERDICTS if counts.get(each)) or "none"
