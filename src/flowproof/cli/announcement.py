"""What a server announces when it is ready: for a person, for a shell, and for a program that waits."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowproof.errors import ConfigurationError

from .program import missing_on_path
from .tables import columns

__all__ = ["WRITTEN_BY", "Announcement", "ServedProvider", "check_env_file", "write_atomically"]

USUAL = "http://127.0.0.1:4010"

WRITTEN_BY = "# Written by flowproof serve"
"""What a file of variables begins with. A file that begins otherwise is somebody's own and is not overwritten."""


@dataclass(frozen=True, slots=True)
class ServedProvider:
    """
    A provider as the default workspace has it.

    Args:
        slug: The provider's slug.
        base_url: Where it is served.
        credentials: By role, each with its ``key`` and its other parts.
    """

    slug: str
    base_url: str
    credentials: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Announcement:
    """
    Where a server is and how it is used.

    Args:
        url: Scheme, host and port under which this machine reaches it.
        pid: Its process.
        providers: Those that it serves.
        protected: The control API asks for a token.
    """

    url: str
    pid: int
    providers: tuple[ServedProvider, ...]
    protected: bool = False

    def to_json(self) -> dict[str, Any]:
        """What the ready file holds."""
        served = {each.slug: {"base_url": each.base_url, "credentials": each.credentials} for each in self.providers}
        return {"url": self.url, "pid": self.pid, "providers": served}

    def text(self) -> str:
        """What the console shows, with the ready signal as its last line. No secret is in it."""
        hints = [
            *(("first" if at == 0 else "", each) for at, each in enumerate(self._settings())),
            ("look", f"{self.url}/"),
            ("credentials", 'eval "$(flowproof env)"'),
            ("other roles", "flowproof env --all-roles"),
            ("refusals", "are shown here; the reason: flowproof explain"),
            ("control API", f"{self.url}/_flowproof/openapi.json"),
        ]
        served = [(each.slug, each.base_url) for each in self.providers]
        return "\n\n".join([columns(served), columns(hints), f"ready {self.url}"])

    def _settings(self) -> Iterator[str]:
        """What a shell needs before the commands work that are shown."""
        if folder := missing_on_path():
            yield f'export PATH="{folder}:$PATH"'
        if self.url != USUAL:
            yield f"export FLOWPROOF_SERVER={self.url}"
        if self.protected:
            yield "export FLOWPROOF_TOKEN=…  (the token of this server)"


def check_env_file(file: Path) -> None:
    """
    See to it that a file of variables can be written.

    Raises:
        ConfigurationError: Its folder cannot be written to, or the file is not one that we have written.
    """
    if not os.access(file.absolute().parent, os.W_OK):
        raise ConfigurationError(f"{file} cannot be written.", "Name an --env file in a directory that exists.")
    if file.exists() and not (file.is_file() and file.read_bytes().startswith(WRITTEN_BY.encode())):
        raise ConfigurationError(f"{file} is a file of your own.", "Name another --env file, or move that one away.")


def write_atomically(file: Path, text: str) -> None:
    """
    Write a file in one step, so that nobody reads half of it, and for this user only, since it holds credentials.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=file.absolute().parent, prefix=f".{file.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).replace(file)
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be written: {error.strerror}.", "Name a file in a directory that exists."
        ) from error
