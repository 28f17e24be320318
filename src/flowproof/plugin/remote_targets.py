"""
Base URLs of providers that are not mocked: of a sandbox profile, or single ones with credentials of the environment.

With a profile the session has a named target: nothing in it falls back to a mock. A base URL speaks of its own provider
alone; the others stay on the mock. Light to import.
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
    from flowproof.providers import Kits
    from flowproof.target.profile import ProfileEntry

__all__ = ["MOCK", "RemoteTargets", "find_remote_targets"]

MOCK = "mock"


@dataclass(frozen=True, slots=True)
class RemoteTargets:
    """
    The providers that are not mocked.

    Args:
        urls: Their base URLs, by slug.
        entry: That of one, as in a profile; raises a `ConfigurationError` where it or its credentials are missing.
        profile: Name of the profile; empty where there is none.
    """

    urls: Mapping[str, str]
    entry: "Callable[[str], ProfileEntry]"
    profile: str = ""

    @property
    def is_named(self) -> bool:
        """Whether a profile names the target of the whole session, so that nothing may run on a mock."""
        return bool(self.profile)

    def name_of(self, provider: str) -> str:
        """What the target of a provider is called in a sentence."""
        return self.profile or self.urls.get(provider, MOCK)


def find_remote_targets(options: Options, kits: "Kits", environment: Mapping[str, str] = os.environ) -> RemoteTargets:
    """
    The providers that are not mocked in a session.

    Raises:
        ConfigurationError: The profile cannot be used, or a base URL is of a provider that there is not.
    """
    if options.target == MOCK:
        return RemoteTargets({}, _missing)
    if options.target is not None:
        return _of_profile(Path(options.target), kits, environment)
    if unknown := sorted(set(options.base_urls) - set(kits.names)):
        raise ConfigurationError(
            f"A base URL is given for {', '.join(unknown)}, which no installed kit is of.",
            f"Choose from: {', '.join(kits.names)}.",
        )
    variables = {each: environment.get(f"FLOWPROOF_{each.upper()}_URL", "") for each in kits.names}
    urls = {each: url for each, url in {**variables, **options.base_urls}.items() if url}
    return RemoteTargets(MappingProxyType(urls), lambda provider: _at(provider, urls, kits, environment))


def _of_profile(file: Path, kits: "Kits", environment: Mapping[str, str]) -> RemoteTargets:
    from flowproof.target.profile import read_profile_file  # noqa: PLC0415 (a session without a profile needs none)

    profile = read_profile_file(file, environment, defaults=kits.profile_defaults)
    urls = {slug: each.site.url for slug, each in profile.entries.items()}
    return RemoteTargets(MappingProxyType(urls), profile.entry, profile.name)


def _at(provider: str, urls: Mapping[str, str], kits: "Kits", environment: Mapping[str, str]) -> "ProfileEntry":
    from flowproof.target import site_from_environment  # noqa: PLC0415 (brings requests)
    from flowproof.target.profile import Permission, ProfileEntry  # noqa: PLC0415

    if provider not in urls:
        return _missing(provider)
    parts = kits.find(provider).credential_parts
    site = site_from_environment(provider, urls[provider], environment, parts=parts)
    return ProfileEntry(site, Permission(everything=True))


def _missing(provider: str) -> "ProfileEntry":
    raise ConfigurationError(f"There is no base URL of {provider}.", "Give one, or a profile that has it.")
