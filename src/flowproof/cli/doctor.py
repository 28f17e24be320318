"""``flowproof doctor``: what is misconfigured, before a run finds out the hard way."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from flowproof.conformance import load_contract
from flowproof.doctor import Check, examine
from flowproof.kit import ProviderKit
from flowproof.providers import Kits
from flowproof.target.profile import MOCK, Profile, read_profile_file

from .options import complete_provider, option
from .tables import heading, json_text, paragraph, visible

__all__ = ["doctor"]

SIGNS = {
    "ok": click.style("ok", fg="green"),
    "warning": click.style("warning", fg="yellow"),
    "wrong": click.style("WRONG", fg="red", bold=True),
    "not checked": click.style("not checked", dim=True),
}
WIDE = 13


@click.command()
@click.argument("slugs", nargs=-1, shell_complete=complete_provider, metavar="[PROVIDER]...")
@option("--target", required=True, metavar="FILE", show_default=False, help="The sandbox profile to examine.")
@click.option("--json", "as_json", is_flag=True, show_default=False, help="For programs.")
@click.pass_context
def doctor(context: click.Context, /, slugs: tuple[str, ...], target: str, as_json: bool) -> None:
    """
    Find what is misconfigured in a sandbox profile.

    Looks at the profile itself, DNS, connection, TLS, what answers and as what type, this machine's clock, signatures
    against known answers, each role's credentials, OAuth redirect URIs and whether webhooks arrive. It changes nothing
    on the target. Exit code 0 when a run can start, 2 when something is wrong.
    """
    if target == MOCK:
        click.echo("The target mock is built in: there is nothing to configure.")
        return
    kits = Kits()
    profile = read_profile_file(Path(target), os.environ, defaults=kits.profile_defaults)
    found: dict[str, list[Check]] = {}
    for slug in slugs or tuple(profile.entries):
        if not as_json:
            click.echo(heading(f"{profile.name}: {slug} at {visible(profile.entry(slug).site.url)}"))
        found[slug] = []
        for check in _examine(profile, kits.find(slug)):
            found[slug].append(check)
            if not as_json:
                click.echo(_shown(check))
    if as_json:
        click.echo(json_text(_plain(profile, found)))
    wrong = sum(each.state == "wrong" for checks in found.values() for each in checks)
    if not as_json:
        click.echo(f"{wrong} to fix before a run means anything." if wrong else "A run can start.")
    context.exit(2 if wrong else 0)


def _examine(profile: Profile, kit: ProviderKit) -> Iterator[Check]:
    contract = load_contract(kit.slug, kit.contract_folder())
    return examine(profile, contract, kit.doctor_checks if kit.checks else None, now=datetime.now(UTC))


def _shown(check: Check) -> str:
    lines = [f"  {check.state:<{WIDE}}{check.name}: {visible(check.what)}"]
    lines += [f"  {' ' * WIDE}-> {check.fix}"] if check.fix else []
    return paragraph("\n".join(lines)).replace(check.state, SIGNS[check.state], 1)


def _plain(profile: Profile, found: dict[str, list[Check]]) -> object:
    return {
        "target": profile.name,
        "providers": {
            slug: [
                {"name": each.name, "state": each.state, "what": each.what, "fix": each.fix or None} for each in checks
            ]
            for slug, checks in found.items()
        },
    }
