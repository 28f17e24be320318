"""A provider's address and credentials, as values."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from flowproof.errors import ConfigurationError, FlowproofError

__all__ = [
    "ControlMissing",
    "Credentials",
    "PreconditionMissing",
    "Site",
    "environment_of",
    "site_from_environment",
    "site_from_json",
]

DEFAULT = "default"
"""The role whose variables have no role in their names."""

KEY = "token"
"""What the key is called in a variable's name, as providers' documents mostly call it."""

NOT_IN_A_VARIABLE = re.compile(r"[^A-Z0-9]+", re.ASCII)


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


class ControlMissing(PreconditionMissing):
    """A test needs a control API, which only a mock of ours has: it cannot run on this target, whoever runs it."""


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
    before the part: `FLOWPROOF_ACME_OTHER_TOKEN`. The longest part that fits counts, so that a part `webhook_token` is
    no token of a role `webhook`.

    Args:
        provider: Slug.
        url: Base URL.
        environment: Such as `os.environ`.
        parts: Names of further parts of the credentials, such as `signing_key`.

    Raises:
        ConfigurationError: The URL or the credentials cannot be used.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise ConfigurationError(f"The base URL of {provider} is {url!r}.", "Begin it with http:// or https://.")
    keys = {role: _credentials(role, found) for role, found in _roles(provider, environment, parts) if KEY in found}
    if DEFAULT not in keys:
        prefix = _prefix(provider)
        raise ConfigurationError(
            f"The environment has no credentials for {provider} at {url}.",
            f"Set {prefix}_TOKEN and {prefix}_SECRET.",
        )
    return Site(provider, url.rstrip("/"), MappingProxyType(keys))


def site_from_json(provider: str, shown: Mapping[str, Any]) -> Site:
    """A provider as the control API shows it: ``base_url``, and by role ``credentials`` with ``key`` and more parts."""
    keys = {
        role: Credentials(parts["key"], MappingProxyType({name: parts[name] for name in parts if name != "key"}), role)
        for role, parts in shown["credentials"].items()
    }
    return Site(provider, shown["base_url"], MappingProxyType(keys))


def environment_of(
    site: Site, *, parts: Sequence[str] | None = None, roles: Collection[str] = (DEFAULT,)
) -> Mapping[str, str]:
    """
    The variables from which `site_from_environment` makes this site again.

    Args:
        site: Address and credentials.
        parts: Names of further parts of the credentials that are named; None for every part that is a text.
        roles: Those whose credentials are named.
    """
    prefix = _prefix(site.provider)
    found = {f"{prefix}_URL": site.url}
    for role, keys in site.keys.items():
        if role in roles:
            stem = prefix if role == DEFAULT else f"{prefix}_{_variable(role)}"
            known = keys.values if parts is None else ("secret", *parts)
            texts = {part: keys.values[part] for part in known if isinstance(keys.values.get(part), str)}
            found |= {f"{stem}_{_variable(part)}": text for part, text in {KEY: keys.key, **texts}.items()}
    return found


def _roles(
    provider: str, environment: Mapping[str, str], parts: Sequence[str]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each role with the parts that the environment has of it; an empty variable is none."""
    endings = {f"_{_variable(part)}": part for part in (KEY, "secret", *parts)}
    by_length = sorted(endings, key=len, reverse=True)
    found: dict[str, dict[str, str]] = {}
    for name, value in environment.items():
        rest = name.removeprefix(_prefix(provider))
        ending = next((each for each in by_length if rest.endswith(each)), None)
        if value and rest != name and ending is not None:
            role = rest.removesuffix(ending).strip("_").lower() or DEFAULT
            found.setdefault(role, {})[endings[ending]] = value
    yield from found.items()


def _credentials(role: str, found: Mapping[str, str]) -> Credentials:
    values = {part: value for part, value in found.items() if part != KEY}
    return Credentials(found[KEY], MappingProxyType(values), role)


def _prefix(provider: str) -> str:
    return f"FLOWPROOF_{_variable(provider)}"


def _variable(name: str) -> str:
    """A name as a part of a variable's name."""
    return NOT_IN_A_VARIABLE.sub("_", name.upper())
