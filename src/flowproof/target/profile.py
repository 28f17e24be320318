"""
A sandbox profile: where a provider's sandbox is, whose credentials to use, what is permitted, what is known of it.

A TOML file without secrets: those come from the environment. Reads and checks; connects to nothing.
"""

import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast
from urllib.parse import urlsplit

from flowproof.errors import ConfigurationError
from flowproof.plurals import counted
from flowproof.text_file import read_text

from .site import Credentials, Site

__all__ = [
    "MOCK",
    "Defaults",
    "Deviation",
    "Pace",
    "Permission",
    "Profile",
    "ProfileEntry",
    "no_defaults",
    "read_profile",
    "read_profile_file",
]

MOCK = "mock"
"""Name of the built-in profile: a workspace of our own mock server, where everything is permitted."""

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
PORTS = range(65536)
UNSAFE = "An operation that changes something is permitted by name: operations = { submitOrder = 5 }."


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a run may ask, over all its workers; None means as fast as it can."""

    requests_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """
    What a run may do on a target. Operations that change nothing are always permitted.

    Args:
        operations: How often each operation that changes something may be called; None for as often as one likes.
        spend: The most that all calls together may cost, in the provider's own unit; None for no limit.
        everything: Whether all that is permitted: on our own mock.
    """

    operations: Mapping[str, int | None] = field(default_factory=lambda: MappingProxyType({}))
    spend: Decimal | None = None
    everything: bool = False

    def sentences(self) -> tuple[str, ...]:
        if self.everything:
            return ("everything is permitted",)
        named = [
            f"{operation}: {'as often as needed' if times is None else 'at most ' + counted(times, 'time')}"
            for operation, times in self.operations.items()
        ]
        limit = [] if self.spend is None else [f"all calls together may cost at most {self.spend}"]
        return (*(named or ["nothing that changes anything is permitted"]), *limit)


@dataclass(frozen=True, slots=True)
class ProfileEntry:
    """
    A provider's table in a profile: its sandbox.

    Args:
        site: Base URL and credentials.
        permission: What the run may do there.
        pace: How fast.
    """

    site: Site
    permission: Permission = field(default_factory=Permission)
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Deviation:
    """
    A requirement that a target is known not to meet.

    Args:
        requirement: Its id.
        owner: The person who answers for it.
        reason: Why it is accepted.
        expires: The last day on which it is.
    """

    requirement: str
    owner: str
    reason: str
    expires: date


@dataclass(frozen=True, slots=True)
class Profile:
    """
    A target as its file describes it.

    Args:
        name: For people.
        entries: Each provider's sandbox, by slug.
        deviations: What is known not to hold.
    """

    name: str
    entries: Mapping[str, ProfileEntry]
    deviations: tuple[Deviation, ...] = ()

    def entry(self, provider: str) -> ProfileEntry:
        """
        A provider's sandbox.

        Raises:
            ConfigurationError: The profile has none for it.
        """
        if provider not in self.entries:
            known = ", ".join(self.entries) or "no provider"
            raise ConfigurationError(
                f"The profile {self.name!r} has no [{provider}]; it has {known}.",
                f"Add the table [{provider}] with its url and credentials.",
            )
        return self.entries[provider]


Defaults = Callable[[str], Mapping[str, Any]]
"""The default entries of a provider's table, by slug."""


def no_defaults(_provider: str) -> Mapping[str, Any]:
    """Every table has all its entries in the profile."""
    return {}


def read_profile(text: str, environment: Mapping[str, str], *, defaults: Defaults = no_defaults) -> Profile:
    """
    Read the text of a profile::

        name = "Acme's sandbox"

        [acme]
        url = "https://sandbox.example.test"
        credentials.default = { key = "$ACME_TOKEN", secret = "$ACME_SECRET" }
        permits = { operations = { submitOrder = 5, cancelOrder = true } }
        pace = { requests_per_second = 2 }

        [[deviation]]
        requirement = "acme.order.cancel_twice"
        owner = "Ada Obi"
        reason = "fixed in their release of March"
        expires = 2027-03-31

    A credential's part is the name of an environment variable, after a dollar sign. Only a part whose name ends in
    ``_uri`` or ``_url`` may be written out.

    Args:
        text: TOML.
        environment: Such as ``os.environ``.
        defaults: Entries that a provider's table has where the profile does not write them.

    Raises:
        ConfigurationError: It is no TOML, an entry is unknown or unfit, or the environment lacks a credential.
    """
    try:
        entries = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"The profile is no TOML: {error}.", "Fix that line.") from error
    name = entries.pop("name", None)
    deviations = entries.pop("deviation", [])
    if not isinstance(name, str) or not name.strip() or name == MOCK:
        raise ConfigurationError("The profile has no name of its own.", 'Begin it with name = "…".')
    if not isinstance(deviations, list):
        raise ConfigurationError("The profile's deviation is no list.", "Write [[deviation]], with two brackets.")
    if not entries:
        raise ConfigurationError("The profile names no provider.", "Add a table that is named by a provider's slug.")
    found = {slug: _entry(slug, entry, defaults(slug), environment) for slug, entry in entries.items()}
    return Profile(name, MappingProxyType(found), tuple(map(_deviation, deviations)))


