"""A network between server and database that can go silent: bytes are taken and go nowhere, no connection ends."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.postgres import USER, Cluster

__all__ = ["Proxy"]


class Proxy:
    """
    A proxy on loopback.

    Args:
        upstream: The path of the database's socket.
    """

    def __init__(self, upstream: str) -> None:
        self.silent_after: bytes | None = None
        """A connection over which a client sends this goes silent."""
        self._upstream = upstream
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._flows = threading.Event()
        self._flows.set()
        self._cut_off: list[socket.socket] = []
        self._open: list[socket.socket] = []

    @property
    def number_cut_off(self) -> int:
        """How many sockets are silent; a connection has two."""
        return len(self._cut_off)

    def url(self, cluster: Cluster) -> str:
        """The database's URL that leads through here."""
        return f"postgresql://{USER}@127.0.0.1:{self._listening.getsockname()[1]}/postgres?sslmode=disable"

    def cut(self) -> None:
        """From now on nothing passes, on connections that there are and on new ones."""
        self._flows.clear()

    def mend(self) -> None:
        """Let new connections pass; those that were cut stay silent, as after a change of route."""
        self._cut_off, self._open = [*self._cut_off, *self._open], []
        self._flows.set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._listening, *self._open, *self._cut_off):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # a thread that waits for it would keep it open
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            upstream = socket.socket(socket.AF_UNIX)
            try:
                upstream.connect(self._upstream)
            except OSError:  # the database is away: so is what leads there
                client.close()
                upstream.close()
                continue
            pair = (client, upstream)
            self._open += pair
            for source, sink in (pair, pair[::-1]):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if self.silent_after is not None and self.silent_after in data:
                    self._cut_off += (source, sink)
                if not self._flows.is_set() or source in self._cut_off:
                    continue  # what comes is lost
                sink.sendall(data)
        except OSError:
            pass  # the end of either side is the end of both
        if source not in self._cut_off:
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)
