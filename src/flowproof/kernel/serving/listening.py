"""Sockets that listen: on a name or address, on a Unix socket file, and what is spoken on them."""

import errno
import os
import socket
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path

from flowproof.errors import ConfigurationError

__all__ = ["BACKLOG", "TLS_SHUTDOWN_S", "Listener", "listen", "listen_on_file", "remove_socket_file"]

BACKLOG = 2048
TLS_SHUTDOWN_S = 1.0  # how long the farewell of a connection with TLS may take
LOOPBACKS = ("127.0.0.1", "::1")
OWNER_ONLY = 0o177
TRIES = 20  # for one free port on both loopback addresses


@dataclass(frozen=True, slots=True)
class Listener:
    """
    A socket that listens.

    Args:
        socket: Bound and listening.
        tls: What TLS is spoken with; None for plain HTTP.
    """

    socket: socket.socket
    tls: ssl.SSLContext | None = None

    @property
    def port(self) -> int | None:
        """Its port; None where it is a file."""
        return None if self.is_file else int(self.socket.getsockname()[1])

    @property
    def is_file(self) -> bool:
        """Whether it is a Unix socket."""
        return self.socket.family == socket.AF_UNIX


def listen(host: str, port: int) -> tuple[socket.socket, ...]:
    """
    Listen on a name or address.

    Args:
        host: ``localhost`` stands for both loopback addresses, since some clients try the one and some the other.
        port: 0 for any that is free.

    Raises:
        ConfigurationError: The address cannot be bound.
    """
    try:
        return _listen_on_both(port) if host.lower() == "localhost" else (_bind(host, port),)
    except (OSError, UnicodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "no such name"
        raise ConfigurationError(
            f"{f'[{host}]' if ':' in host else host}:{port} cannot be listened on: {what}.",
            "Choose another --host or --port; port 0 takes any that is free.",
        ) from error


def listen_on_file(file: Path) -> socket.socket:
    """
    Listen on a Unix socket, which this user alone can connect to.

    A socket file of this user's that nobody listens on, as a killed server leaves it, is replaced.

    Raises:
        ConfigurationError: Another file is there, a server listens on it, or it cannot be made.
    """
    _remove_stale(file)
    made = socket.socket(socket.AF_UNIX)
    mask = os.umask(OWNER_ONLY)
    try:
        made.bind(os.fspath(file))
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        what = "its path is too long for a socket" if error.errno is None else error.strerror
        raise ConfigurationError(
            f"{file} cannot be listened on: {what}.", "Name a file in a directory that you may write to."
        ) from error
    finally:
        os.umask(mask)
    return made


def remove_socket_file(file: Path, listening: socket.socket) -> None:
    """Remove the file of a Unix socket, unless another server has put its own in its place."""
    listening.close()
    try:
        _remove_stale(file)
    except ConfigurationError:
        return


def _remove_stale(file: Path) -> None:
    try:
        found = file.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be used: {error.strerror}.", "Name another --unix file.") from error
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid():
        raise ConfigurationError(f"{file} is no socket of yours.", "Name another --unix file, or move that one away.")
    if _is_answered(file):
        raise ConfigurationError(f"A server listens on {file} already.", "Stop it, or name another --unix file.")
    file.unlink(missing_ok=True)


def _is_answered(file: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        return probe.connect_ex(os.fspath(file)) != errno.ECONNREFUSED


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def _listen_on_both(port: int) -> tuple[socket.socket, ...]:
    """Both loopback addresses, or the one that the machine has."""
    for attempt in range(TRIES):
        first = _bind(LOOPBACKS[0], port)
        try:
            return first, _bind(LOOPBACKS[1], first.getsockname()[1])
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return (first,)
            first.close()
            if port != 0 or attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")
