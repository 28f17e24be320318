"""
HTTP on one connection: uvicorn's protocol, with a short way for the usual request.

A request is answered where its last byte was read: no task, no queue, one write. Whatever else there is goes uvicorn's
way through ASGI: a large body, a pipelined request behind one that waits, a client that does not read, and the faults,
which wait and break connections.
"""

import logging
from functools import lru_cache
from typing import Any, Protocol

import httptools
from uvicorn.protocols.http.httptools_impl import (
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import BODILESS, WireResponse
from flowproof.kernel.mock import Arrival

from .wire import ARRIVAL, TRANSPORT, sendable

__all__ = ["Application", "TransportProtocol"]

logger = logging.getLogger("flowproof.mock")

LARGE = 64 * 1024
OFFERS = frozenset({"upgrade", "connection", "http2-settings"})


class Application(Protocol):
    """What answers, beside being an ASGI application."""

    def answer_in_line(self, request: WireRequest) -> WireResponse | Arrival | None:
        """
        Answer a request at once. It never raises, since a parser would take that for an error of the client's.

        Returns:
            The answer; or the arrival of a request that a fault plan hits; or None where it is to come through ASGI,
            and nothing has happened yet.
        """


class TransportProtocol(HttpToolsProtocol):
    """
    One connection.

    It hands its transport to the application, and logs no path: one may hold a secret.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.access_log = False
        self._application: Application = self.config.app  # type: ignore[assignment]  # (uvicorn calls it ASGI's)
        self._lines: list[tuple[str, str]] = []
        self._target = ("", "")
        self._pieces: list[bytes] | None = None  # of the body of a request that may go the short way
        self._size = 0
        self._idle_since = 0.0

    def data_received(self, data: bytes) -> None:
        """Take bytes off the socket."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._pieces = None
            logger.warning("what a client sent is no HTTP")
            self.send_400_response("Invalid HTTP request received.")

    def _decline(self, rest: bytes) -> None:
        """
        Go on in HTTP/1.1 with a client that offers another protocol, as the JDK's does with its first request.

        The parser takes such a request for one without a body; so it is parsed once more, without the offer.
        """
        method = self.parser.get_method().decode("ascii")
        if method == "CONNECT":
            self.send_400_response("This is no proxy.")
            return
        lines = [f"{name}: {value}" for name, value in self._lines if name not in OFFERS]
        if any(name == "connection" and "close" in value.lower() for name, value in self._lines):
            lines.append("connection: close")
        request = f"{method} {self.url.decode('latin-1')} HTTP/1.1"
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received("\r\n".join([request, *lines, "", ""]).encode("latin-1") + rest)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.url = b""
        self.expect_100_continue = False
        self._lines = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        lower = _lower(name)
        if lower == "expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self._lines.append((lower, value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Choose the way. What is no URL raises, which uvicorn answers with 400."""
        target = httptools.parse_url(self.url)
        self._target = (target.path.decode("latin-1"), (target.query or b"").decode("latin-1"))
        if self.parser.should_upgrade():
            return
        self._pieces, self._size = [], 0
        if self._is_busy() or self.expect_100_continue or self.flow.write_paused:
            self._go_the_long_way()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if self._pieces is None:
            super().on_body(body)
            return
        self._pieces.append(body)
        self._size += len(body)
        if self._size > LARGE:
            self._go_the_long_way()

    def on_message_complete(self) -> None:
        """Answer a request that has come whole."""
        if self.parser.should_upgrade():
            return
        if self._pieces is None:
            super().on_message_complete()
            return
        answer = self._application.answer_in_line(self._request(b"".join(self._pieces)))
        if isinstance(answer, WireResponse):
            self._pieces = None
            self._respond(answer)
        else:
            self._go_the_long_way(answer)
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, and note since when the connection is idle."""
        self._idle_since = self.loop.time()
        if self.pipeline or self.timeout_keep_alive_task is None or self.flow.read_paused:
            super().on_response_complete()
        else:
            self.server_state.total_requests += 1

    def timeout_keep_alive_handler(self) -> None:
        """
        Close a connection that has been idle for long.

        The alarm is set once and looks again when it rings: to set it anew for each request costs more.
        """
        self.timeout_keep_alive_task = None
        if self._pieces is not None or self._is_busy():
            return
        rest_s = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if rest_s > 0:
            self.timeout_keep_alive_task = self.loop.call_later(rest_s, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def _is_busy(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _request(self, body: bytes) -> WireRequest:
        return WireRequest(
            self.parser.get_method().decode("ascii"),
            *self._target,
            tuple(self._lines),
            body,
            self.scheme or "http",
            self.client[0] if self.client else "",
        )

    def _respond(self, answer: WireResponse) -> None:
        """Send an answer, head and body in one piece."""
        answer = sendable(answer)
        keeps_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        self.transport.write(self._written(answer, keeps_alive=keeps_alive))
        if not keeps_alive:
            self.transport.close()
        self.on_response_complete()

    def _written(self, answer: WireResponse, *, keeps_alive: bool) -> bytes:
        head = _head(answer)
        if head is None:
            logger.error("a header of the answer has characters that no header may have")
            return self._written(
                problem(500, "Flowproof failed", "A header of the answer cannot be sent."), keeps_alive=keeps_alive
            )
        if answer.status not in BODILESS:
            head.append(b"content-length: %d" % len(answer.body))
        if not keeps_alive:
            head.append(b"connection: close")
        body = b"" if self.parser.get_method() == b"HEAD" else answer.body
        return b"%b%b\r\n\r\n%b" % (STATUS_LINE[answer.status], b"\r\n".join(head), body)

    def _go_the_long_way(self, arrival: Arrival | None = None) -> None:
        """Hand what there is of the request to uvicorn; where it has been placed, its body is known already."""
        pieces, self._pieces = self._pieces or [], None
        url, expects = self.url, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend((name.encode("latin-1"), value.encode("latin-1")) for name, value in self._lines)
        extensions: dict[str, Any] = {TRANSPORT: self.transport, ARRIVAL: arrival}
        self.scope["extensions"] = extensions
        super().on_headers_complete()
        if arrival is None:
            for piece in pieces:
                super().on_body(piece)


@lru_cache(maxsize=1024)
def _lower(name: bytes) -> str:
    """A header's name as text in lower case."""
    return name.lower().decode("latin-1")


def _head(answer: WireResponse) -> list[bytes] | None:
    """The lines of an answer's headers; None where one has characters that no header may have (RFC 9110, 5.5)."""
    try:
        lines = [f"{name.lower()}: {value}".encode("latin-1") for name, value in answer.headers]
    except UnicodeEncodeError:
        return None
    return None if any(map(HEADER_VALUE_RE.search, lines)) else lines
