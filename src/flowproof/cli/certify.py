"""``flowproof certify``: a provider's suite on a target, judged requirement by requirement, with evidence."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from flowproof.certify import CertificationReport, build_report, exit_code
from flowproof.certify.certificate import NotCertifiable, issue_certificate
from flowproof.certify.criteria import read_report_inputs
from flowproof.certify.events import Event, Planned, RunStarted, TestFinished, Verdict
from flowproof.certify.keys import Ed25519PrivateKey, read_private_key
from flowproof.certify.run import RunConfiguration, run
from flowproof.certify.writers import VIEWS, annotations, hide_from_git, summary, write_views
from flowproof.providers import Kits
from flowproof.target.profile import MOCK

from .options import complete_provider, option
from .tables import bullets, heading, rows, visible

__all__ = ["certify"]

VERDICTS: tuple[Verdict, ...] = ("PASS", "FAIL", "ERROR", "SKIP", "OMIT")
CERTIFICATE = "certificate.zip"
REPORTS = Path("flowproof-report")
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it
MOST_LISTED = 20
WIDE = 79


@click.command()
@click.argument("provider", shell_complete=complete_provider)
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
    help="Folder of another suite.  [default: that of the provider's kit]",
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
    Run a provider's suite on a target; report on each requirement.

    The run stays within what the target's profile permits. Ctrl-C ends it in order: what it has created is undone where
    that is possible, and --resume goes on from there.
    Exit code 0 all held, 1 something failed or the certificate was refused, 2 misconfigured or nothing could be judged,
    130 interrupted.
    """
    kits = Kits()
    kit = kits.find(provider)
    configuration = RunConfiguration(
        provider=provider,
        suite=suite.resolve() if suite is not None else kit.suite_folder(),
        contract=kit.contract_folder(),
        fixtures=kit.fixtures_folder(),
        target=None if target == MOCK else Path(target),
        folder=folder if folder is not None else REPORTS / provider,
        requirements=requirements,
        keyword=keyword,
        jobs=jobs,
        resume=resume,
        profile_defaults=kits.profile_defaults,
    )
    progress = Progress(provider)
    key = read_private_key(sign) if sign is not None else None
    ended = run(configuration, os.environ, on_event=partial(_show_event, progress, configuration.folder))
    progress.end()
    if folder is None:
        hide_from_git(REPORTS)
    if not ended.finished:
        click.echo(
            f"Broken off after {progress.done} of {progress.planned} tests; --resume goes on from there.", err=True
        )
        context.exit(INTERRUPTED)
    report = build_report(
        ended.events, read_report_inputs(provider, kit.title, configuration.contract, ended.events, ended.deviations)
    )
    write_views(report, configuration.folder)
    _write_for_github(report)
    click.echo(_shown(report, configuration.folder))
    is_certified = key is None or _issue(report, configuration, key, valid_days)
    context.exit(exit_code(report) or (0 if is_certified else 1))


class Progress:
    """
    Shows how a run goes: one line that changes on a terminal; elsewhere a line for each test that fails.

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

    def show(self, event: Event) -> None:
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
        """Remove the progress line."""
        if self._is_terminal:
            click.echo(f"\r{' ' * WIDE}\r", err=True, nl=False)

    def _line(self, text: str) -> None:
        click.echo(f"\r{text:<{WIDE}}" if self._is_terminal else text, err=True)

    def _bar(self) -> None:
        if self._is_terminal:
            counts = Counter(self._verdicts.values())
            text = ", ".join(f"{counts[each]} {each}" for each in VERDICTS if counts[each])
            click.echo(f"\r{f'{self.done} of {self.planned} tests: {text}':<{WIDE}}"[: WIDE + 1], err=True, nl=False)


def _show_event(progress: Progress, folder: Path, event: Event) -> None:
    """Show an event; with the first, remove an earlier run's files, which would look like this one's."""
    if isinstance(event, RunStarted):
        for name in (*VIEWS, CERTIFICATE):
            (folder / name).unlink(missing_ok=True)
    progress.show(event)


def _issue(
    report: CertificationReport, configuration: RunConfiguration, key: Ed25519PrivateKey, valid_days: int
) -> bool:
    """Write the certificate; False where none can be issued."""
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


def _write_for_github(report: CertificationReport) -> None:
    """In a job of GitHub Actions: annotations on stdout, and the job's summary."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    click.echo(annotations(report), nl=False)
    if file := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(summary(report))


def _shown(report: CertificationReport, folder: Path) -> str:
    target = f"{report.target.name} ({report.target.kind})"
    facts = rows(
        [
            ("requirements", _counts(report.requirement_counts)),
            ("tests", _counts(report.test_counts)),
            ("permitted", "; ".join(report.permissions)),
            ("report", folder / "report.html"),
        ]
    )
    lists = [f"{heading(title)}\n{bullets(lines)}" for title, lines in _lists(report) if lines]
    verdict = f"{report.verdict}: {report.title} on {target}"
    return "\n\n".join([heading(visible(verdict)), *([visible(report.why)] if report.why else []), facts, *lists])


def _lists(report: CertificationReport) -> Iterator[tuple[str, list[str]]]:
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


def _counts(counts: Mapping[Verdict, int]) -> str:
    return ", ".join(f"{counts[each]} {each}" for each in VERDICTS if counts.get(each)) or "none"
