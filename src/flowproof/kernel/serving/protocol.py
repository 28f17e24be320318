"""
HTTP on one connection: uvicorn's protocol, with a fast path for the usual request.

A request whose body is small is served where its last byte was read: no task, no queue, one write. The slow path is
uvicorn's, over ASGI: large bodies, a pipelined request behind one that waits, a client that does not read, and faults,
which wait and break connections. ARCHITECTURE.md lists what is overridden and used of uvicorn's internals.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import httptools

from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import STATUSES_WITHOUT_BODY, WireResponse
from flowproof.kernel.mock import Arrival
from flowproof.loopback import UNIX_SOCKET

from .control_answers import EventSource, Job
from .heads import header_lines, is_without_version, lower, requested, status_line
from .limits import LARGEST_HEAD, LONGEST_TARGET, MOST_HEADERS, Limits
from .response_writer import ARRIVAL, TRANSPORT, sendable
from .timed_connection import LINGER_S, TimedConnection
from .tunnels import Tunnels
from .turns import Turns

__all__ = ["Application", "TransportProtocol"]

logger = logging.getLogger("flowproof.mock")

LARGE = 64 * 1024  # bytes of a body
UPGRADE_HEADERS = frozenset({"upgrade", "connection", "http2-settings"})
CHUNK_OVERHEAD = 8  # bytes on the wire for one of the body, in chunks of one byte
BROKEN = "The bytes that came are no HTTP/1.1 request."
WITHOUT_VERSION = (400, "The request line names no version, as in HTTP/0.9: write GET /path HTTP/1.1.")
NO_PROXY = "This is no proxy: serve with --as-proxy to make it one."
TUNNEL_ALONE = (
    "A tunnel is asked for alone, on a connection that waits for no answer, and nothing is sent before it is there."
)


class Application(Protocol):
    """An ASGI application with a fast path beside it."""

    def serve_inline(self, request: WireRequest) -> WireResponse | Arrival | EventSource | Job | None:
        """
        Serve a request at once. It never raises, since the parser would take that for an error of the client's.

        Returns:
            The response; or the arrival of a request that a fault plan hits, or what the control API answers with
            where it cannot answer at once; or None where it is to be served over ASGI, and nothing has happened yet.
        """

    def refuse(self, request: WireRequest, status: int, reason: str, respond: Callable[[WireResponse], object]) -> None:
        """
        Refuse what cannot be read as a request, in the provider's words where its target names one.

        The answer is passed to ``respond``, now or later on the event loop.
        """


class TransportProtocol(TimedConnection):
    """
    One connection.

    It hands its transport to the application, and logs no path: one may hold a secret.
    """

    def __init__(self, limits: Limits, turns: Turns, tunnels: Tunnels | None, *arguments: Any, **settings: Any) -> None:
        super().__init__(limits, *arguments, **settings)
        self._tunnels = tunnels
        self._make_inner = partial(type(self), limits, turns, None, *arguments, **settings)
        self.access_log = False
        self._application: Application = self.config.app  # type: ignore[assignment]  # (uvicorn calls it ASGI's)
        self._turns = turns
        self._headers: list[tuple[str, str]] = []
        self._target = ("", "")  # path and query
        self._body: list[bytes] | None = None  # pieces, while the request is on the fast path
        self._pieces: list[bytes] = []  # of a body on the slow path, since the last read
        self._body_size = self._head_size = 0
        self._is_in_head = True
        self._counts_head = False  # only where so many bytes have come that a head may be too large
        self._marks = 0  # ends of heads and of messages that were read
        self._wire_size = 0  # bytes that were read since the last mark

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # (as uvicorn's)
        """Take a connection, or refuse it where there are too many."""
        super().connection_made(transport)
        if self.client is None and transport.get_extra_info("socket").family == socket.AF_UNIX:
            self.client = (UNIX_SOCKET, 0)
        if len(self.connections) > self._limits.most_connections:
            self._limits.log(f"there are more than {self._limits.most_connections} connections; new ones get a 503")
            detail = "This server has as many connections as it can have. Close some, or raise its file limit."
            self._send_last(problem(503, "Too many connections", detail))

    def data_received(self, data: bytes) -> None:
        """Take bytes off the socket, now or when it is the connection's turn."""
        if self._is_discarding:
            return
        self._limits.events += 1
        self._unset_keepalive_if_required()
        if self._turns.queue or self._turns.work:
            self.flow.pause_reading()
            self._turns.wait(self, data)
        else:
            self._feed(data)

    def feed(self, data: bytes) -> None:
        """Take bytes that have waited for their turn."""
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        marks, size = self._marks, self._wire_size + len(data)
        self._counts_head = size > LARGEST_HEAD
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if not self._decline_upgrades(memoryview(data)[upgrade.args[0] :]):
                return
        except httptools.HttpParserError:
            self._refuse_unreadable(data)
            return
        if self._pieces:
            self._pass_pieces()
        if self._is_in_head and marks != self._marks:
            self._wire_size = 0
        else:
            self._wait_for_rest(0 if marks != self._marks else size, data)

    def _wait_for_rest(self, size: int, data: bytes) -> None:
        """A request has come in part, of which so many bytes count: the rest has to come in time, within the limits."""
        self._wire_size = size
        most = LARGEST_HEAD if self._is_in_head else LARGEST_HEAD + CHUNK_OVERHEAD * self._body_size
        if size > most:
            self._refusal = (431, f"The head of a request has at most {LARGEST_HEAD} bytes.")
            self._refuse_unreadable(data)
        elif size == len(data) and is_without_version(data):
            self._refusal = WITHOUT_VERSION  # the parser would wait for headers, which HTTP/0.9 has none of
            self._refuse_unreadable(data)
        elif not self._is_begun:
            self._begin_waiting()

    def _decline_upgrades(self, rest: memoryview) -> bool:
        """Go on with the bytes behind a head that offers another protocol; False where that ends the connection."""
        while True:
            if self.parser.get_method() == b"CONNECT":
                self._answer_connect(has_more=bool(rest))
                return False
            try:
                self._decline_upgrade()
                if rest:
                    self.parser.feed_data(rest)
                return True
            except httptools.HttpParserUpgrade as upgrade:
                rest = rest[upgrade.args[0] :]
            except httptools.HttpParserError:
                self._refuse_unreadable(bytes(rest[:LARGEST_HEAD]))
                return False

    def _decline_upgrade(self) -> None:
        """
        Go on in HTTP/1.1 with a client that offers another protocol, as the JDK's does with its first request.

        The parser reads no body after such a head; so the head is parsed again without the offer.
        """
        method = self.parser.get_method().decode("ascii")
        lines = [f"{name}: {value}" for name, value in self._headers if name not in UPGRADE_HEADERS]
        if any(name == "connection" and "close" in value.lower() for name, value in self._headers):
            lines.append("connection: close")
        request = f"{method} {self.url.decode('latin-1')} HTTP/1.1"
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data("\r\n".join([request, *lines, "", ""]).encode("latin-1"))

    def _answer_connect(self, *, has_more: bool) -> None:
        """Open a tunnel, or refuse it. The connection is the tunnel's, or ends."""
        reason = None if self._tunnels is None else self._tunnels.refusal(self.url.decode("latin-1"), tunnel=True)
        if self._tunnels is None:
            self._refusal = (400, NO_PROXY)
        elif reason is not None:
            self._refusal = (403, reason)
        elif has_more or self._is_on_slow_path():
            self._refusal = (400, TUNNEL_ALONE)
        else:
            self._stop_timer()
            self.connections.discard(self)
            self._tunnels.open(self.transport, self._make_inner)
            return
        self._refuse_unreadable(b"")

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.url = b""
        self.expect_100_continue = False
        self._headers = []
        self._head_size = self._body_size = 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target. One that is too long raises, which ends the connection."""
        self.url += url
        if len(self.url) > LONGEST_TARGET:
            self._refusal = (414, f"The target of a request has at most {LONGEST_TARGET} bytes.")
            raise ValueError(self._refusal)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer. One too many raises, which ends the connection."""
        named = lower(name)
        if named == "expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self._headers.append((named, value.decode("latin-1")))
        if self._counts_head:
            self._head_size += len(name) + len(value)
            self._check_head()

    def _check_head(self) -> None:
        if self._head_size > LARGEST_HEAD or len(self._headers) > MOST_HEADERS:
            self._refusal = (431, f"A request has at most {MOST_HEADERS} headers of {LARGEST_HEAD} bytes together.")
            raise ValueError(self._refusal)

    def on_headers_complete(self) -> None:
        """Choose the path. What is no URL raises, which ends the connection."""
        self._marks += 1
        self._is_in_head = False
        self._check_head()
        if not self._headers and self.parser.get_http_version() == "0.9":
            self._refusal = WITHOUT_VERSION
            raise ValueError(self._refusal)
        offers_upgrade = self.parser.should_upgrade()  # the head is then read again without it, or asks for a tunnel
        self._target = ("*", "") if self.url == b"*" or offers_upgrade else self._read_target()
        if offers_upgrade:
            return
        self._body = []
        if self._is_on_slow_path() or self.expect_100_continue or self.flow.write_paused:
            self._take_slow_path()

    def _read_target(self) -> tuple[str, str]:
        """Path and query. The host of a target in absolute form takes the place of the header (RFC 9112, 3.2.2)."""
        target = httptools.parse_url(self.url)
        path, query = target.path or b"/", target.query or b""
        if target.host is not None:
            host = target.host.decode("latin-1")
            host = f"{f'[{host}]' if ':' in host else host}{f':{target.port}' if target.port else ''}"
            self._check_proxied(host)
            self._headers = [("host", host), *(pair for pair in self._headers if pair[0] != "host")]
            self.url = path + (b"?" + query if query else b"")
        return path.decode("latin-1"), query.decode("latin-1")

    def _check_proxied(self, host: str) -> None:
        """A request that a proxy is to forward: to a host of nobody's here it raises, which ends the connection."""
        reason = None if self._tunnels is None else self._tunnels.refusal(host, tunnel=False)
        if reason is not None:
            self._refusal = (403, reason)
            raise ValueError(reason)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._body_size += len(body)
        if self._body is None:
            self._pieces.append(body)
            return
        self._body.append(body)
        if self._body_size > LARGE:
            self._take_slow_path()

    def _pass_pieces(self) -> None:
        """Hand the pieces of a body on together: one by one, each would be copied with all before it."""
        pieces, self._pieces = self._pieces, []
        super().on_body(b"".join(pieces))

    def on_message_complete(self) -> None:
        """Serve a request that has come whole."""
        if self.parser.should_upgrade():
            return
        self._marks += 1
        self._is_in_head, self._is_begun = True, False
        if self._body is None:
            if self._pieces:
                self._pass_pieces()
            super().on_message_complete()
            return
        if self._is_discarding or self.transport.is_closing():  # the client has asked for the end before
            self._body = None
            return
        served = self._application.serve_inline(self._request(b"".join(self._body)))
        if isinstance(served, WireResponse):
            self._body = None
            self._write(served)
        else:
            self._take_slow_path(served)
            super().on_message_complete()

    def _refuse_unreadable(self, data: bytes) -> None:
        """Answer what is no request, in the words of the provider that it was meant for where that can be seen."""
        status, reason = self._refusal or (400, _unreadable(data))
        self._body, self._pieces = None, []
        if self._is_on_slow_path():
            self._is_discarding, self.cycle.keep_alive = True, False
            if self.pipeline or not self.cycle.more_body:
                self._stop_timer()
                return  # the answer to an earlier request is not written yet, and is the last one
            self.cycle.disconnected = True  # the rest of its body will never come
            self.cycle.message_event.set()
        self._is_discarding = True
        self._stop_timer()  # the answer starts it anew
        if status == 403:
            self._limits.log(f"a request for another host was refused: {reason}")
            self._send_last(problem(status, "Host not served", reason))
            return
        self._application.refuse(self._partial_request(data), status, reason, self._send_last)

    def _partial_request(self, data: bytes) -> WireRequest:
        """What can be told of a request that was not read to its end."""
        method, target = (self.parser.get_method(), self.url) if self.url else requested(data)
        path, _, query = target[:LONGEST_TARGET].decode("latin-1").partition("?")
        peer = self.client[0] if self.client else ""
        headers = tuple(self._headers[:MOST_HEADERS])
        return WireRequest(method.decode("latin-1"), path, query, headers, b"", self.scheme or "http", peer)

    def _send_last(self, response: WireResponse) -> None:
        """
        Send a response and end the connection.

        Bytes that come meanwhile are taken and thrown away for a while. Else the operating system would reset the
        connection, and the client might never see the answer.
        """
        if self.transport.is_closing():
            return
        lines = [*(header_lines(response) or []), b"content-length: %d" % len(response.body), b"connection: close"]
        self.transport.write(b"%b%b\r\n\r\n%b" % (status_line(response.status), b"\r\n".join(lines), response.body))
        self._is_discarding = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._restart_timer(LINGER_S)

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
        lines = header_lines(response)
        if lines is None:
            logger.error("a header of the answer has characters that no header may have")
            response = problem(500, "Flowproof failed", "A header of the answer cannot be sent.")
            lines = header_lines(response) or []
        if response.status not in STATUSES_WITHOUT_BODY:
            lines.append(b"content-length: %d" % len(response.body))
        keep_alive = (
            self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive() and not self._limits.is_stopping
        )
        if not keep_alive:
            lines.append(b"connection: close")
        body = b"" if self.parser.get_method() == b"HEAD" else response.body
        self.transport.write(b"%b%b\r\n\r\n%b" % (status_line(response.status), b"\r\n".join(lines), body))
        if not keep_alive:
            self.transport.close()
            return
        self._since_s = self.loop.time()

    def _take_slow_path(self, arrival: Arrival | EventSource | Job | None = None) -> None:
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


def _unreadable(data: bytes) -> str:
    """What came in the place of a request; logged where it is another protocol, which the client's log will not say."""
    from .foreign_protocols import foreign_protocol  # noqa: PLC0415 (hardly ever needed)

    foreign = foreign_protocol(data)
    if foreign:
        logger.warning("what a client sent is no HTTP/1.1. %s", foreign)
    return foreign or BROKEN
