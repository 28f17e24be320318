"""
Finds providers and their kits through entry points; nothing else does. Knows none by name.

Loads only what is asked for, so that a broken distribution harms nobody who does not use it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from flowproof.errors import ConfigurationError
from flowproof.extras import missing_extra
from flowproof.kit import ProviderKit

if TYPE_CHECKING:
    from flowproof.kernel.provider import Provider

__all__ = ["KITS", "PROVIDERS", "Kits", "find_kit", "find_providers"]

PROVIDERS, KITS = "flowproof.providers", "flowproof.kits"

Loaded = TypeVar("Loaded", "Provider", ProviderKit)


class Kits:
    """The kits of all installed distributions; each is loaded when it is first asked for."""

    def __init__(self) -> None:
        self._entries = _installed(KITS)
        self._loaded: dict[str, ProviderKit] = {}
        self._of_folders: dict[Path, str | None] = {}
        self._suites: Mapping[Path, str] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Their slugs, in alphabetical order."""
        return tuple(self._entries)

    def find(self, slug: str) -> ProviderKit:
        """
        The kit of a provider.

        Raises:
            ConfigurationError: There is none, there are two, or it cannot be loaded.
        """
        if slug not in self._loaded:
            if slug not in self._entries:
                what = (
                    f"The provider {slug} has no kit"
                    if slug in _installed(PROVIDERS)
                    else f"There is no provider {slug}"
                )
                raise ConfigurationError(f"{what}.", f"Choose from: {', '.join(self._entries) or 'none'}.")
            self._loaded[slug] = _load(_only(self._entries[slug]), ProviderKit)
        return self._loaded[slug]

    def of_folder(self, folder: Path) -> str | None:
        """
        The provider whose suite a folder belongs to, else the provider that the folder is named for; None where there
        is neither. A kit that cannot be loaded has no suite.
        """
        if folder not in self._of_folders:
            own = self.of_suite(folder)
            self._of_folders[folder] = own or (folder.name if folder.name in self._entries else None)
        return self._of_folders[folder]

    def of_suite(self, folder: Path) -> str | None:
        """The provider whose suite a folder is or belongs to; None where there is none."""
        if self._suites is None:
            self._suites = dict(self._find_suites())
        place = folder.resolve()
        return next((self._suites[each] for each in (place, *place.parents) if each in self._suites), None)

    def _find_suites(self) -> Iterator[tuple[Path, str]]:
        for slug in self._entries:
            with suppress(ConfigurationError):
                yield self.find(slug).suite_folder(), slug

    def profile_defaults(self, slug: str) -> Mapping[str, Any]:
        """Defaults for a provider's table in a sandbox profile; none where it has no kit."""
        return self.find(slug).profile if slug in self._entries else {}


def find_kit(slug: str) -> ProviderKit:
    """
    The kit of a provider.

    Raises:
        ConfigurationError: There is none, there are two, or it cannot be loaded.
    """
    return Kits().find(slug)


def find_providers(slugs: Sequence[str] = ()) -> "tuple[Provider, ...]":
    """
    Load providers.

    Args:
        slugs: Those that are wanted, in this order; without any, all that are installed.

    Raises:
        ConfigurationError: A slug is unknown or is that of two distributions, or a provider cannot be loaded.
    """
    from flowproof.kernel.provider import Provider  # noqa: PLC0415 (loads Flask, which a command without providers does not need)

    installed = _installed(PROVIDERS)
    unknown = [slug for slug in slugs if slug not in installed]
    if unknown:
        raise ConfigurationError(
            f"There is no provider {' and no provider '.join(unknown)}.",
            f"Choose from: {', '.join(installed) or 'none'}.",
        )
    return tuple(_load(_only(installed[slug]), Provider) for slug in dict.fromkeys(slugs or installed))


def _installed(group: str) -> Mapping[str, Sequence[EntryPoint]]:
    """
    The entry points of a group, by name in alphabetical order; several where several distributions have that name.

    An editable install can be seen twice, by its checkout and by its record: that is still one entry point.
    """
    found: dict[str, dict[tuple[str, str], EntryPoint]] = {}
    for each in sorted(entry_points(group=group), key=lambda each: each.name):
        found.setdefault(each.name, {}).setdefault((each.value, _origin(each)), each)
    return {name: tuple(same.values()) for name, same in found.items()}


def _only(entries: Sequence[EntryPoint]) -> EntryPoint:
    if len(entries) > 1:
        raise ConfigurationError(
            f"Two distributions bring a provider {entries[0].name}: {_origin(entries[0])} and {_origin(entries[1])}.",
            "Uninstall one of them.",
        )
    return entries[0]


def _load(entry: EntryPoint, kind: type[Loaded]) -> Loaded:
    try:
        found = entry.load()
    except Exception as error:  # another distribution's module may fail in any way
        missing = missing_extra(error)
        if missing is not None:
            raise missing from error
        raise ConfigurationError(
            f"{kind.__name__} {entry.name} of {_origin(entry)} cannot be loaded: {type(error).__name__}: {error}.",
            "Fix or uninstall that distribution.",
        ) from error
    if not isinstance(found, kind) or found.slug != entry.name:
        raise ConfigurationError(
            f"Entry point {entry.name} of distribution {_origin(entry)} leads to {entry.value}, which is no "
            f"{kind.__name__} with the slug {entry.name}.",
            "Fix or uninstall that distribution.",
        )
    return found


def _origin(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"
