"""``flowproof checklist``: how far an integration is, what proves it, and how many days remain."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from flowproof.checklist import (
    Checklist,
    RowResult,
    judge,
    read_attestations,
    read_checklist,
    read_results,
    remaining_days,
)
from flowproof.conformance import Contract
from flowproof.errors import ConfigurationError
from flowproof.plurals import counted
from flowproof.providers import find_providers
from flowproof.text_file import read_text

from .control import Control, workspace_path
from .options import complete_provider, option
from .tables import heading, json_text, paragraph, table

__all__ = ["checklist"]

WORDS = {"done": "done", "attested": "attested", "open": "open", "unprovable": "cannot be proved here"}


@click.command()
@click.argument("provider", shell_complete=complete_provider)
@option("--server", envvar="FLOWPROOF_SERVER", metavar="URL", show_default=False, help="Ask this server for facts.")
@option("--workspace", default="default", envvar="FLOWPROOF_WORKSPACE", metavar="ID", help="In which workspace.")
@option("--token", envvar="FLOWPROOF_TOKEN", show_default=False, help="The control API's token, if the server has one.")
@option(
    "--results",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="JUNIT-FILE",
    help="Results of tests, as pytest --junitxml writes them; may be repeated.",
)
@option(
    "--attestations",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What persons attest, with their names and a date: checklist-attestations.toml.",
)
@click.option("--json", "as_json", is_flag=True, show_default=False, help="For programs.")
@click.pass_context
def checklist(
    context: click.Context,
    /,
    provider: str,
    server: str | None,
    workspace: str,
    token: str | None,
    results: tuple[Path, ...],
    attestations: Path | None,
    as_json: bool,
) -> None:
    """
    Show the progress of a provider's integration checklist.

    Exit code 0 when every row is done or attested, else 1.

    A row is done when a server shows all of its facts, or when the results have each of its tests and requirements
    passed. A partner's own tests count by their mark, such as pytest.mark.requirement("acme.onboarding.catalog").
    What no program can prove a named person attests:

    \b
      [[attestation]]
      row = "registration"
      by = "Ada Obi"
      on = 2026-01-31
    """
    known = _checklist(provider)
    today = datetime.now(UTC).date()
    judged = judge(
        known,
        facts=_facts(server, token, workspace) if server else None,
        results=[run for file in results for run in read_results(read_text(file))] if results else None,
        attestations=read_attestations(read_text(attestations), known, today) if attestations else (),
    )
    click.echo(json_text(_json(known, judged)) if as_json else _shown(known, judged))
    context.exit(0 if all(each.status in {"done", "attested"} for each in judged) else 1)


def _checklist(slug: str) -> Checklist:
    (provider,) = find_providers([slug])
    place = provider.contract if provider.contract is not None else files("flowproof.contracts").joinpath(slug)
    folder = place.folder if isinstance(place, Contract) else place
    file = folder.joinpath("checklist.toml") if folder is not None else None
    if file is None or not file.is_file():
        raise ConfigurationError(f"{provider.title} has no checklist.", "Choose another provider.")
    return read_checklist(file.read_text(encoding="utf-8"))


def _facts(server: str, token: str | None, workspace: str) -> Callable[[str], Any]:
    control = Control(server, token)
    return cache(lambda path: control.get(workspace_path(workspace, f"/{path}")))


def _shown(known: Checklist, judged: Sequence[RowResult]) -> str:
    """For a person: the table, then for each row what proves it or what is missing."""
    lines = [
        (
            _number(known, each),
            WORDS[each.status],
            f"~{each.row.days}" if each.row.days else "-",
            each.row.who,
            each.row.text,
        )
        for each in judged
    ]
    why = [line for each in judged for line in _why(known, each)]
    return "\n\n".join(
        [
            heading(f"{known.title}: {_progress(known, judged)}"),
            table(("ROW", "STATUS", "DAYS", "WHO", "WHAT"), lines),
            "\n".join([heading("What proves it"), *map(paragraph, why)]),
            paragraph(_days(known, judged)),
        ]
    )


def _number(known: Checklist, judged: RowResult) -> str:
    place = next((number for number, row in enumerate(known.rows, start=1) if row is judged.row), None)
    return f"{place or '-'} {judged.row.id}"


def _why(known: Checklist, judged: RowResult) -> Iterable[str]:
    yield f"{_number(known, judged)}: {WORDS[judged.status]}"
    yield from (f"    {each}" for each in (*judged.proof, *judged.missing))


def _progress(known: Checklist, judged: Sequence[RowResult]) -> str:
    rows = [each for each in judged if each.row in known.rows]
    by_word = {word: sum(each.status == status for each in rows) for status, word in WORDS.items()}
    return f"{counted(len(rows), 'row')}, " + ", ".join(f"{number} {word}" for word, number in by_word.items())


def _days(known: Checklist, judged: Sequence[RowResult]) -> str:
    left = remaining_days(judged)
    document = f" (the document says ~{_plain(known.document_total_days)})"
    text = f"~{_plain(left)} of ~{_plain(known.total_days)} days remain{document}."
    waiting = [
        each.row.id for each in judged if each.status not in {"done", "attested"} and each.row in known.prerequisites
    ]
    return f"{text} Prerequisites that are missing: {', '.join(waiting)}." if waiting else text


def _json(known: Checklist, judged: Sequence[RowResult]) -> dict[str, Any]:
    return {
        "provider": known.provider,
        "title": known.title,
        "complete": all(each.status in {"done", "attested"} for each in judged),
        "days": {
            "total": float(known.total_days),
            "document_total": float(known.document_total_days),
            "remaining": float(remaining_days(judged)),
        },
        "prerequisites": [_json_row(each) for each in judged if each.row in known.prerequisites],
        "rows": [_json_row(each) for each in judged if each.row in known.rows],
    }


def _json_row(judged: RowResult) -> dict[str, Any]:
    row = judged.row
    return {
        "id": row.id,
        "text": row.text,
        "who": row.who,
        "days": float(row.days),
        "status": judged.status,
        "proof": list(judged.proof),
        "missing": list(judged.missing),
        "requirements": list(row.requirements),
    }


def _plain(days: Decimal) -> str:
    """Without needless zeros."""
    text = f"{days:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