def read_profile_file(file: Path, environment: Mapping[str, str], *, defaults: Defaults = no_defaults) -> Profile:
    """
    Read a profile's file.

    Raises:
        ConfigurationError: It cannot be read, or is unfit.
    """
    return read_profile(read_text(file, fix="Name the file of a profile."), environment, defaults=defaults)


def _entry(slug: str, entry: Any, defaults: Mapping[str, Any], environment: Mapping[str, str]) -> ProfileEntry:
    written = _table(slug, entry, {"url", "credentials", "permits", "pace", "webhook_url", "webhook_port"})
    table = {**defaults, **written}
    url, keys = _url(f"{slug}.url", table.get("url")), MappingProxyType(dict(_keys(slug, table, environment)))
    webhook_url, webhook_port = table.get("webhook_url"), table.get("webhook_port", 0)
    if (webhook_url is None) != (webhook_port == 0) or not isinstance(webhook_port, int) or webhook_port not in PORTS:
        raise ConfigurationError(
            f"{slug} in the profile has no fit webhook_url and webhook_port.",
            "Give both: an address that leads, through a tunnel, to that port of this machine.",
        )
    return ProfileEntry(
        Site(slug, url, keys, None if webhook_url is None else _url(f"{slug}.webhook_url", webhook_url), webhook_port),
        _permission(slug, table.get("permits", {})),
        _pace(slug, table.get("pace", {})),
    )


def _table(where: str, entry: Any, known: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{where} in the profile is no table.", f"It may have {', '.join(sorted(known))}.")
    if unknown := sorted(set(entry) - set(known)):
        raise ConfigurationError(
            f"{where} in the profile has an unknown {', '.join(unknown)}.", f"It may have {', '.join(sorted(known))}."
        )
    return cast("Mapping[str, Any]", entry)


def _url(where: str, value: Any) -> str:
    parts = urlsplit(value) if isinstance(value, str) else urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"{where} in the profile is no address.", "Write https://host/path.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{where} in the profile has a user, a query or a fragment.", "Leave them out; secrets are in credentials."
        )
    return str(value).rstrip("/")


def _keys(slug: str, table: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[tuple[str, Credentials]]:
    where = f"{slug}.credentials"
    roles = table.get("credentials", {})
    if not isinstance(roles, dict) or "default" not in roles:
        raise ConfigurationError(
            f"{where} in the profile has no role default.", f'Write {where}.default = {{ key = "$VARIABLE" }}.'
        )
    for role, parts in roles.items():
        if not isinstance(parts, dict) or not all(isinstance(part, str) for part in parts.values()):
            raise ConfigurationError(f"{where}.{role} is no table of texts.", 'Write { key = "$VARIABLE" }.')
        values = {name: _part(f"{where}.{role}.{name}", name, part, environment) for name, part in parts.items()}
        if "key" not in values:
            raise ConfigurationError(f"{where}.{role} has no key.", 'Write { key = "$VARIABLE" }.')
        yield role, Credentials(values.pop("key"), MappingProxyType(values), role)


def _part(where: str, name: str, value: str, environment: Mapping[str, str]) -> str:
    if not value.startswith("$"):
        if not name.endswith(("_uri", "_url")):
            raise ConfigurationError(f"{where} is written out in the profile.", 'Put it into the environment: "$NAME".')
        return value
    variable = value[1:]
    if not VARIABLE.fullmatch(variable):
        raise ConfigurationError(f"{where} names no environment variable.", 'Write "$NAME".')
    if not environment.get(variable):
        raise ConfigurationError(f"{where} is ${variable}, which the environment does not have.", f"Set {variable}.")
    return environment[variable]


def _permission(slug: str, entry: Any) -> Permission:
    table = _table(f"{slug}.permits", entry, {"operations", "spend"})
    operations = table.get("operations", {})
    if not isinstance(operations, dict):
        raise ConfigurationError(f"{slug}.permits.operations is no table.", UNSAFE)
    times = {operation: _times(slug, operation, value) for operation, value in operations.items() if value is not False}
    return Permission(MappingProxyType(times), _amount(slug, table["spend"]) if "spend" in table else None)


def _times(slug: str, operation: str, value: Any) -> int | None:
    if value is True:
        return None
    if not isinstance(value, int) or value < 0:
        raise ConfigurationError(f"{slug}.permits.operations.{operation} is no number of calls.", UNSAFE)
    return value


def _amount(slug: str, value: Any) -> Decimal:
    try:
        amount = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise ConfigurationError(f"{slug}.permits.spend is no amount.", 'Write spend = "50.00".')
    return amount


def _pace(slug: str, entry: Any) -> Pace:
    table = _table(f"{slug}.pace", entry, {"requests_per_second"})
    value = table.get("requests_per_second")
    if value is None:
        return Pace()
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value <= 0:
        raise ConfigurationError(f"{slug}.pace.requests_per_second is no positive number.", "Write 2, or 0.5.")
    return Pace(float(value))


def _deviation(entry: Any) -> Deviation:
    table = _table("deviation", entry, {"requirement", "owner", "reason", "expires"})
    texts = [str(table.get(each, "")).strip() for each in ("requirement", "owner", "reason")]
    expires = table.get("expires")
    if not all(texts) or type(expires) is not date:
        raise ConfigurationError(
            f"The deviation of {table.get('requirement')!r} is not whole.",
            'It has requirement, owner, reason, each "…", and expires = 2027-01-31.',
        )
    requirement, owner, reason = texts
    return Deviation(requirement, owner, reason, expires)
