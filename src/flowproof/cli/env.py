"""``flowproof env``: base URLs and credentials of a workspace of a running server, as environment variables."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import click

from flowproof.errors import ConfigurationError
from flowproof.loopback import is_loopback
from flowproof.target import Site, site_from_json
from flowproof.tls.places import BUNDLE, trust_variables, usual_folder

from .control import Control, workspace_path
from .options import complete_provider, workspace_options
from .variables import FORMS, variables

__all__ = ["env"]

DEFAULT = "default"


@click.command()
@click.argument("slugs", nargs=-1, shell_complete=complete_provider, metavar="[PROVIDER]...")
@workspace_options
@click.option("--role", "roles", multiple=True, default=[DEFAULT], metavar="ROLE", help="Whose; repeatable.")
@click.option("--all-roles", is_flag=True, show_default=False, help="The credentials of every role.")
@click.option(
    "--format", "form", type=click.Choice(list(FORMS)), default="shell", help="For a shell, a .env file, or a program."
)
def env(
    slugs: tuple[str, ...],
    server: str,
    token: str | None,
    workspace: str,
    roles: tuple[str, ...],
    all_roles: bool,
    form: str,
) -> None:
    """
    Show base URLs and credentials of a running server as environment variables.

    Without a provider, those of all that are served. pytest reads the same variables and then tests that server.

    \b
      eval "$(flowproof env acme)"
      flowproof env --all-roles --format dotenv > .env
    """
    sites = list(_sites(Control(server, token), workspace, slugs))
    found = variables(sites, None if all_roles else _known(sites, roles))
    click.echo(FORMS[form]({**found, **_trust(sites)}))


def _sites(control: Control, workspace: str, slugs: tuple[str, ...]) -> Iterator[Site]:
    shown = control.get(workspace_path(workspace))["providers"]
    short = control.get("/providers")["providers"] if workspace == DEFAULT else {}
    for slug in slugs or shown:
        if slug not in shown:
            raise ConfigurationError(f"The server does not serve {slug}.", f"It serves {', '.join(shown)}.")
        base_url = short[slug]["base_url"] if slug in short else shown[slug]["base_url"]
        yield site_from_json(slug, {**shown[slug], "base_url": base_url})


def _trust(sites: list[Site]) -> Mapping[str, str]:
    """What it takes to trust a server of this machine, where it speaks TLS and this user has an authority."""
    folder = usual_folder()
    speaks_tls = any(
        each.url.startswith("https://") and is_loopback(urlsplit(each.url).hostname or "") for each in sites
    )
    return trust_variables(folder) if speaks_tls and (folder / BUNDLE).is_file() else {}


def _known(sites: list[Site], roles: tuple[str, ...]) -> tuple[str, ...]:
    there = {role for site in sites for role in site.keys}
    if unknown := sorted(set(roles) - there):
        raise ConfigurationError(f"There is no role {', '.join(unknown)}.", f"There are {', '.join(sorted(there))}.")
    return roles
