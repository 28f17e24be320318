"""
HTTP on one connection: uvicorn's protocol, with a fast path for the usual request.

A request whose body is small is served where its last byte was read: no task, no queue, one write. The slow path is
uvicorn's, over ASGI: large bodies, a pipelined request behind one that waits, a client that does not read, and faults,
which wait and break connections. ARCHITECTURE.md lists what is overridden and used of uvicorn's internals.
"""

import asyncio
import logging
import re
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Protocol

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import STATUSES_WITHOUT_BODY, WireResponse
from flowproof.kernel.mock import Arrival

from .response_writer import ARRIVAL, TRANSPORT, sendable

__all__ = ["Application", "TransportProtocol"]

logger = logging.getLogger("flowproof.mock")

LARGE = 64 * 1024  # bytes of a body
UPGRADE_HEADERS = frozenset({"upgrade", "connection", "http2-settings"})
NOT_IN_A_HEADER = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, 5.5


class Application(Protocol):
    """An ASGI application with a fast path beside it."""

    def serve_inline(self, request: WireRequest) -> WireResponse | Arrival | None:
        """
        Serve a request at once. It never raises, since the parser would take that for an error of the client's.

        Returns:
            The response; or the arrival of a request that a fault plan hits; or None where it is to be served over
            ASGI, and nothing has happened yet.
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
        self._headers: list[tuple[str, str]] = []
        self._target = ("", "")  # path and query
        self._body: list[bytes] | None = None  # pieces, while the request is on the fast path
        self._body_size = 0
        self._idle_since_s = 0.0
        self._idle_timer: asyncio.TimerHandle | None = None  # on the fast path; uvicorn has its own after the slow one

    def data_received(self, data: bytes) -> None:
        """Take bytes off the socket."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            from .foreign_protocols import foreign_protocol  # noqa: PLC0415 (hardly ever needed)

            self._body = None
            foreign = foreign_protocol(data)
            logger.warning("what a client sent is no HTTP/1.1%s", f". {foreign}" if foreign else "")
            self.send_400_response(foreign or "Invalid HTTP request received.")

    def _decline_upgrade(self, rest: bytes) -> None:
        """
        Go on in HTTP/1.1 with a client that offers another protocol, as the JDK's does with its first request.

        The parser reads no body after such a head; so the request is parsed again without the offer.
        """
        method = self.parser.get_method().decode("ascii")
        if method == "CONNECT":
            self.send_400_response("This is no proxy.")
            return
        lines = [f"{name}: {value}" for name, value in self._headers if name not in UPGRADE_HEADERS]
        if any(name == "connection" and "close" in value.lower() for name, value in self._headers):
            lines.append("connection: close")
        request = f"{method} {self.url.decode('latin-1')} HTTP/1.1"
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received("\r\n".join([request, *lines, "", ""]).encode("latin-1") + rest)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.url = b""
        self.expect_100_continue = False
        self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        lower = _lower(name)
        if lower == "expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self._headers.append((lower, value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Choose the path. What is no URL raises, which is answered with 400."""
        target = httptools.parse_url(self.url)
        self._target = (target.path.decode("latin-1"), (target.query or b"").decode("latin-1"))
        if self.parser.should_upgrade():
            return
        self._body, self._body_size = [], 0
        if self._is_on_slow_path() or self.expect_100_continue or self.flow.write_paused:
            self._take_slow_path()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        if self._body is None:
            super().on_body(body)
            return
        self._body.append(body)
        self._body_size += len(body)
        if self._body_size > LARGE:
            self._take_slow_path()

    def on_message_complete(self) -> None:
        """Serve a request that has come whole."""
        if self.parser.should_upgrade():
            return
        if self._body is None:
            super().on_message_complete()
            return
        served = self._application.serve_inline(self._request(b"".join(self._body)))
        if isinstance(served, WireResponse):
            self._body = None
            self._write(served)
        else:
            self._take_slow_path(served)
            super().on_message_complete()

    def _request(self, body: bytes) -> WireRequest:
        return WireRequest(
            self.parser.get_method().decode("ascii"),
            *self._target,
            tuple(self._headers),
            body,
            self.scheme or "http",
            self.client[0] if self.client else "",
        )

    def _write(self, response: WireResponse) -> None:
        """Send a response, head and body in one piece."""
        response = sendable(response)
        lines = _header_lines(response)
        if lines is None:
            logger.error("a header of the answer has characters that no header may have")
            response = problem(500, "Flowproof failed", "A header of the answer cannot be sent.")
            lines = _header_lines(response) or []
        if response.status not in STATUSES_WITHOUT_BODY:
            lines.append(b"content-length: %d" % len(response.body))
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        if not keep_alive:
            lines.append(b"connection: close")
        body = b"" if self.parser.get_method() == b"HEAD" else response.body
        self.transport.write(b"%b%b\r\n\r\n%b" % (_status_line(response.status), b"\r\n".join(lines), body))
        if not keep_alive:
            self.transport.close()
            return
        self._idle_since_s = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)

    def _close_if_idle(self) -> None:
        """
        Close a connection on which nothing has come since the last response.

        The timer is set again when it has fired and not with each request, which would take 5 % of a request's time.
        """
        self._idle_timer = None
        if self._body is not None or self._is_on_slow_path() or self.timeout_keep_alive_task is not None:
            return
        rest_s = self._idle_since_s + self.timeout_keep_alive - self.loop.time()
        if rest_s > 0:
            self._idle_timer = self.loop.call_later(rest_s, self._close_if_idle)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the connection."""
        super().connection_lost(exc)
        if self._idle_timer is not None:
            self._idle_timer.cancel()

    def _is_on_slow_path(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # (None before the first, which its type does not say)
        return cycle is not None and not cycle.response_complete

    def _take_slow_path(self, arrival: Arrival | None = None) -> None:
        """Hand what there is of the request to uvicorn; where it has been placed, its body is known already."""
        body, self._body = self._body or [], None
        url, expect_100_continue = self.url, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect_100_continue
        self.headers.extend((name.encode("latin-1"), value.encode("latin-1")) for name, value in self._headers)
        extensions: dict[str, Any] = {TRANSPORT: self.transport, ARRIVAL: arrival}
        self.scope["extensions"] = extensions
        super().on_headers_complete()
        if arrival is None:
            for piece in body:
                super().on_body(piece)


@lru_cache(maxsize=1024)
def _lower(name: bytes) -> str:
    """A header's name as text in lower case."""
    return name.lower().decode("latin-1")


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def _header_lines(response: WireResponse) -> list[bytes] | None:
    """The lines of a response's headers; None where one has characters that no header may have."""
    try:
        lines = [f"{name.lower()}: {value}".encode("latin-1") for name, value in response.headers]
    except UnicodeEncodeError:
        return None
    return None if any(map(NOT_IN_A_HEADER.search, lines)) else lines
