"""``flowproof contracts``: checks contracts, says what a run exercised and what changed, writes a single document."""

import json
from typing import TextIO

import click

from flowproof.conformance import load_contract
from flowproof.errors import ContractError
from flowproof.plurals import counted
from flowproof.providers import find_providers

from .contracts_diff import diff
from .coverage import coverage
from .group import CommandGroup
from .options import complete_provider, option
from .soundness import unsound
from .tables import paragraph

__all__ = ["contracts"]


@click.group(cls=CommandGroup)
def contracts() -> None:
    """Check the contracts' own files, and what a run exercised of them."""


@contracts.command()
@click.argument("slugs", nargs=-1, shell_complete=complete_provider, metavar="[PROVIDER]...")
@click.pass_context
def check(context: click.Context, /, slugs: tuple[str, ...]) -> None:
    """
    Check schemas, references, requirement ids and examples of contracts.

    Every schema is valid by the 2020-12 metaschema, every reference leads somewhere, every x-requirement is stated in
    requirements.toml, every operation that a requirement names exists, and every example is valid by its schema.
    """
    found = 0
    for provider in find_providers(slugs):
        slug = provider.slug
        try:
            contract = load_contract(slug, provider.contract)
            findings = tuple(unsound(contract))
            counts = "{}, {}".format(
                counted(len(contract.operations.all), "operation"), counted(len(contract.requirements), "requirement")
            )
        except ContractError as error:
            findings, counts = (str(error),), "cannot be loaded"
        click.echo(f"{slug}: {counts}, {counted(len(findings), 'finding')}")
        for each in findings:
            click.echo(paragraph(f"  {each}"))
        found += len(findings)
    context.exit(1 if found else 0)


@contracts.command("bundle")
@click.argument("slug", metavar="PROVIDER")
@option(
    "--server",
    metavar="URL",
    help="Base URL of the only server to name, such as a mock's; default: the provider's own.",
)
@option(
    "--output", metavar="FILE", type=click.File("w", "utf-8", lazy=True), default="-", help="Default: standard output."
)
def write_bundle(slug: str, server: str | None, output: TextIO) -> None:
    """
    Write a contract as one OpenAPI document, in JSON.

    Generators and other tools take it where they cannot follow references into other files. A running server has the
    same document, with itself as the server, at /_flowproof/providers/PROVIDER/openapi.json.
    """
    from flowproof.conformance.bundle import bundle  # noqa: PLC0415 (no other command needs it)

    (provider,) = find_providers([slug])
    document = bundle(load_contract(provider.slug, provider.contract), server=server)
    click.echo(json.dumps(document, indent=2, ensure_ascii=False), file=output)


contracts.add_command(coverage)
contracts.add_command(diff)
