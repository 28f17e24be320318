"""``flowproof contracts``: are the contracts sound, what does a run exercise of them, and what changed in them?"""

import click

from flowproof.conformance import load_contract
from flowproof.errors import ContractError
from flowproof.providers import find_providers

from .contracts_diff import diff
from .coverage import coverage
from .group import CommandGroup
from .options import complete_provider
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
            counts = f"{len(contract.operations.all)} operations, {len(contract.requirements)} requirements"
        except ContractError as error:
            findings, counts = (str(error),), "cannot be loaded"
        click.echo(f"{slug}: {counts}, {len(findings)} findings")
        for each in findings:
            click.echo(paragraph(f"  {each}"))
        found += len(findings)
    context.exit(1 if found else 0)


contracts.add_command(coverage)
contracts.add_command(diff)
