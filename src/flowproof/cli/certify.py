"""``flowproof certify``: a provider's suite on a target, judged requirement by requirement, with evidence."""

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from flowproof.certify import CertificationReport, build_report, exit_code
from flowproof.certify.certificate import LONGEST_VALID_DAYS, VALID_DAYS, NotCertifiable, issue_certificate
from flowproof.certify.criteria import read_report_inputs
from flowproof.certify.events import Event, Operator, RunStarted
from flowproof.certify.keys import Ed25519PrivateKey, read_private_key
from flowproof.certify.run import RunConfiguration, run
from flowproof.certify.writers import VIEWS, annotations, hide_from_git, write_views
from flowproof.certify.writers import summary as job_summary
from flowproof.extras import require
from flowproof.plurals import counted
from flowproof.providers import Kits
from flowproof.target.profile import MOCK

from .certify_progress import Progress
from .certify_summary import first, summary
from .dry_run import show_dry_run
from .options import complete_provider, option, report_option
from .tables import bullets, heading

__all__ = ["certify"]

CERTIFICATE = "certificate.zip"
REPORTS = Path("flowproof-report")
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


@click.command()
@click.argument("provider", shell_complete=complete_provider)
@option("--target", required=True, metavar="mock|FILE", show_default=False, help="The mock, or a sandbox profile.")
@report_option("Where the run's files go.  [default: flowproof-report/PROVIDER]")
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
@option(
    "--valid-days",
    type=click.IntRange(1, LONGEST_VALID_DAYS),
    default=VALID_DAYS,
    metavar="N",
    help="For how long it counts.",
)
@click.option("--organisation", default="", metavar="NAME", show_default=False, help="Who runs it, for the report.")
@click.option("--contact", default="", metavar="TEXT", show_default=False, help="Whom there to ask about it.")
@click.option("--client", default="", metavar="NAME", show_default=False, help="The integration that it is run for.")
@click.option("--client-version", default="", metavar="TEXT", show_default=False, help="Its version.")
@click.option(
    "--dry-run",
    is_flag=True,
    show_default=False,
    help="Send nothing to the target: show what would be called, created and spent, by a run on a mock of ours.",
)
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
    organisation: str,
    contact: str,
    client: str,
    client_version: str,
    dry_run: bool,
) -> None:
    """
    Run a provider's suite on a target; report on each requirement.

    The run stays within what the target's profile permits. Ctrl-C ends it in order: what it has created is undone where
    that is possible, and --resume goes on from there.
    Exit code 0 all held, 1 something failed or the certificate was refused, 2 misconfigured or nothing could be judged,
    130 interrupted.
    """
    require("hypothesis")
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
        operator=Operator(organisation, contact, client, client_version),
    )
    progress = Progress(provider)
    if dry_run:
        context.exit(show_dry_run(configuration, kit, progress))
    key = read_private_key(sign) if sign is not None else None
    try:
        ended = run(configuration, os.environ, on_event=partial(_show_event, progress, configuration.folder))
    finally:
        progress.end()
    if folder is None:
        hide_from_git(REPORTS)
    if not ended.finished:
        click.echo(
            f"Broken off after {progress.done} of {counted(progress.planned, 'test')}; --resume goes on from there.",
            err=True,
        )
        context.exit(INTERRUPTED)
    report = build_report(
        ended.events, read_report_inputs(provider, kit.title, configuration.contract, ended.events, ended.deviations)
    )
    write_views(report, configuration.folder)
    _write_for_github(report)
    click.echo(summary(report, configuration.folder))
    is_certified = key is None or _issue(report, configuration, key, valid_days)
    context.exit(exit_code(report) or (0 if is_certified else 1))


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
        click.echo(f"\n{heading('No certificate can be issued')}\n{bullets(first(list(refused.reasons)))}")
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
            stream.write(job_summary(report))
