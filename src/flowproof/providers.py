"""Finds providers through entry points; nothing else does. Loads only those that are asked for; knows none by name."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from flowproof.errors import ConfigurationError

if TYPE_CHECKING:
    from flowproof.conduct import Obligations
    from flowproof.doctor import ProviderChecks
    from flowproof.kernel.provider import Provider

__all__ = ["GROUP", "find_checks", "find_obligations", "find_providers"]

GROUP = "flowproof.providers"
OWN_MOCKS, OWN_SUITES = "flowproof.mocks.", "flowproof.suites."


def find_providers(slugs: Sequence[str] = ()) -> "tuple[Provider, ...]":
    """
    Load providers.

    Args:
        slugs: Those that are wanted, in this order; without any, all that are installed.

    Raises:
        ConfigurationError: A slug is unknown or is that of two distributions, or a provider cannot be loaded.
    """
    installed = _installed()
    unknown = [slug for slug in slugs if slug not in installed]
    if unknown:
        raise ConfigurationError(
            f"There is no provider {' and no provider '.join(unknown)}.",
            f"Choose from: {', '.join(installed) or 'none'}.",
        )
    return tuple(_load(installed[slug]) for slug in dict.fromkeys(slugs or installed))


def find_obligations(slug: str) -> "Obligations":
    """
    What a provider obliges its clients to, from the room `conduct` of its suite.

    Raises:
        ConfigurationError: There is no such provider, it has no such room, or the room cannot be loaded.
    """
    from flowproof.conduct import Obligations  # noqa: PLC0415 (loads the contracts' validators)

    found = _in_room(slug, "conduct", "OBLIGATIONS")
    if not isinstance(found, Obligations):
        raise ConfigurationError(
            f"Nothing says what {slug} obliges its clients to: there is no {_room(slug, 'conduct')} with OBLIGATIONS.",
            "Choose another provider, or write that module: docs/conduct.md says how.",
        )
    return found


def find_checks(slug: str) -> "ProviderChecks | None":
    """
    What only a provider's own can know of a configuration, from the room `doctor` of its suite; None without one.

    Raises:
        ConfigurationError: There is no such provider, or the room cannot be loaded.
    """
    found: ProviderChecks | None = _in_room(slug, "doctor", "checks")
    return found


def _room(slug: str, room: str) -> str:
    """
    The module of a suite's room.

    A provider of another distribution has its rooms beside or in what its entry point names: `acme:provider` leads to
    `acme.conduct`.
    """
    installed = _installed()
    if slug not in installed:
        raise ConfigurationError(f"There is no provider {slug}.", f"Choose from: {', '.join(installed) or 'none'}.")
    module = installed[slug].module
    return f"{OWN_SUITES}{slug}.{room}" if module.startswith(OWN_MOCKS) else f"{module}.{room}"


def _in_room(slug: str, room: str, name: str) -> Any:
    """What a room has under a name; None where there is no such room, or nothing of that name."""
    module = _room(slug, room)
    try:
        return getattr(import_module(module), name, None) if _is_there(module) else None
    except Exception as error:  # another distribution's module may fail in any way
        raise ConfigurationError(
            f"{module} cannot be loaded: {type(error).__name__}: {error}.", "Mend or uninstall that distribution."
        ) from error


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # what it would stand in is no package
        return False


def _installed() -> Mapping[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for each in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        other = found.setdefault(each.name, each)
        if other is not each and not _same(other, each):
            raise ConfigurationError(
                f"Two distributions bring a provider {each.name}: {_origin(other)} and {_origin(each)}.",
                "Uninstall one of them.",
            )
    return found


def _same(one: EntryPoint, other: EntryPoint) -> bool:
    """An editable install can be seen twice, by its checkout and by its record: that is still one entry point."""
    return (one.value, _origin(one)) == (other.value, _origin(other))


def _load(entry: EntryPoint) -> "Provider":
    from flowproof.kernel.provider import Provider  # noqa: PLC0415 (loads Flask, which a command without providers does not need)

    try:
        provider = entry.load()
    except Exception as error:  # another distribution's module may fail in any way
        raise ConfigurationError(
            f"Provider {entry.name} of {_origin(entry)} cannot be loaded: {type(error).__name__}: {error}.",
            "Mend or uninstall that distribution.",
        ) from error
    if not isinstance(provider, Provider) or provider.slug != entry.name:
        raise ConfigurationError(
            f"Entry point {entry.name} of distribution {_origin(entry)} leads to {entry.value}, which is no Provider "
            f"with the slug {entry.name}.",
            "Mend or uninstall that distribution.",
        )
    return provider


def _origin(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"
