"""
How long a connection lives: uvicorn's protocol with time-outs, and an orderly end when the server stops.

It knows no request and no response; what it says at the end is its subclass's.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from .limits import Limits

__all__ = ["LINGER_S", "TimedConnection"]

LINGER_S = 2.0  # a client that is still sending reads the answer only if its bytes are taken


class TimedConnection(HttpToolsProtocol):
    """
    One connection with its timer.

    Args:
        limits: Of the server.
        arguments: Of uvicorn's protocol.
        settings: Of uvicorn's protocol.
    """

    def __init__(self, limits: Limits, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._limits = limits
        self._is_begun = False  # a request has come in part
        self._is_discarding = False  # the last response is written; what still comes is thrown away
        self._refusal: tuple[int, str] | None = None  # status and reason
        self._since_s = 0.0  # when the last response was written, or an incomplete request was begun
        self._timer: asyncio.TimerHandle | None = None
        self._unread = -1  # bytes that the client had not taken when the timer fired

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # (as uvicorn's)
        """Begin to count the time."""
        super().connection_made(transport)
        self._limits.events += 1
        self._since_s = self.loop.time()
        self._restart_timer(self._limits.request_s)

    def _refuse_unreadable(self, data: bytes) -> None:
        """Answer with the refusal, and end the connection."""
        raise NotImplementedError

    def _begin_waiting(self) -> None:
        """A request has come in part: the rest has to come in time."""
        self._is_begun, self._since_s = True, self.loop.time()
        self._restart_timer(self._limits.request_s)

    def _check_time(self) -> None:
        """
        End a connection on which nothing comes, or a request does not come whole, in time.

        The timer is set again when it has fired and not with each request, which would take 5 % of a request's time.
        """
        self._timer = None
        if self._is_discarding:
            self.transport.abort()
            return
        limit_s = self._limits.request_s if self._is_begun else self._limits.keep_alive_s
        is_busy = (self._is_on_slow_path() and not self._is_begun) or self.timeout_keep_alive_task is not None
        rest_s = limit_s if is_busy else self._since_s + limit_s - self.loop.time()
        if self._is_stuck():
            self._limits.log("a client does not read its answers, and its connection is ended")
            self.transport.abort()
        elif rest_s > 0:
            self._restart_timer(rest_s)
        elif self._is_begun:
            self._limits.log(f"a request has not come whole within {limit_s:g} s, and its connection is ended")
            self._refusal = (408, f"The request did not come whole within {limit_s:g} seconds.")
            self._end_begun()
        else:
            self.transport.close()

    def _end_begun(self) -> None:
        if self._is_on_slow_path():
            self.transport.close()  # the application learns that the client is gone
        else:
            self._refuse_unreadable(b"")

    def _is_stuck(self) -> bool:
        """Whether the client has taken nothing of its answers since the timer fired the last time."""
        before, self._unread = self._unread, self.transport.get_write_buffer_size()
        return self.flow.write_paused and self._unread == before

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _restart_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(min(seconds, self._limits.keep_alive_s), self._check_time)

    def finish(self) -> None:
        """The server stops: the response that is being written is the last one."""
        cycle: RequestResponseCycle | None = self.cycle  # (None before the first, which its type does not say)
        if cycle is not None:
            cycle.keep_alive = False

    @property
    def is_idle(self) -> bool:
        """Whether no request is coming or being answered."""
        return not (self._is_begun or self._is_on_slow_path())

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the connection."""
        super().connection_lost(exc)
        self._stop_timer()

    def _is_on_slow_path(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # (None before the first, which its type does not say)
        return cycle is not None and not cycle.response_complete
