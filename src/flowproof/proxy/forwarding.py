"""One request and its response on their way through the proxy."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import h11

from flowproof.exchange import Headers, header

from .failures import CannotForward, described, failed, report
from .observer import Answer, Decision, Outcome, Request
from .peer import ClientBroken, Peer, UpstreamBroken, headers_of
from .upstream import Upstream

__all__ = ["Forwarding"]

CONTINUE_TIMEOUT_S = 5.0  # a client sends its body after a while even if nobody asks it to (RFC 9110, 10.1.1)
CONTINUE, SWITCHING_PROTOCOLS = 100, 101
NOTICE = "Flowproof-Proxy"
STATUSES_WITHOUT_BODY = (204, 304)


@dataclass(slots=True)
class Captured:
    """
    Bytes that pass by, up to a limit.

    Args:
        limit: In bytes.
    """

    limit: int
    data: bytearray = field(default_factory=bytearray)
    is_cut: bool = False

    def add(self, piece: bytes) -> None:
        """Keep what fits."""
        room = self.limit - len(self.data)
        self.data += piece[:room]
        self.is_cut = self.is_cut or len(piece) > room


class Forwarding:
    """
    One exchange.

    Args:
        client: The client's side.
        request: The head of its request.
        decision: What happens to it.
        largest_body: How much of each body is kept, in bytes.
    """

    def __init__(self, client: Peer, request: Request, decision: Decision, largest_body: int) -> None:
        self.decision = decision
        self.has_begun = False
        self._client = client
        self._request = request
        self._sent, self._received = Captured(largest_body), Captured(largest_body)
        self._status, self._headers = 0, Headers()
        self._whole_request: bytes | None = None
        self._response: h11.Response | None = None
        self._end = h11.EndOfMessage()
        self._is_finished = False

    def finish(self, *, network_error: str = "", client_error: str = "", from_upstream: bool = True) -> None:
        """Tell the observer, once."""
        if self._is_finished:
            return
        self._is_finished = True
        outcome = Outcome(
            status=self._status,
            headers=self._headers,
            request_body=bytes(self._sent.data),
            response_body=bytes(self._received.data),
            is_cut=self._sent.is_cut or self._received.is_cut,
            network_error=network_error,
            client_error=client_error,
            from_upstream=from_upstream,
        )
        try:
            self.decision.done(outcome)
        except Exception as error:  # noqa: BLE001 (the code of another distribution may fail in any way)
            report(error, "The record", self._request, "The client got its answer; the journal lacks the exchange.")

    def find_answer(self, *, can_forward: bool) -> Answer | None:
        """
        The observer's answer to the request, which it gets whole; None where the request is to be forwarded.

        Args:
            can_forward: Whether there is an upstream, which gets a request whose observer fails.
        """
        if self.decision.answer is None:
            return None
        body = self._read_request()
        try:
            return self.decision.answer(body)
        except Exception as error:  # noqa: BLE001 (the code of another distribution may fail in any way)
            then = "was passed on" if can_forward else "was answered with 502"
            report(error, "The answer", self._request, f"The request {then}.")
        return None if can_forward else failed("The request could not be answered: the log says why.")

    def give_up(self, why: str) -> bool:
        """
        Answer a request that cannot be sent on.

        Args:
            why: For people.

        Returns:
            Whether the client's connection can go on.
        """
        answer = failed(f"The proxy has sent nothing on: {why}.", (NOTICE, "not sent on"))
        self._status, self._headers = answer.status, answer.headers
        self.finish(network_error=f"the proxy has sent nothing on: {why}", from_upstream=False)
        return self.answer(answer)

    def answer(self, answer: Answer) -> bool:
        """
        Answer in place of the upstream.

        Returns:
            Whether the client's connection can go on.
        """
        self._status, self._headers = answer.status, answer.headers
        if self._status not in STATUSES_WITHOUT_BODY:
            self._headers = _with_length(answer.headers, len(answer.body))
        self._received.add(answer.body)
        return self._respond(answer.body, _phrase(answer.status), from_upstream=False)

    def forward(self, server: Peer, upstream: Upstream) -> bool:
        """
        Forward the request and the response.

        Returns:
            Whether the client's connection can go on.

        Raises:
            UpstreamBroken: No whole response came.
            ClientBroken: The client broke off.
        """
        self._send_request(server, upstream)
        response = self._response or self._response_head(server)
        self._status, self._headers = response.status_code, headers_of(response)
        if self.decision.reset == "after" or self.decision.needs_whole_body:
            return self._respond(b"".join(self._response_body(server)), bytes(response.reason))
        self._stream(server, bytes(response.reason))
        return True

    def _stream(self, server: Peer, reason: bytes) -> None:
        """Pass the response on as it comes. It is recorded before its end goes out: who has it finds it recorded."""
        left = self._announced_length()
        if left == 0:
            self.finish()
        self._send_head(reason, self._headers)
        for piece in self._response_body(server):
            left = None if left is None else left - len(piece)
            if left == 0:
                self.finish()
            self._client.send(h11.Data(data=piece))
        self.finish()
        self._client.send(self._end)

    def _announced_length(self) -> int | None:
        """How many bytes of a body follow the response's head; None where only their end will say it."""
        if self._request.method == "HEAD" or self._status in STATUSES_WITHOUT_BODY:
            return 0
        length = header(self._headers, "content-length")
        is_length = length is not None and length.isdecimal() and header(self._headers, "transfer-encoding") is None
        return int(length) if length is not None and is_length else None

    def _send_request(self, server: Peer, upstream: Upstream) -> None:
        """Send the request; what is left of it is not sent where the upstream answers before it has all."""
        if self.decision.headers is not None or self._whole_request is not None:
            body = self._read_request()
            new = self._new_headers(body)
            self._send_request_head(server, _replaced(self._request.headers, new), upstream)
            server.send(h11.Data(data=body))
            server.send(h11.EndOfMessage())
            return
        self._send_request_head(server, self._request.headers, upstream)
        waits = self._client.http.they_are_waiting_for_100_continue
        if waits and self._has_answered(server, within_s=CONTINUE_TIMEOUT_S):
            return
        for piece in self._request_body():
            server.send(h11.Data(data=piece))
            if self._has_answered(server, within_s=0):
                if self._client.has_ended():  # (a fast upstream has counted the bytes: both connections can go on)
                    server.send(h11.EndOfMessage())
                return
        server.send(h11.EndOfMessage())

    def _new_headers(self, body: bytes) -> Headers:
        """
        The headers that the observer replaces.

        Raises:
            CannotForward: It fails; without them the upstream would blame the client.
        """
        if self.decision.headers is None:
            return ()
        try:
            return self.decision.headers(body)
        except Exception as error:
            report(error, "The signature", self._request, "Nothing was sent on.")
            raise CannotForward(f"it could not be signed anew ({described(error)})") from error

    def _send_request_head(self, server: Peer, headers: Headers, upstream: Upstream) -> None:
        method, target = self._request.method, self.decision.target or self._request.target
        headers = _with_host(headers, upstream.authority)
        event = h11.Request(method=method, target=target, headers=_encoded(headers))
        server.send_head(event, f"{method} {target} HTTP/1.1", headers)

    def _read_request(self) -> bytes:
        """The whole body. A client that waits to be asked for it is asked: the upstream has no part in that."""
        if self._whole_request is None:
            if self._client.http.they_are_waiting_for_100_continue:
                self._inform(h11.InformationalResponse(status_code=CONTINUE, reason=b"Continue", headers=[]))
            self._whole_request = b"".join(self._request_body())
        return self._whole_request

    def _request_body(self) -> Iterator[bytes]:
        while True:
            event = self._client.next_event()
            if isinstance(event, h11.Data):
                self._sent.add(bytes(event.data))
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return
            else:
                raise ClientBroken("closed the connection in the middle of its request")

    def _has_answered(self, server: Peer, *, within_s: float) -> bool:
        """Whether the upstream has answered already; what is no final answer is passed on."""
        if not server.has_data(within_s=within_s):
            return False
        event = server.next_event()
        if isinstance(event, h11.InformationalResponse):
            self._inform(event)
            return False
        self._response = _response(event)
        return True

    def _response_head(self, server: Peer) -> h11.Response:
        while True:
            event = server.next_event()
            if not isinstance(event, h11.InformationalResponse):
                return _response(event)
            self._inform(event)

    def _inform(self, event: h11.InformationalResponse) -> None:
        if event.status_code == SWITCHING_PROTOCOLS:
            raise UpstreamBroken("switched to another protocol, which a proxy of HTTP cannot follow")
        start = f"HTTP/1.1 {event.status_code} {bytes(event.reason).decode('latin-1')}"
        self._client.send_head(event, start, headers_of(event))

    def _response_body(self, server: Peer) -> Iterator[bytes]:
        """The pieces of the body; `_end` is then the end, which may have trailers."""
        while True:
            event = server.next_event()
            if isinstance(event, h11.Data):
                self._received.add(bytes(event.data))
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self._end = event
                return
            else:
                raise UpstreamBroken("closed the connection in the middle of its response")

    def _respond(self, body: bytes, reason: bytes, *, from_upstream: bool = True) -> bool:
        """Respond with a whole body, or with what a fault makes of it."""
        decision = self.decision
        self.finish(from_upstream=from_upstream)
        if decision.reset == "after":
            self._client.reset(by_close=decision.is_reset_by_close)
            return False
        body = self._changed(body)
        headers = _with_length(self._headers, len(body)) if body else self._headers
        self._send_head(reason, headers)
        if decision.cut_body is not None:
            self._client.send_bytes(body[: int(len(body) * decision.cut_body)])
            return False
        self._send_body(body)
        self._client.send(h11.EndOfMessage())
        return True

    def _changed(self, body: bytes) -> bytes:
        if self.decision.change_body is None:
            return body
        try:
            return self.decision.change_body(body)
        except Exception as error:  # noqa: BLE001 (the code of another distribution may fail in any way)
            report(error, "The change", self._request, "The client got the response as it was.")
            return body

    def _send_head(self, reason: bytes, headers: Headers) -> None:
        self.has_begun = True
        event = h11.Response(status_code=self._status, reason=reason, headers=_encoded(headers))
        self._client.send_head(event, f"HTTP/1.1 {self._status} {reason.decode('latin-1')}".rstrip(), headers)

    def _send_body(self, body: bytes) -> None:
        if self._request.method == "HEAD" or not body:
            return
        seconds, pieces = self.decision.trickle or (0.0, 1)
        size = -(-len(body) // pieces)
        for start in range(0, len(body), size):
            if start:
                time.sleep(seconds / pieces)
            self._client.send(h11.Data(data=body[start : start + size]))


def _response(event: Any) -> h11.Response:
    if isinstance(event, h11.Response):
        return event
    raise UpstreamBroken("closed the connection without a response")


def _phrase(status: int) -> bytes:
    with suppress(ValueError):
        return HTTPStatus(status).phrase.encode("ascii")
    return b""


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _with_host(headers: Headers, authority: str) -> Headers:
    """The upstream's name in the place of the proxy's."""
    others = tuple((name, authority if name.lower() == "host" else value) for name, value in headers)
    return others if any(name.lower() == "host" for name, _ in headers) else (("Host", authority), *others)


def _replaced(headers: Headers, new: Headers) -> Headers:
    """Headers with others in the place of those of the same names."""
    names = {name.lower() for name, _ in new}
    return (*(each for each in headers if each[0].lower() not in names), *new)


def _with_length(headers: Headers, length: int) -> Headers:
    kept = tuple(each for each in headers if each[0].lower() not in {"content-length", "transfer-encoding"})
    return (*kept, ("Content-Length", str(length)))
