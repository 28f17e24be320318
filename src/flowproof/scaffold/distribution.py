"""A distribution as a value, the files that it consists of, and how it is written: all of it, or nothing."""

import keyword
import re
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from flowproof.errors import ConfigurationError, FlowproofError

__all__ = ["Distribution", "NameRefused", "camel_case", "check_name"]

NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
LONGEST = 40
# Names of fixtures: a provider's own fixture would have the same.
TAKEN = frozenset({"flowproof_server", "inbox", "mock_workspace", "replay_case", "target", "workspace", "request"})


@dataclass(eq=False)
class NameRefused(FlowproofError):
    """
    A provider cannot have that name.

    Args:
        name: As given.
        why: A clause.
        fix: What to do.
    """

    name: str
    why: str
    fix: str

    def __str__(self) -> str:
        return f"{self.name!r} {self.why}. {self.fix}"


@dataclass(frozen=True, slots=True)
class Distribution:
    """
    The files of a distribution.

    Args:
        name: Slug of the provider.
        files: Texts by path below the distribution's folder, with slashes.
    """

    name: str
    files: Mapping[str, str]

    def write(self, folder: Path) -> None:
        """
        Write it into a folder that does not exist yet, or is empty. What was written goes again where that fails.

        Raises:
            ConfigurationError: There is something in the folder, or it cannot be written.
        """
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigurationError(f"{folder} is not empty.", "Name another folder with --into, or empty it.")
        unfinished = folder.with_name(f".{folder.name}.unfinished")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            for path, text in self.files.items():
                file = unfinished / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            if folder.exists():
                folder.rmdir()
            unfinished.rename(folder)
        except OSError as error:
            raise ConfigurationError(
                f"{folder} cannot be written: {error.strerror}.", "Name another folder with --into."
            ) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def check_name(name: str, *, installed: Collection[str] = ()) -> None:
    """
    Check that a provider can have a name: as part of paths, modules, fixtures and environment variables.

    Args:
        name: The slug.
        installed: Slugs of the providers that there are.

    Raises:
        NameRefused: It cannot.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        proposed = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")[:LONGEST] or "acme"
        raise NameRefused(name, "is no name of a provider", f"Use small letters, digits and underscores: {proposed}.")
    if keyword.iskeyword(name) or name in TAKEN:
        raise NameRefused(name, "has another meaning in Python or in tests", f"Choose another name: {name}_api.")
    if name in installed:
        raise NameRefused(name, "is a provider that is installed", "Choose another name, or uninstall that one.")


def camel_case(name: str) -> str:
    """The name of a class: `my_api` is `MyApi`."""
    return "".join(part.capitalize() for part in name.split("_"))
