"""What a server announces when it is ready: for a person, for a shell, and for a program that waits."""

import json
import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowproof.errors import ConfigurationError

from .tables import heading, table

__all__ = ["Announcement", "ServedProvider", "write_atomically"]

USUAL = "http://127.0.0.1:4010"


@dataclass(frozen=True, slots=True)
class ServedProvider:
    """
    A provider as the default workspace has it.

    Args:
        slug: The provider's slug.
        title: Its name for people.
        base_url: Where it is served.
        credentials: By role, each with its ``key`` and its other parts.
    """

    slug: str
    title: str
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
        """What the console shows, with the ready signal as its last line."""
        head = ("PROVIDER", "BASE URL", "ROLE", "CREDENTIALS (for development)")
        bearer = '-H "Authorization: Bearer $FLOWPROOF_TOKEN" ' if self.protected else ""
        server = "" if self.url == USUAL else f" --server {self.url}"
        return "\n".join(
            [
                table(head, self._rows()),
                "",
                heading("To paste into a shell"),
                *self.exports(),
                "",
                f"control API  {self.url}/_flowproof/openapi.json",
                f"try          curl {bearer}{self.url}/_flowproof/providers",
                f"next         refused requests show here; the reason: flowproof explain{server}",
                "",
                f"ready {self.url}",
            ]
        )

    def exports(self) -> Iterator[str]:
        """A line for a shell for each base URL and each part of the default role's credential."""
        for each in self.providers:
            prefix = f"FLOWPROOF_{each.slug.upper()}"
            yield f"export {prefix}_URL={shlex.quote(each.base_url)}"
            parts = next(iter(each.credentials.values()), {})
            for name, value in parts.items():
                if isinstance(value, str | int):
                    yield f"export {prefix}_{_variable(name)}={shlex.quote(str(value))}"

    def _rows(self) -> Iterator[tuple[str, str, str, str]]:
        for each in self.providers:
            for index, (role, parts) in enumerate(each.credentials.items() or {"": {}}.items()):
                shown = " ".join(f"{_variable(name).lower()}={value}" for name, value in parts.items())
                yield ("", "", role, shown) if index else (each.slug, each.base_url, role, shown)


def _variable(part: str) -> str:
    """The variable for a part of a credential; providers' documents mostly call the key a token."""
    return "TOKEN" if part == "key" else re.sub(r"[^A-Z0-9]+", "_", part.upper())


def write_atomically(file: Path, value: Any) -> None:
    """
    Write JSON in one step, so that nobody reads half of it, and for this user only, since it holds credentials.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=file.absolute().parent, prefix=f".{file.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(value, stream, indent=2)
        Path(temporary).replace(file)
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be written: {error.strerror}.", "Name a file in a directory that exists."
        ) from error
