"""A provider's address and credentials, as values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

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
        webhook_url: Address under which an inbox on this machine can be reached from there; None where none is known.
        webhook_port: The port of loopback to which that address leads.
    """

    provider: str
    url: str
    keys: Mapping[str, Credentials] = field(repr=False)
    webhook_url: str | None = None
    webhook_port: int = 0

    @property
    def is_on_loopback(self) -> bool:
        """Whether it runs on this machine, so that any inbox here can be reached from there."""
        return urlsplit(self.url).hostname in {"localhost", "127.0.0.1", "::1"}

    def credentials(self, role: str = "default") -> Credentials:
        """
        The credentials of a role.

        Raises:
            PreconditionMissing: The site has none for it.
        """
        if role not in self.keys:
            raise PreconditionMissing(self.url, f"has no {self.provider} credentials for the role {role!r}")
        return self.keys[role]


def site_from_environment(
    provider: str, url: str, environment: Mapping[str, str], *, parts: Sequence[str] = ()
) -> Site:
    """
    A provider at any base URL, with credentials from the environment.

    `FLOWPROOF_<PROVIDER>_TOKEN`, `_SECRET` and one variable for each further part; those of another role have the role
    before it: `FLOWPROOF_ACME_OTHER_TOKEN`.

    Args:
        provider: Slug.
        url: Base URL.
        environment: Such as `os.environ`.
        parts: Names of further parts of the credentials, such as `signing_key`.

    Raises:
        ConfigurationError: The URL or the credentials cannot be used.
    """
    prefix = f"FLOWPROOF_{provider.upper()}"
    if not url.lower().startswith(("http://", "https://")):
        raise ConfigurationError(f"The base URL of {provider} is {url!r}.", "Begin it with http:// or https://.")
    keys = dict(_keys(prefix, environment, ("secret", *parts)))
    if "default" not in keys:
        raise ConfigurationError(
            f"The environment has no credentials for {provider} at {url}.",
            f"Set {prefix}_TOKEN and {prefix}_SECRET.",
        )
    return Site(provider, url.rstrip("/"), MappingProxyType(keys))


def _keys(prefix: str, environment: Mapping[str, str], parts: Sequence[str]) -> Iterator[tuple[str, Credentials]]:
    for name, token in environment.items():
        if token and name.startswith(f"{prefix}_") and name.endswith("_TOKEN"):
            stem = name.removesuffix("_TOKEN")
            role = stem.removeprefix(prefix).strip("_").lower() or "default"
            values = {part: environment[named] for part in parts if (named := f"{stem}_{part.upper()}") in environment}
            yield role, Credentials(token, MappingProxyType(values), role)
