"""A provider's address and credentials, as values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from flowproof.errors import ConfigurationError, FlowproofError

__all__ = ["Credentials", "PreconditionMissing", "Site", "site_from_environment"]


@dataclass(eq=False)
class PreconditionMissing(FlowproofError):
    """
    A test cannot run on this target: a reason to skip it, never to fail it.

    Args:
        target: Name of the target.
        what: What it lacks, and what for.
    """

    target: str
    what: str

    def __str__(self) -> str:
        return f"the target {self.target} {self.what}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    What a client presents to a provider.

    Args:
        key: The public part: a token, a key id, a client id.
        values: The other parts by name, secrets among them.
        role: What they are for.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    role: str = "default"

    @property
    def secret(self) -> str:
        """
        The part that signs.

        Raises:
            ConfigurationError: There is none.
        """
        if not self.values.get("secret"):
            raise ConfigurationError(f"The credentials {self.role} have no secret.", "Choose another role.")
        return str(self.values["secret"])


@dataclass(frozen=True, slots=True)
class Site:
    """
    One provider as a client reaches it.

    Args:
        provider: Slug.
        url: Base URL, without a slash at its end.
        keys: Credentials by role.
    """

    provider: str
    url: str
    keys: Mapping[str, Credentials] = field(repr=False)

    def credentials(self, role: str = "default") -> Credentials:
        """
        The credentials of a role.

        Raises:
            PreconditionMissing: The site has none for it.
        """
        if role not in self.keys:
            raise PreconditionMissing(self.url, f"has no {self.provider} credentials for the role {role!r}")
        return self.keys[role]


def site_from_environment(provider: str, url: str | None, environment: Mapping[str, str]) -> Site | None:
    """
    A provider at any base URL, with credentials from the environment.

    `FLOWPROOF_<PROVIDER>_URL`, `_TOKEN` and `_SECRET`; those of another role, if there are any, have the role before
    the last word: `FLOWPROOF_ONEFLOW_OTHER_TOKEN`.

    Args:
        provider: Slug.
        url: Base URL; by default the environment's.
        environment: Such as `os.environ`.

    Returns:
        The site, or None where neither names a URL.

    Raises:
        ConfigurationError: The URL or the credentials cannot be used.
    """
    prefix = f"FLOWPROOF_{provider.upper()}"
    address = url or environment.get(f"{prefix}_URL")
    if not address:
        return None
    if not address.lower().startswith(("http://", "https://")):
        raise ConfigurationError(f"The base URL of {provider} is {address!r}.", "Begin it with http:// or https://.")
    keys = dict(_keys(prefix, environment))
    if "default" not in keys:
        raise ConfigurationError(
            f"The environment has no credentials for {provider} at {address}.",
            f"Set {prefix}_TOKEN and {prefix}_SECRET.",
        )
    return Site(provider, address.rstrip("/"), MappingProxyType(keys))


def _keys(prefix: str, environment: Mapping[str, str]) -> Iterator[tuple[str, Credentials]]:
    for name, token in environment.items():
        if token and name.startswith(f"{prefix}_") and name.endswith("_TOKEN"):
            stem = name.removesuffix("_TOKEN")
            role = stem.removeprefix(prefix).strip("_").lower() or "default"
            yield role, Credentials(token, MappingProxyType({"secret": environment.get(f"{stem}_SECRET", "")}), role)
