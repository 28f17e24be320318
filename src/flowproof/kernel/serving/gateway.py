"""
The ASGI application in front of the mocks: reads a request, waits where a fault says so, and calls Flask in line.

Everything runs on the one thread of the event loop. A fault waits with ``await``, so that it holds up nobody else.
Only ``answer_at_once`` may be called from elsewhere; so the mocks are used by whoever has the turn, one at a time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import Any, Protocol, TypeVar, assert_never

from flowproof.errors import StoreError
from flowproof.kernel.faults.effects import MalformedJson, OnSocket, Reset, SlowBody, TruncatedBody, delay
from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.mock import Arrival, Mock

from .courier import Courier
from .wire import ARRIVAL, Wire, malformed

__all__ = ["CONTROL_PREFIX", "Gateway"]

CONTROL_PREFIX = "/_flowproof"
MOST_DRAINED = 32 * 1024 * 1024

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


Asked = TypeVar("Asked")
Placed = TypeVar("Placed")

logger = logging.getLogger("flowproof.mock")


class HitByFault(Exception):
    """A fault plan hits a request that came without a socket."""


class ClientGone(Exception):
    """The client left before it had sent its whole request, of which nothing may then be processed."""


def _safely(step: Callable[[Asked], Placed], asked: Asked) -> Placed | WireResponse:
    """What a step gives; our own error where it fails, which is no answer of a provider's."""
    try:
        return step(asked)
    except StoreError as error:
        logger.error("%s", error)
        return problem(503, "State not available", f"The server's state: {error}.")
    except Exception:
        logger.exception("the server failed")
        return problem(500, "Flowproof failed", "This is a bug of Flowproof; the server's log says where.")


class Control(Protocol):
    """What answers the control API."""

    def answer(self, wire: WireRequest) -> WireResponse:
        """Handle one request."""


class Gateway:
    """
    The way from the socket to the mocks and back.

    Args:
        mock: The mocks.
        control: The control API.
        largest_body: What a request may have at most, in bytes.
    """

    def __init__(self, mock: Mock, control: Control, *, largest_body: int) -> None:
        self.mock = mock
        self._turn = Lock()
        self.courier = Courier(mock, self._turn)
        self._control = control
        self._largest_body = largest_body

    def answer_at_once(self, request: WireRequest) -> WireResponse | None:
        """
        Answer a request that came without a socket, from any thread, while the server runs.

        Returns:
            The answer as on a socket. None where it takes one, since a fault plan hits the request
            or its body is too large; then nothing has happened yet.
        """
        if len(request.body) > self._largest_body or not self.courier.runs:
            return None
        answer = self._handled(request, self._handled_without_fault)
        self.courier.wake_touched_from_outside()
        return answer

    def _handled_without_fault(self, request: WireRequest) -> WireResponse | None:
        """Handle it, or undo that and give None. On a socket the same plan hits it again, since chance is seeded."""
        try:
            with self.mock.store.transaction():
                handled = self.mock.handle(request)
                if isinstance(handled, Arrival):
                    raise HitByFault
                return handled
        except HitByFault:
            return None

    def answer_in_line(self, request: WireRequest) -> WireResponse | Arrival | None:
        """
        Answer a request that has come whole, on the thread of the event loop.

        Returns:
            The answer; or the arrival of a request that a fault plan hits; or None where its body is too large. Both
            are to come through ASGI.
        """
        if len(request.body) > self._largest_body:
            return None
        if self.mock.store.keep_turn():
            asyncio.get_running_loop().call_soon(self._pass_turn)
        handled = self._handled(request, self.mock.handle)
        self.courier.wake_touched()
        return handled

    def _pass_turn(self) -> None:
        """After everything that the loop found ready: processes that share a state file do not meet at each request."""
        with self._turn:
            self.mock.store.pass_turn()

    def _handled(self, request: WireRequest, by_mock: Callable[[WireRequest], Placed]) -> Placed | WireResponse:
        """What the control API answers, or else what comes of it with the mocks."""
        with self._turn:
            if self._is_for_control(request):
                return _safely(self._control.answer, request)
            return _safely(by_mock, request)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one request, and have done what has become due by it."""
        try:
            await self._handle(scope, receive, send)
        finally:
            self.courier.wake_touched()

    async def _handle(self, scope: Message, receive: Receive, send: Send) -> None:
        wire = Wire(scope, receive, send)
        arrival: Arrival | None = scope["extensions"][ARRIVAL] or await self._answered_without_fault(
            scope, receive, wire
        )
        if arrival is None:
            return
        try:
            await self._answer_with_faults(arrival, wire)
        except asyncio.CancelledError:  # the server stops while a fault waits
            with suppress(asyncio.CancelledError):
                await wire.reset(Reset())

    async def _answered_without_fault(self, scope: Message, receive: Receive, wire: Wire) -> Arrival | None:
        """Read a request and answer it, unless a fault plan hits it."""
        try:
            request = await self._read(scope, receive)
        except ClientGone:
            return None
        handled = self._handled(request, self.mock.handle)
        if isinstance(handled, Arrival):
            return handled
        await wire.deliver(handled, close=request.too_large)
        return None

    def _answered(self, arrival: Arrival) -> WireResponse:
        with self._turn:
            return _safely(self.mock.answer, arrival)

    def _is_for_control(self, request: WireRequest) -> bool:
        if request.path == "/":
            return not self.mock.has_host(request)
        return request.path == CONTROL_PREFIX or request.path.startswith(f"{CONTROL_PREFIX}/")

    async def _answer_with_faults(self, arrival: Arrival, wire: Wire) -> None:
        wait_s, reset = delay((plan.effect, rng) for plan, rng in arrival.faults)
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        if reset is not None:
            with self._turn:
                self.mock.cut_off(arrival)
            await wire.reset(reset)
            return
        await self._deliver_with_faults(arrival, self._answered(arrival), wire)

    async def _deliver_with_faults(self, arrival: Arrival, answer: WireResponse, wire: Wire) -> None:
        """The first effect on the delivery decides; a malformed text can be slow or truncated too."""
        effects = [plan.effect for plan, _ in arrival.faults if isinstance(plan.effect, OnSocket)]
        if any(isinstance(effect, MalformedJson) for effect in effects):
            answer = replace(answer, body=malformed(answer.body))
        for effect in effects:
            match effect:
                case Reset():
                    return await wire.reset(effect)
                case TruncatedBody():
                    return await wire.truncate(answer, effect)
                case SlowBody():
                    return await wire.deliver_slowly(answer, effect)
                case MalformedJson():
                    continue
                case _:
                    assert_never(effect)
        return await wire.deliver(answer, close=arrival.request.wire.too_large)

    async def _read(self, scope: Message, receive: Receive) -> WireRequest:
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        body, too_large = await self._read_body(receive)
        return WireRequest(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
            scheme=scope["scheme"],
            peer=(scope["client"] or ("",))[0],
            too_large=too_large,
        )

    async def _read_body(self, receive: Receive) -> tuple[bytes, bool]:
        """
        The body, or that it is too large.

        What is too large is read on and thrown away, to a limit, since a client that is still sending would meet the
        answer as a broken connection.
        """
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if not message.get("more_body", False):
            body = message.get("body", b"")
            return (b"", True) if len(body) > self._largest_body else (body, False)
        pieces, size = [message["body"]], len(message["body"])
        while message.get("more_body", False) and size < MOST_DRAINED:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            size += len(message.get("body", b""))
            if size <= self._largest_body:
                pieces.append(message.get("body", b""))
            else:
                pieces.clear()
        return (b"", True) if size > self._largest_body else (b"".join(pieces), False)
