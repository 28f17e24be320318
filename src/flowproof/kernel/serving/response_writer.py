"""Sends a response over ASGI, whole or broken by a fault: resets, cuts and slow bytes are real ones on the socket."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any

from flowproof.kernel.faults.effects import Reset, SlowBody, TruncatedBody
from flowproof.kernel.http.response import STATUSES_WITHOUT_BODY, WireResponse

__all__ = ["ARRIVAL", "TRANSPORT", "Message", "Receive", "ResponseWriter", "Send", "malformed", "sendable"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# ASGI extensions that the protocol sets: the connection, and the Arrival of a request that has been placed already.
TRANSPORT, ARRIVAL = "flowproof.transport", "flowproof.arrival"
# SO_LINGER of zero seconds: close() discards what was not sent and resets the connection.
NO_LINGER = struct.pack("ii", 1, 0)


class ResponseWriter:
    """
    Writes the response to one request.

    Args:
        scope: The ASGI scope of the request.
        receive: Of the ASGI application.
        send: Of the ASGI application.
    """

    def __init__(self, scope: Message, receive: Receive, send: Send) -> None:
        self._transport: asyncio.Transport = scope["extensions"][TRANSPORT]
        self._receive = receive
        self._send = send
        self._is_head = scope["method"] == "HEAD"

    async def write(self, response: WireResponse, *, close: bool = False) -> None:
        """Send a response as it is; with ``close``, end the connection after it."""
        response = sendable(response)
        await self._start(response, close=close)
        await self._send({"type": "http.response.body", "body": b"" if self._is_head else response.body})

    async def write_slowly(
        self, response: WireResponse, effect: SlowBody, wait: Callable[[float], Awaitable[None]]
    ) -> None:
        """Send the body in pieces, each after a pause: ``wait`` takes its length in seconds."""
        response = sendable(response)
        await self._start(response)
        size = max(1, -(-len(response.body) // effect.pieces))
        for start in range(0, len(response.body), size):
            await wait(effect.seconds / effect.pieces)
            piece = response.body[start : start + size]
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def write_truncated(self, response: WireResponse, effect: TruncatedBody) -> None:
        """Announce the length of the whole body, send a part, and close."""
        response = sendable(response)
        await self._start(response)
        part = response.body[: min(int(len(response.body) * effect.part), len(response.body) - 1)]
        await self._send({"type": "http.response.body", "body": part, "more_body": True})
        self._transport.close()
        await self._wait_for_disconnect()

    async def reset(self, effect: Reset) -> None:
        """Break the connection without a response."""
        if effect.how == "rst":
            connection: socket.socket = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            self._transport.abort()
        else:
            self._transport.close()
        await self._wait_for_disconnect()

    async def _start(self, response: WireResponse, *, close: bool = False) -> None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        if response.status not in STATUSES_WITHOUT_BODY:
            headers.append((b"content-length", b"%d" % len(response.body)))
        if close:
            headers.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": response.status, "headers": headers})

    async def _wait_for_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


def sendable(response: WireResponse) -> WireResponse:
    """The response without its body where HTTP allows none."""
    return replace(response, body=b"") if response.status in STATUSES_WITHOUT_BODY else response


def malformed(body: bytes) -> bytes:
    """A body of the same length whose JSON text breaks off after two thirds."""
    size = len(body) * 2 // 3
    return body[:size] + b" " * (len(body) - size)
