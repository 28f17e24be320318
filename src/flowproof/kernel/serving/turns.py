"""
How requests and webhooks share the event loop.

While the courier has something to do, one request is served in each turn of the loop, in the order in which they came.
A delivery takes about five turns: look up, connect, send, read, record. So a server under full load sends a webhook for
every five requests or so, and goes on with the requests of a quiet one at no cost. Without work for the courier every
request is served where it is read.
"""

import asyncio
from collections import deque
from collections.abc import Callable
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
        is_shared: Whether the courier has something to do.
    """

    def __init__(self, is_shared: Callable[[], bool]) -> None:
        self._is_shared = is_shared
        self._queue: deque[tuple[Waiting, bytes]] = deque()

    @property
    def is_empty(self) -> bool:
        """Whether no connection waits."""
        return not self._queue

    def must_wait(self) -> bool:
        """Whether bytes that have been read are to be queued."""
        return bool(self._queue) or self._is_shared()

    def wait(self, connection: Waiting, data: bytes) -> None:
        """Queue a connection, which must read no further until it is fed."""
        self._queue.append((connection, data))
        if len(self._queue) == 1:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        connection, data = self._queue.popleft()
        if self._queue:
            asyncio.get_running_loop().call_soon(self._next)
        connection.feed(data)
