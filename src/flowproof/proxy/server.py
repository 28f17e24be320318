"""Listens for clients of a proxy; each connection has a thread of its own."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

import h11

from flowproof.errors import ConfigurationError

from .connection import ClientConnection
from .observer import Observer
from .peer import Peer
from .upstream import Upstream

__all__ = ["ProxyServer"]

BACKLOG = 256
STOP_TIMEOUT_S = 5.0


class ProxyServer:
    """
    A proxy on a socket, which is bound at once.

    Args:
        upstream: Where requests go; None where the observer answers them all.
        observer: Who decides, and learns of every exchange.
        host: Name or address to listen on.
        port: 0 for any that is free.

    Raises:
        ConfigurationError: The address cannot be bound.
    """

    def __init__(
        self, upstream: Upstream | None, observer: Observer, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._upstream = upstream
        self._observer = observer
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            raise ConfigurationError(
                f"{host}:{port} cannot be listened on: {error.strerror}.", "Choose another --port, or 0."
            ) from error
        self.port: int = self._socket.getsockname()[1]
        self.origin = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.url = f"{self.origin}{upstream.base_path if upstream is not None else ''}"
        self._connections: dict[ClientConnection, threading.Thread] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, name=f"proxy-{self.port}", daemon=True)

    def start(self) -> Self:
        """Listen in a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Take no more connections, and end those that are open."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        if self._thread.ident is not None:
            self._thread.join(STOP_TIMEOUT_S)
        with self._lock:
            open_now = dict(self._connections)
        for connection in open_now:
            connection.interrupt()
        for thread in open_now.values():
            thread.join(STOP_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._socket.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = ClientConnection(Peer(accepted, h11.SERVER), self._upstream, self._observer)
            thread = threading.Thread(target=self._serve, args=(connection,), name="proxy-connection", daemon=True)
            with self._lock:
                self._connections[connection] = thread
            thread.start()

    def _serve(self, connection: ClientConnection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                self._connections.pop(connection, None)
