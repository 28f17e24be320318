"""What a server announces when it is ready: for a person, for a shell, and for a program that waits."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowproof.errors import ConfigurationError
from flowproof.tls.places import CERTIFICATE

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
        plain_url: Where plain HTTP is spoken beside that.
        socket_file: The Unix socket, where it listens on one.
        authority: Folder of the authority by which its certificates are.
        is_new_authority: It was made just now.
        is_proxy: It is a proxy to the providers' own hosts.
    """

    url: str
    pid: int
    providers: tuple[ServedProvider, ...]
    protected: bool = False
    plain_url: str | None = None
    socket_file: Path | None = None
    authority: Path | None = None
    is_new_authority: bool = False
    is_proxy: bool = False

    @property
    def proxy_url(self) -> str | None:
        """What HTTPS_PROXY is set to: plain HTTP where there is a choice, since few clients speak TLS to a proxy."""
        return (self.plain_url or self.url) if self.is_proxy else None

    def to_json(self) -> dict[str, Any]:
        """What the ready file holds."""
        served = {each.slug: {"base_url": each.base_url, "credentials": each.credentials} for each in self.providers}
        places = {
            "http_url": self.plain_url,
            "unix": self.socket_file and str(self.socket_file.absolute()),
            "proxy": self.proxy_url,
            "certificate_authority": self.authority and str((self.authority / CERTIFICATE).absolute()),
        }
        there = {name: value for name, value in places.items() if value is not None}
        return {"url": self.url, "pid": self.pid, **there, "providers": served}

    def text(self) -> str:
        """What the console shows, with the ready signal as its last line. No secret is in it."""
        is_url = not self.url.startswith("unix:")
        hints = [
            *(("first" if at == 0 else "", each) for at, each in enumerate(self._settings())),
            *((("look", f"{self.url}/"),) if is_url else ()),
            ("credentials", 'eval "$(flowproof env)"'),
            ("other roles", "flowproof env --all-roles"),
            ("refusals", "are shown here; the reason: flowproof explain"),
            *((("control API", f"{self.url}/_flowproof/openapi.json"),) if is_url else ()),
        ]
        served = [(each.slug, each.base_url) for each in self.providers]
        return "\n\n".join([columns(served), *self._reach(), columns(hints), f"ready {self.url}"])

    def _reach(self) -> Iterator[str]:
        """By which other ways the server is reached, and what a client needs for them."""
        ways = [("plain http", self.plain_url), ("unix socket", self.socket_file), ("proxy", self.proxy_url)]
        if named := [(name, str(value)) for name, value in ways if value is not None]:
            yield columns(named)
        if self.authority is not None:
            from .trust import instructions  # noqa: PLC0415 (only where TLS is spoken)

            yield instructions(self.authority, is_new=self.is_new_authority, proxy=self.proxy_url)

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
