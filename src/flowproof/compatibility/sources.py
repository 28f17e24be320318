"""Where the files of an OpenAPI document are read from: a folder, or a git revision. Nothing is fetched."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from flowproof.errors import ConfigurationError

__all__ = ["FolderSource", "GitSource", "Source", "find_source"]

ENTRIES = ("openapi.yaml", "openapi.yml", "openapi.json")
TIMEOUT_S = 60


class Source(Protocol):
    """Files by their paths, which are relative to the source's own root and use slashes."""

    def read(self, path: str) -> bytes:
        """
        The bytes of a file.

        Raises:
            ConfigurationError: It cannot be read.
        """

    def label(self, path: str) -> str:
        """The file's name in reports."""


@dataclass(frozen=True, slots=True)
class FolderSource:
    """
    Files in a folder.

    Args:
        root: The folder. References may leave it by ``..``.
    """

    root: Path

    def read(self, path: str) -> bytes:
        try:
            return (self.root / path).read_bytes()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise ConfigurationError(
                f"{self.label(path)} cannot be read: {why}.", "Name a file that exists."
            ) from error

    def label(self, path: str) -> str:
        return str(self.root / path)


@dataclass(frozen=True, slots=True)
class GitSource:
    """
    Files as they stood in a revision of a git repository.

    Args:
        repository: A folder inside its work tree; paths are relative to it.
        revision: A commit, tag or branch.
    """

    repository: Path
    revision: str

    def read(self, path: str) -> bytes:
        found = run_git(self.repository, ["show", f"{self.revision}:./{path}"])
        if found.returncode:
            raise ConfigurationError(
                f"{self.label(path)} cannot be read: {found.stderr.decode(errors='replace').strip()}.",
                "Name a revision and a file that git knows.",
            )
        return found.stdout

    def label(self, path: str) -> str:
        return f"{self.revision}:{path}"

    def has(self, path: str) -> bool:
        """Whether the revision holds a file of that path."""
        found = run_git(self.repository, ["cat-file", "-t", f"{self.revision}:./{path}"])
        return found.returncode == 0 and found.stdout.strip() == b"blob"


def find_source(text: str, *, folder: Path) -> tuple[Source, str]:
    """
    Find what a person names: a file, a folder with an OpenAPI document, or ``REVISION:PATH``.

    Args:
        text: As given on a command line.
        folder: What relative paths are relative to.

    Returns:
        The source, and the path of the OpenAPI document in it.

    Raises:
        ConfigurationError: There is no such file.
    """
    path = folder / text
    if path.is_file():
        return FolderSource(Path(text).parent if path == Path(text) else path.parent), path.name
    if path.is_dir():
        for entry in ENTRIES:
            if (path / entry).is_file():
                return FolderSource(path), entry
        raise ConfigurationError(f"{text} holds no {_listed(ENTRIES)}.", "Name the document itself.")
    revision, colon, inside = text.partition(":")
    if colon and revision and not revision.startswith("-"):
        return _in_revision(GitSource(folder, revision), inside or ".")
    raise ConfigurationError(
        f"There is no file {text}.", "Name a file, a folder, or REVISION:PATH of a git repository."
    )


def _in_revision(source: GitSource, path: str) -> tuple[Source, str]:
    for each in (path, *(str(PurePosixPath(path) / entry) for entry in ENTRIES)):
        if source.has(each):
            return source, each
    found = run_git(source.repository, ["rev-parse", "--verify", "--quiet", f"{source.revision}^{{commit}}"])
    if found.returncode:
        raise ConfigurationError(f"{source.revision} is no revision here.", "Look at: git log --oneline")
    raise ConfigurationError(f"{source.label(path)} holds no {_listed(ENTRIES)}.", "Name the document itself.")


def run_git(folder: Path, arguments: Sequence[str]) -> "subprocess.CompletedProcess[bytes]":
    """
    Run git in a folder.

    Raises:
        ConfigurationError: There is no git.
    """
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigurationError(f"git cannot be run: {error}.", "Install git, or name files.") from error


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
