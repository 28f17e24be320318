"""``flowproof fuzz``: valid, nearly valid and invalid requests to a provider, and what is wrong in its answers."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from flowproof.cases import read_cases
from flowproof.certify import CertificationReport, exit_code
from flowproof.certify.writers import hide_from_git, write_views
from flowproof.conformance import load_contract
from flowproof.fuzz import Fuzzing, make_target
from flowproof.fuzz import fuzz as run_fuzz
from flowproof.fuzz.generation import Generator
from flowproof.fuzz.report import ShownFinding, report_of, shown_findings
from flowproof.fuzz.requests import Kind
from flowproof.fuzz.sequences import Sequences
from flowproof.fuzz.tallies import Tally
from flowproof.plurals import counted
from flowproof.providers import find_kit

from .options import complete_provider, duration_s, option, report_option
from .tables import heading, paragraph, table, visible

__all__ = ["fuzz"]

REPORTS = Path("flowproof-report")
CASES = "cases"


@click.command()
@click.argument("provider", shell_complete=complete_provider)
@option(
    "--target",
    required=True,
    metavar="mock|URL|FILE",
    show_default=False,
    help="The mock, a server on this machine, or a sandbox profile.",
)
@click.option(
    "--operation", "operations", multiple=True, metavar="ID", help="Only requests of this operation; repeatable."
)
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(("documented", "valid", "near", "invalid")),
    multiple=True,
    help="Only requests of this kind; repeatable.",
)
@option("--budget", default="60s", metavar="DURATION", help="How long the run may take.")
@option(
    "--runs", type=click.IntRange(min=1), default=40, help="How many sequences of each operation and kind of requests."
)
@option("--seed", type=int, default=0, help="The same seed draws the same requests.")
@report_option("Where the report goes.  [default: flowproof-report/PROVIDER-fuzz]")
@click.pass_context
def fuzz(
    context: click.Context,
    /,
    provider: str,
    target: str,
    operations: tuple[str, ...],
    kinds: tuple[Kind, ...],
    budget: str,
    runs: int,
    seed: int,
    folder: Path | None,
) -> None:
    """
    Send a provider requests that its contract allows, nearly allows, and does not allow.

    Found are answers that break the contract, server errors, tracebacks, and invalid requests that are accepted; each
    with the fewest requests that show it, as a curl command and as a case. Requests are drawn by Schemathesis from the
    contract, and made from the documented examples; they are signed, and follow the links between operations. A
    sandbox gets what its profile permits, and no faster.

    \b
      flowproof fuzz acme --target http://127.0.0.1:8000

    Exit code 0 when nothing was found, 1 when something was, 2 when nothing could be judged.
    """
    budget_s = duration_s(budget, what="budget")
    kit = find_kit(provider)
    contract = load_contract(provider, kit.contract_folder())
    sequences = Sequences(contract, Generator(contract, read_cases(provider, kit.fixtures_folder())))
    with make_target(target, kit, contract) as (made, events):
        found = run_fuzz(
            made,
            contract,
            kit,
            sequences,
            operations=operations,
            kinds=kinds,
            runs=runs,
            budget_s=budget_s,
            random_seed=seed,
            on_tally=_show,
        )
        report = report_of(found, made, events, kit, contract)
    shown = shown_findings(found, contract)
    place = folder if folder is not None else REPORTS / f"{provider}-fuzz"
    write_views(report, place)
    _write_cases(shown, place / CASES)
    if folder is None:
        hide_from_git(REPORTS)
    click.echo(_text(report, found, shown, place))
    context.exit(exit_code(report))


def _show(tally: Tally) -> None:
    """One line on stderr for each operation and kind."""
    verdict = f"{len(tally.findings)} found" if tally.findings else tally.omitted or tally.broken or "held"
    click.echo(visible(f"{tally.operation} {tally.kind}: {tally.requests} requests, {verdict}"), err=True)


def _write_cases(shown: Sequence[ShownFinding], folder: Path) -> None:
    """Write each finding as a case, and remove those of an earlier run."""
    for old in folder.glob("*.json"):
        old.unlink()
    if shown:
        folder.mkdir(parents=True, exist_ok=True)
    for each in shown:
        text = json.dumps(each.case, indent=2, ensure_ascii=False)
        (folder / f"{each.case['id']}.json").write_text(f"{text}\n", encoding="utf-8")


def _text(report: CertificationReport, found: Fuzzing, shown: Sequence[ShownFinding], folder: Path) -> str:
    over = "; the budget ended before all was sent" if found.over else ""
    what = f"{len(shown)} found in {found.requests} requests, seed {found.seed}{over}"
    parts = [heading(visible(f"{report.verdict}: {report.title} on {report.target}: {what}"))]
    parts += ["\n".join(_finding(each, folder)) for each in shown]
    parts.append(table(("OPERATION", "REQUESTS", "ANSWERED", "NOT TRIED"), _rows(found)))
    missed = next((each.missed for each in report.coverage if each.kind == "statuses"), ())
    successes = [each for each in missed if each.rpartition(" ")[2].startswith("2")]
    parts += [paragraph(f"Successes that never came: {', '.join(successes)}.")] if successes else []
    return "\n\n".join([*parts, f"The report is {folder / 'report.html'}."])


def _finding(shown: ShownFinding, folder: Path) -> Iterator[str]:
    finding = shown.finding
    again = "" if finding.repeats else " It was not there again when the same was sent again."
    yield heading(visible(f"{finding.fault.rule}: {finding.operation}"))
    yield visible(f"  {finding.fault.text}{again}")
    requests = f"{counted(len(finding.done), 'request')}, the last one:" if len(finding.done) > 1 else "One request:"
    yield f"  {requests}"
    yield from (f"    {line}" for line in shown.curl.split("\n") if line)
    yield f"  As a case: {folder / CASES / shown.case['id']}.json"


def _rows(found: Fuzzing) -> Iterator[tuple[object, ...]]:
    for operation in dict.fromkeys(each.operation for each in found.tallies):
        own = [each for each in found.tallies if each.operation == operation]
        answers = sum((each.answers for each in own), Counter[int]())
        statuses = ", ".join(f"{status}: {times}" for status, times in sorted(answers.items()))
        left = "; ".join(f"{each.kind}: {each.omitted or each.broken}" for each in own if each.omitted or each.broken)
        untried = ", ".join(each.kind for each in own if each.example is None and not (each.omitted or each.broken))
        yield operation, sum(each.requests for each in own), statuses, "; ".join(filter(None, [untried, left]))
