"""
How requests and webhooks share the event loop.

While the courier has something to do, one request is served in each turn of the loop, in the order in which they came.
A delivery takes about five turns: look up, connect, send, read, record. So a server under full load sends a webhook for
every five requests or so, and goes on with the requests of a quiet one at no cost. Without work for the courier every
request is served where it is read, and what waits is served at once: otherwise a queue would never end under load.
"""

import asyncio
from collections import deque
from collections.abc import Collection
from typing import Protocol

__all__ = ["Turns"]


class Waiting(Protocol):
    """A connection whose bytes wait for their turn."""

    def feed(self, data: bytes) -> None:
        """Take them now."""


class Turns:
    """
    The queue of connections that wait for their turn.

    Args:
        work: What the courier does; empty where it has nothing to do.

    A connection waits where ``queue`` or ``work`` is not empty: attributes, since every request looks at them.
    """

    def __init__(self, work: Collection[object]) -> None:
        self.work = work
        self.queue: deque[tuple[Waiting, bytes]] = deque()

    def wait(self, connection: Waiting, data: bytes) -> None:
        """Queue a connection, which must read no further until it is fed."""
        self.queue.append((connection, data))
        if len(self.queue) == 1:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        """Serve one connection, and further ones as long as the courier has nothing to do."""
        try:
            self._feed_first()
            while self.queue and not self.work:
                self._feed_first()
        finally:
            if self.queue:
                asyncio.get_running_loop().call_soon(self._next)

    def _feed_first(self) -> None:
        connection, data = self.queue.popleft()
        connection.feed(data)
