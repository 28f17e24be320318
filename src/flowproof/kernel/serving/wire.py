"""The socket's end of a fault: resets, truncated bodies and slow bytes that a client meets as in a real outage."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any

from flowproof.kernel.faults.effects import Reset, SlowBody, TruncatedBody
from flowproof.kernel.http.response import BODILESS, WireResponse

__all__ = ["ARRIVAL", "TRANSPORT", "Wire", "malformed", "sendable"]

Message = MutableMapping[str, Any]
# What the protocol puts beside an ASGI request: its connection, and where it has been placed already.
TRANSPORT, ARRIVAL = "flowproof.transport", "flowproof.arrival"
# Linger for no time at all: close() then throws away what was not sent and resets the connection.
NO_LINGER = struct.pack("ii", 1, 0)


class Wire:
    """
    The way back to one client.

    Args:
        scope: The ASGI scope of the request.
        receive: Of the ASGI application.
        send: Of the ASGI application.
    """

    def __init__(
        self, scope: Message, receive: Callable[[], Awaitable[Any]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        self._transport: asyncio.Transport = scope["extensions"][TRANSPORT]
        self._receive = receive
        self._send = send
        self._head = scope["method"] == "HEAD"

    async def deliver(self, answer: WireResponse, *, close: bool = False) -> None:
        """Send an answer as it is; with ``close``, let the connection end after it."""
        answer = sendable(answer)
        await self._start(answer, close=close)
        await self._send({"type": "http.response.body", "body": b"" if self._head else answer.body})

    async def deliver_slowly(self, answer: WireResponse, effect: SlowBody) -> None:
        """Let the body trickle."""
        answer = sendable(answer)
        await self._start(answer)
        size = max(1, -(-len(answer.body) // effect.pieces))
        for start in range(0, len(answer.body), size):
            await asyncio.sleep(effect.seconds / effect.pieces)
            piece = answer.body[start : start + size]
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def truncate(self, answer: WireResponse, effect: TruncatedBody) -> None:
        """Promise the whole body, send a part, and close."""
        answer = sendable(answer)
        await self._start(answer)
        part = answer.body[: min(int(len(answer.body) * effect.part), len(answer.body) - 1)]
        await self._send({"type": "http.response.body", "body": part, "more_body": True})
        self._transport.close()
        await self._gone()

    async def reset(self, effect: Reset) -> None:
        """Break the connection without a word."""
        if effect.how == "rst":
            connection: socket.socket = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            self._transport.abort()
        else:
            self._transport.close()
        await self._gone()

    async def _start(self, answer: WireResponse, *, close: bool = False) -> None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        if answer.status not in BODILESS:
            headers.append((b"content-length", b"%d" % len(answer.body)))
        if close:
            headers.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})

    async def _gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


def sendable(answer: WireResponse) -> WireResponse:
    """HTTP has no body for some statuses."""
    return replace(answer, body=b"") if answer.status in BODILESS else answer


def malformed(body: bytes) -> bytes:
    """A body of the same length whose JSON text breaks off after two thirds."""
    kept = len(body) * 2 // 3
    return body[:kept] + b" " * (len(body) - kept)
