"""``flowproof providers``: what is emulated, by which requirements, and what is not."""

from collections import Counter
from typing import Any

import click

from flowproof.conformance import Contract, load_contract
from flowproof.kernel import Provider
from flowproof.providers import find_providers

from .options import complete_provider
from .tables import bullets, heading, json_text, table

__all__ = ["providers"]

Known = tuple[tuple[Provider, Contract], ...]

STANDINGS = ("documented", "observed", "inferred")


@click.command()
@click.argument("slugs", nargs=-1, shell_complete=complete_provider, metavar="[PROVIDER]...")
@click.option("--json", "as_json", is_flag=True, show_default=False, help="For programs.")
def providers(slugs: tuple[str, ...], as_json: bool) -> None:
    """
    List the providers and what is not emulated.

    Of those that are named, list every operation and requirement too.
    """
    known = tuple((each, load_contract(each.slug, each.contract)) for each in find_providers(slugs))
    if as_json:
        click.echo(json_text({"providers": {each.slug: _json(each, contract) for each, contract in known}}))
    elif slugs:
        click.echo("\n\n".join(_whole(each, contract) for each, contract in known))
    else:
        click.echo(_overview(known))


def _overview(known: Known) -> str:
    head = ("PROVIDER", "TITLE", "OPERATIONS", "REQUIREMENTS", *(each.upper() for each in STANDINGS))
    lines = [
        (
            each.slug,
            each.title,
            len(contract.operations.all),
            len(contract.requirements),
            *_standings(contract).values(),
        )
        for each, contract in known
    ]
    gaps = [
        f"{heading(f'Not emulated of {each.title}')}\n{bullets(each.not_emulated)}"
        for each, _ in known
        if each.not_emulated
    ]
    return "\n\n".join([table(head, lines), *gaps])


def _whole(provider: Provider, contract: Contract) -> str:
    operations = [(each.id, each.method, each.path) for each in contract.operations.all]
    requirements = [(each.id, each.standing, each.obliges, each.text) for each in contract.requirements.values()]
    return "\n\n".join(
        [
            heading(f"{provider.title} ({provider.slug})"),
            table(("OPERATION", "METHOD", "PATH"), operations),
            table(("REQUIREMENT", "STANDING", "OBLIGES", "TEXT"), requirements),
            *([f"{heading('Not emulated')}\n{bullets(provider.not_emulated)}"] if provider.not_emulated else []),
        ]
    )


def _standings(contract: Contract) -> dict[str, int]:
    counted = Counter[str](each.standing for each in contract.requirements.values())
    return {each: counted[each] for each in STANDINGS}


def _json(provider: Provider, contract: Contract) -> dict[str, Any]:
    return {
        "title": provider.title,
        "operations": [
            {"operationId": each.id, "method": each.method, "path": each.path} for each in contract.operations.all
        ],
        "standings": _standings(contract),
        "requirements": [
            {
                "id": each.id,
                "text": each.text,
                "source": each.source,
                "standing": each.standing,
                "obliges": each.obliges,
            }
            for each in contract.requirements.values()
        ],
        "fault_plans": sorted(f"{provider.slug}.{name}" for name in provider.fault_plans),
        "not_emulated": list(provider.not_emulated),
    }
