"""``flowproof contracts diff``: what changed between two OpenAPI documents, and whom it breaks."""

from importlib.metadata import version
from pathlib import Path

import click

from flowproof.compatibility import Change, compare, open_document
from flowproof.compatibility.writers import as_github, as_json, as_sarif, as_text
from flowproof.errors import ConfigurationError
from flowproof.providers import Kits

from .options import option

__all__ = ["diff"]

FAIL_ON = {
    "clients": frozenset({"clients", "both"}),
    "provider": frozenset({"provider", "both"}),
    "any": frozenset({"clients", "provider", "both"}),
    "none": frozenset[str](),
}


@click.command()
@click.argument("old")
@click.argument("new")
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    help="For a person, a program, GitHub Actions, or code scanning.",
)
@option(
    "--fail-on",
    type=click.Choice(list(FAIL_ON)),
    default="clients",
    help="Exit with 1 where a change breaks clients, the provider, or any of the two.",
)
@click.option("--all", "everything", is_flag=True, show_default=False, help="List compatible changes, too.")
@click.pass_context
def diff(context: click.Context, /, old: str, new: str, form: str, fail_on: str, everything: bool) -> None:
    """
    Show what changed between two OpenAPI documents, and whom it breaks.

    OLD and NEW are files, folders, REVISION:PATH of a git repository, or providers that are installed. A change breaks
    clients that were written for OLD, or a provider who follows OLD, or neither. Exit code 1 where --fail-on applies.
    """
    before, after = open_document(_located(old)), open_document(_located(new))
    changes = compare(before, after)
    click.echo(_formatted(changes, form, everything, before.label, after.label))
    context.exit(1 if any(each.rule.breaks in FAIL_ON[fail_on] for each in changes) else 0)


def _located(text: str) -> str:
    """The folder of a provider's contract where a provider is named, and no file or folder is called so."""
    kits = Kits()
    if Path(text).exists() or text not in kits.names:
        return text
    folder = kits.find(text).contract_folder()
    if not isinstance(folder, Path):
        raise ConfigurationError(f"The contract of {text} is not in a folder.", "Name a file.")
    return str(folder)


def _formatted(changes: list[Change], form: str, everything: bool, old: str, new: str) -> str:
    if form == "json":
        return as_json(changes, old=old, new=new)
    if form == "github":
        return as_github(changes)
    if form == "sarif":
        return as_sarif(changes, version=version("flowproof"))
    return as_text(changes, everything=everything)
