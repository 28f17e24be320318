"""
Where the providers are that are not mocked: in a sandbox profile, or at base URLs with credentials of the environment.

One mechanism for both: a base URL is a place where everything is permitted. Light to import.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from flowproof.errors import ConfigurationError

from .options import Options

if TYPE_CHECKING:
    from flowproof.target.profile import Place

__all__ = ["CLIENTS", "MOCK", "Places", "find_places"]

MOCK = "mock"
CLIENTS = ("dots_eco", "flow1st", "integrations", "oneflow", "otter")
"""Providers with a client fixture of their name, and a factory `make_<name>`."""


@dataclass(frozen=True, slots=True)
class Places:
    """
    Every provider that is elsewhere than on the mock.

    Args:
        urls: Their base URLs, by slug.
        find: The place of one; raises a `ConfigurationError` where its credentials are missing.
        name: That of the profile; empty where there is none.
    """

    urls: Mapping[str, str]
    find: "Callable[[str], Place]"
    name: str = ""

    def named(self, provider: str) -> str:
        """What the target of a provider is called in a sentence."""
        return self.name or self.urls.get(provider, MOCK)


def find_places(options: Options, environment: Mapping[str, str] = os.environ) -> Places:
    """
    Where each provider is, by what a session was asked for.

    Raises:
        ConfigurationError: The profile cannot be used.
    """
    if options.target == MOCK:
        return Places({}, _none)
    if options.target is not None:
        return _of_profile(Path(options.target), environment)
    named = {each: environment.get(f"FLOWPROOF_{each.upper()}_URL", "") for each in CLIENTS}
    urls = {each: url for each, url in {**named, **options.base_urls}.items() if url}
    return Places(MappingProxyType(urls), lambda provider: _at(provider, urls[provider], environment))


def _of_profile(file: Path, environment: Mapping[str, str]) -> Places:
    from flowproof.target.profile import read_profile_file  # noqa: PLC0415 (a session without a profile needs none)

    profile = read_profile_file(file, environment)
    urls = {slug: place.site.url for slug, place in profile.places.items()}
    return Places(MappingProxyType(urls), profile.place, profile.name)


def _at(provider: str, url: str, environment: Mapping[str, str]) -> "Place":
    from flowproof.target import site_from_environment  # noqa: PLC0415 (brings requests)
    from flowproof.target.profile import Permission, Place  # noqa: PLC0415

    site = site_from_environment(provider, url, environment)
    return _none(provider) if site is None else Place(site, Permission(everything=True))


def _none(provider: str) -> "Place":
    raise ConfigurationError(f"There is no place for {provider}.", "Give its base URL, or a profile that has it.")
