"""What a server listens on, as the options say: addresses, a socket file, with TLS or without, and under which URLs."""

import socket
import ssl
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flowproof.kernel.serving.listening import Listener, listen, listen_on_file, remove_socket_file

from .options import ServeOptions

if TYPE_CHECKING:
    from flowproof.tls.authority import Authority

__all__ = ["Endpoints", "open_endpoints"]

# How this machine reaches a server that listens on every address.
REACHED_AS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (see above)
OWN_NAMES = ("localhost", "127.0.0.1", "::1")
MAIN, PLAIN = "main", "plain"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """
    What a server listens on.

    Args:
        main: What --host and --port, or --unix, say.
        plain: What --http-port says.
        tls: What TLS is spoken with on the main ones; None for plain HTTP.
        proxy_tls: The same in the tunnels of a proxy; None where the server is none.
        authority: By which the certificates are, where that is one of ours.
        host: Name or address by which this machine reaches the server.
        file: Of the Unix socket, where it is one.
    """

    main: tuple[socket.socket, ...]
    plain: tuple[socket.socket, ...]
    tls: ssl.SSLContext | None
    proxy_tls: ssl.SSLContext | None
    authority: "Authority | None"
    host: str
    file: Path | None

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """All of them, the main ones first."""
        return (*(Listener(each, self.tls) for each in self.main), *map(Listener, self.plain))

    @property
    def url(self) -> str:
        """Where this machine reaches the server; ``unix:`` and a file where it listens on nothing else."""
        if self.file is not None:
            return self.plain_url or f"unix:{self.file.absolute()}"
        return self._url("http" if self.tls is None else "https", self.main[0])

    @property
    def plain_url(self) -> str | None:
        """Where it speaks plain HTTP beside that; None where it does not."""
        return self._url("http", self.plain[0]) if self.plain else None

    def handles(self) -> tuple[str, ...]:
        """The sockets, as another process of this server takes them."""
        named = ((MAIN, self.main), (PLAIN, self.plain))
        return tuple(f"{name}:{each.fileno()}" for name, sockets in named for each in sockets)

    def _url(self, scheme: str, listening: socket.socket) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{listening.getsockname()[1]}"


@contextmanager
def open_endpoints(options: ServeOptions, provider_hosts: Collection[str]) -> Iterator[Endpoints]:
    """
    Listen as the options say.

    Args:
        options: Of the server. Where they name sockets that another process has bound, these are used.
        provider_hosts: Host names of the providers, for certificates.

    Raises:
        ConfigurationError: An address cannot be bound, or a certificate cannot be used.
    """
    host = REACHED_AS.get(options.host, options.host)
    now = datetime.now(UTC)
    authority = _authority(options, now) if options.needs_authority else None
    tls = _tls(options, authority, {*OWN_NAMES, *provider_hosts, *options.allow_host, host}, now)
    proxy_tls = authority.server_context(provider_hosts, now) if authority and options.as_proxy else None
    with ExitStack() as stack:
        main, plain = _inherited(options) if options.listen_fd else _bound(options, stack)
        for each in (*main, *plain):
            stack.callback(each.close)
        yield Endpoints(main, plain, tls, proxy_tls, authority, host, options.unix)


def _authority(options: ServeOptions, now: datetime) -> "Authority":
    from flowproof.tls.authority import open_authority  # noqa: PLC0415 (only where TLS is spoken)
    from flowproof.tls.places import usual_folder  # noqa: PLC0415

    return open_authority(options.tls_folder or usual_folder(), now)


def _tls(
    options: ServeOptions, authority: "Authority | None", names: Collection[str], now: datetime
) -> ssl.SSLContext | None:
    if options.tls_cert is not None:
        from flowproof.tls.own_certificate import own_context  # noqa: PLC0415 (only where TLS is spoken)

        return own_context(options.tls_cert, options.tls_key or options.tls_cert, now)
    return authority.server_context(names, now) if authority and options.tls else None


def _bound(options: ServeOptions, stack: ExitStack) -> tuple[tuple[socket.socket, ...], tuple[socket.socket, ...]]:
    plain = () if options.http_port is None else listen(options.host, options.http_port)
    for each in plain:
        stack.callback(each.close)
    if options.unix is None:
        return listen(options.host, options.port), plain
    listening = listen_on_file(options.unix)
    stack.callback(partial(remove_socket_file, options.unix, listening))
    return (listening,), plain


def _inherited(options: ServeOptions) -> tuple[tuple[socket.socket, ...], tuple[socket.socket, ...]]:
    named = [each.split(":") for each in options.listen_fd]
    found = {kind: tuple(socket.socket(fileno=int(fd)) for each, fd in named if each == kind) for kind in (MAIN, PLAIN)}
    return found[MAIN], found[PLAIN]
