"""Base URLs and credentials as environment variables, which the pytest plugin reads again."""

import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

from flowproof.providers import Kits
from flowproof.target import Site, environment_of, site_from_json
from flowproof.tls.places import trust_variables

from .announcement import WRITTEN_BY, Announcement
from .tables import json_text

__all__ = ["FORMS", "served_variables", "shell_script", "variables"]


def variables(sites: Iterable[Site], roles: Collection[str] | None = None) -> Mapping[str, str]:
    """
    The variables of sites.

    Args:
        sites: Of providers, installed or not.
        roles: Those whose credentials are named; None for all.
    """
    kits = Kits()
    found: dict[str, str] = {}
    for site in sites:
        parts = kits.find(site.provider).credential_parts if site.provider in kits.names else None
        found |= environment_of(site, parts=parts, roles=site.keys.keys() if roles is None else roles)
    return found


def served_variables(announced: Announcement) -> Mapping[str, str]:
    """The variables of a server's default workspace, with those of every role, and what it takes to trust it."""
    shown = ((each.slug, {"base_url": each.base_url, "credentials": each.credentials}) for each in announced.providers)
    found = variables(site_from_json(slug, value) for slug, value in shown)
    return found if announced.authority is None else {**found, **trust_variables(announced.authority)}


def shell_script(named: Mapping[str, str]) -> str:
    """A file that a shell reads with `. FILE`."""
    return f"{WRITTEN_BY}, for development.\n{_exports(named)}\n"


def _exports(named: Mapping[str, str]) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in named.items())


def _dotenv(named: Mapping[str, str]) -> str:
    return "\n".join(f"{name}={shlex.quote(value)}" for name, value in named.items())


FORMS: Mapping[str, Callable[[Mapping[str, str]], str]] = MappingProxyType(
    {"shell": _exports, "dotenv": _dotenv, "json": json_text}
)
"""How variables can be written, by the name that `flowproof env --format` takes."""
