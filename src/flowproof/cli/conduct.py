"""``flowproof conduct``: whether a client keeps what a provider obliges it to, judged by its journal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from flowproof.conduct import ConductReport, Journal, Judgement, judge, read_document, read_journal
from flowproof.conformance import Contract, load_contract
from flowproof.plurals import counted
from flowproof.providers import find_kit
from flowproof.text_file import read_text

from .control import Control, workspace_path
from .options import complete_provider, option, workspace_options
from .output import write
from .tables import heading, json_text, paragraph, rows, table

__all__ = ["conduct"]

EXIT_CODES = {"PASS": 0, "FAIL": 1, "SKIP": 2}
MOST_SHOWN = 3
BELOW = "see below"
WORDS = {
    "PASS": "the client kept all that the journal gave an occasion to judge",
    "FAIL": "the client broke what it is obliged to",
    "SKIP": "the journal gave no occasion to judge anything",
}


@click.command()
@click.argument("provider", shell_complete=complete_provider)
@workspace_options
@option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    show_default=False,
    help="Judge this journal, in place of a server's: its JSON, or an HTTP Archive of flowproof journal --har.",
)
@option(
    "--json",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    show_default=False,
    help="Write the judgements for programs; - is stdout, in place of the table.",
)
@click.option("--skipped", is_flag=True, show_default=False, help="Also list what was not judged, and why.")
@click.pass_context
def conduct(
    context: click.Context,
    /,
    provider: str,
    server: str,
    token: str | None,
    workspace: str,
    journal: Path | None,
    json: Path | None,
    skipped: bool,
) -> None:
    """
    Judge a client by the journal of a mock that it used.

    Each requirement that obliges the client is PASS, FAIL, or SKIP where the journal gave no occasion to judge it.
    Exit code 0 when nothing failed and something was judged, 1 when something failed, 2 when nothing could be judged.
    """
    kit = find_kit(provider)
    obligations, contract = kit.load_obligations(), load_contract(provider, kit.contract_folder())
    exchanges = _from_file(journal, contract) if journal else _from_server(server, token, workspace, contract)
    report = judge(exchanges, contract, obligations)
    if json is not None:
        write(json, json_text(_json(report, contract)))
    if str(json) != "-":
        click.echo(_shown(report, contract, skipped=skipped))
    context.exit(EXIT_CODES[report.verdict])


def _from_server(server: str, token: str | None, workspace: str, contract: Contract) -> Journal:
    return read_journal(Control(server, token).get(workspace_path(workspace, "/journal"))["exchanges"], contract)


def _from_file(file: Path, contract: Contract) -> Journal:
    return read_document(read_text(file), contract)


def _shown(report: ConductReport, contract: Contract, *, skipped: bool) -> str:
    """For a person: the verdict, a table of what was judged, and what the client did where it failed."""
    judged = [*report.of("FAIL"), *report.of("PASS")]
    parts = [_headline(report)]
    if judged:
        lines = [
            (each.requirement, each.verdict, _exchanges(each.exchanges), BELOW if each.verdict == "FAIL" else each.what)
            for each in judged
        ]
        parts.append(table(("REQUIREMENT", "VERDICT", "EXCHANGES", "WHAT"), lines))
    for each in report.of("FAIL"):
        requirement = contract.requirements[each.requirement]
        facts = (("client", each.what), ("required", requirement.text), ("source", requirement.source))
        parts.append("\n".join([heading(each.requirement), rows(facts)]))
    if skipped:
        not_judged = rows((each.requirement, each.what) for each in report.of("SKIP"))
        parts.append("\n".join([heading("Not judged"), not_judged]))
    parts.extend(_notes(report, skipped=skipped))
    return "\n\n".join(parts)


def _headline(report: ConductReport) -> str:
    counted = ", ".join(f"{len(report.of(verdict))} {verdict}" for verdict in ("FAIL", "PASS", "SKIP"))
    return heading(f"{report.provider}: {report.verdict}, {WORDS[report.verdict]} ({counted})")


def _notes(report: ConductReport, *, skipped: bool) -> list[str]:
    notes = []
    if report.missing:
        lost = counted(report.missing, "exchange of the workspace is", "exchanges of the workspace are")
        notes.append(f"{lost} no longer in the journal, and not judged: the oldest.")
    if report.verdict == "FAIL":
        notes.append("Why an exchange was refused: flowproof explain EXCHANGE.")
    if not skipped and report.of("SKIP"):
        notes.append("What has to happen for the rest to be judged: flowproof conduct --skipped.")
    return [paragraph("\n".join(notes))] if notes else []


def _exchanges(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MOST_SHOWN} more" if len(ids) > MOST_SHOWN else ""
    return f"{', '.join(ids[:MOST_SHOWN])}{more}"


def _json(report: ConductReport, contract: Contract) -> dict[str, Any]:
    return {
        "provider": report.provider,
        "verdict": report.verdict,
        "exchanges": report.exchanges,
        "missing_exchanges": report.missing,
        "judgements": [_json_judgement(each, contract) for each in report.judgements],
    }


def _json_judgement(judgement: Judgement, contract: Contract) -> dict[str, Any]:
    requirement = contract.requirements[judgement.requirement]
    return {
        "requirement": judgement.requirement,
        "verdict": judgement.verdict,
        "what": judgement.what,
        "exchanges": list(judgement.exchanges),
        "text": requirement.text,
        "source": requirement.source,
        "standing": requirement.standing,
    }
