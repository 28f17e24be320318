"""
Leads a request to the mocks or the control API, and its response back; applies the faults of a fault plan in between.

A request enters by one of three ways, and each ends in `Mock.handle` or the control API:

    serve_inline       the fast path: a whole request, on the thread of the event loop
    __call__           the slow path, over ASGI: large bodies, queued requests, and those that a fault plan hits
    serve_from_thread  without a socket, from any thread of this process

Requests are processed one at a time, under a lock; a fault waits with ``await`` and without the lock. Where several
servers share the state, each request is processed in a thread of its own instead, with a transaction of its own: it
waits for the database, and others of the process go on meanwhile.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Protocol, TypeVar, assert_never

from flowproof.errors import StoreError
from flowproof.kernel.faults.effects import MalformedJson, OnSocket, Reset, SlowBody, TruncatedBody, delay
from flowproof.kernel.http.cors import Cors
from flowproof.kernel.http.host_names import HostNames
from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.metrics import Metrics
from flowproof.kernel.mock import Arrival, Mock

from .control_answers import EventSource, Job
from .courier import Courier
from .event_sending import send_events
from .response_writer import ARRIVAL, Message, Receive, ResponseWriter, Send, malformed
from .threads import REQUEST_THREADS, DatabaseThreads

__all__ = ["CONTROL_PREFIX", "Gateway"]

CONTROL_PREFIX = "/_flowproof"
HEALTH = f"{CONTROL_PREFIX}/health"  # needs no state, and never waits for a thread
MOST_DRAINED = 32 * 1024 * 1024  # bytes read of a body that is too large

UNKNOWN_HOST = "This server answers under loopback names, the providers' own hosts, and those that it is told to allow"

Argument = TypeVar("Argument")
Result = TypeVar("Result")

logger = logging.getLogger("flowproof.mock")


class NeedsSocket(Exception):
    """A fault plan hits a request that came without a socket."""


class ClientDisconnected(Exception):
    """The client left before it had sent its whole request, which is then not processed."""


class Control(Protocol):
    """What answers the control API."""

    total_metrics: Callable[[], Metrics]

    def answer(self, wire: WireRequest) -> WireResponse | EventSource | Job:
        """Handle one request; where that cannot be done at once, return what does it."""

    def largest_body(self, head: WireRequest) -> int | None:
        """What a request with that head may have in bytes beyond what others may; None where it is as for others."""


class Gateway:
    """
    An ASGI application, which answers without ASGI too.

    Args:
        mock: The mocks.
        control: The control API.
        largest_body: What a request may have at most, in bytes.
        hosts: Under which names the server answers; by default under every one.
        shared: Other machines can reach the server.
        cors: Lets pages of other origins call the providers; None where none may.
    """

    def __init__(
        self,
        mock: Mock,
        control: Control,
        *,
        largest_body: int,
        hosts: HostNames | None = None,
        shared: bool = False,
        cors: Cors | None = None,
    ) -> None:
        self.mock = mock
        self._cors = cors
        self.hosts = hosts or HostNames(any_name=True)
        self._threads = None if mock.store.sharing is None else DatabaseThreads(REQUEST_THREADS)
        self._lock: AbstractContextManager[object] = Lock() if self._threads is None else nullcontext()
        self.courier = Courier(mock, self._lock, reaches_loopback=not shared)
        self._explaining: asyncio.Task[None] | None = None
        self._control = control
        self._largest_body = largest_body
        self._hurried = asyncio.Event()

    def share_metrics(self, total: Callable[[], Metrics]) -> None:
        """Let the control API show what all processes of a server have counted."""
        self._control.total_metrics = total

    def serve_from_thread(self, request: WireRequest) -> WireResponse | None:
        """
        Serve a request that came without a socket, from any thread, while the server runs.

        Returns:
            The response as on a socket. None where it takes one, since a fault plan hits the request, its body is
            too large or it asks for events; then nothing has happened yet.
        """
        if len(request.body) > self._largest_body or not self.courier.runs:
            return None
        response = self._dispatch(request, self._handle_without_faults)
        self.courier.wake_dirty_from_thread()
        return response if isinstance(response, WireResponse) else None

    def with_mock(self, step: Callable[[Mock], Result]) -> Result:
        """Let a thread of this process use the mock between two requests."""
        with self._lock:
            return step(self.mock)

    def _handle_without_faults(self, request: WireRequest) -> WireResponse | None:
        """Handle it; where a fault plan hits it, roll back and return None. Over ASGI the seeded plan hits it again."""
        try:
            with self.mock.store.transaction():
                handled = self.mock.handle(request)
                if isinstance(handled, Arrival):
                    raise NeedsSocket
                return handled
        except NeedsSocket:
            return None

    def serve_inline(self, request: WireRequest) -> WireResponse | Arrival | EventSource | Job | None:
        """
        Serve a request that has come whole, on the thread of the event loop.

        Returns:
            The response; or the arrival of a request that a fault plan hits, or what the control API answers with
            where it cannot answer at once; or None where its body is too large. All but the response are then to be
            served over ASGI.
        """
        if len(request.body) > self._largest_body or (self._threads is not None and request.path != HEALTH):
            return None
        handled = self._dispatch(request, self.mock.handle)
        self.courier.wake_dirty()
        return handled

    def refuse(self, request: WireRequest, status: int, reason: str, respond: Callable[[WireResponse], object]) -> None:
        """
        Refuse what cannot be read as a request.

        Args:
            request: As much of it as could be read.
            status: Such as 400 or 431.
            reason: What is wrong, for people.
            respond: Takes the answer: at once, or on the event loop when a thread has it.
        """
        if self._threads is None or self._is_for_control(request):
            respond(self._refusal(request, status, reason))
            return
        refused = asyncio.get_running_loop().create_task(self._use(self._refusal, request, status, reason))
        refused.add_done_callback(lambda task: None if task.cancelled() else respond(task.result()))

    def _refusal(self, request: WireRequest, status: int, reason: str) -> WireResponse:
        if self._is_for_control(request):
            return problem(status, "Unreadable request", reason)
        with self._lock:
            return self._handle(request, lambda wire: self.mock.refuse(wire, status, reason))

    def _dispatch(
        self, request: WireRequest, handle: Callable[[WireRequest], Result]
    ) -> Result | WireResponse | EventSource | Job:
        """Let the control API or the mock handle a request."""
        with self._lock:
            if self._is_for_control(request):
                return self._guarded(self._control.answer, request)
            return self._handle(request, handle)

    def _handle(self, request: WireRequest, handle: Callable[[WireRequest], Result]) -> Result | WireResponse:
        """Let the mock handle a request, under the lock, if it is to a host of ours."""
        host = next((value for name, value in request.headers if name == "host"), "")
        if not self.hosts.accepts(host):
            return problem(403, "Unknown host", f"{UNKNOWN_HOST}: serve with --allow-host {host}.")
        if self._cors is not None and (answer := self._cors.preflight(request)) is not None:
            return answer
        return self._shared(request, self._guarded(handle, request))

    def _shared(self, request: WireRequest, handled: Result | WireResponse) -> Result | WireResponse:
        """What has been handled; an answer has the headers by which a page of another origin may read it."""
        if self._cors is None or not isinstance(handled, WireResponse):
            return handled
        return self._cors.share(request, handled)

    def _locked(self, step: Callable[[Argument], Result], argument: Argument) -> Result | WireResponse:
        with self._lock:
            return self._guarded(step, argument)

    def _guarded(self, step: Callable[[Argument], Result], argument: Argument) -> Result | WireResponse:
        """The result of a step; where it fails, an error response of ours, which is not a provider's."""
        try:
            return step(argument)
        except StoreError as error:
            logger.error("%s", error)
            self.mock.metrics.count_state_error()
            return problem(503, "State not available", f"The server's state: {error}.")
        except Exception:
            logger.exception("the server failed")
            return problem(500, "Flowproof failed", "This is a bug of Flowproof; the server's log says where.")

    async def _use(self, step: Callable[..., Result], *arguments: object) -> Result:
        """Run a step that uses the mocks: here, or in a thread where it waits for a database."""
        if self._threads is None:
            return step(*arguments)
        return await self._threads.run(step, *arguments)

    def _explain_beside(self) -> None:
        """Have refused requests explained while others are served, where another server may be asked for it."""
        if self._threads is None or not self.mock.journal.has_unexplained:
            return
        if self._explaining is None or self._explaining.done():
            self._explaining = asyncio.get_running_loop().create_task(self._explain(self._threads))

    async def _explain(self, threads: DatabaseThreads) -> None:
        try:
            await threads.run(self.mock.journal.explain_waiting)
        except StoreError as error:
            logger.error("refused requests cannot be explained: %s", error)
        except Exception:
            logger.exception("refused requests cannot be explained")

    def _is_for_control(self, request: WireRequest) -> bool:
        if request.path == "/":
            return not self.mock.has_host(request)
        return request.path == CONTROL_PREFIX or request.path.startswith(f"{CONTROL_PREFIX}/")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request over ASGI."""
        try:
            await self._serve_asgi(scope, receive, ResponseWriter(scope, receive, send))
        finally:
            self.courier.wake_dirty()

    async def _serve_asgi(self, scope: Message, receive: Receive, writer: ResponseWriter) -> None:
        handled: WireResponse | Arrival | EventSource | Job | None = scope["extensions"][ARRIVAL]
        is_too_large = False
        if handled is None:
            try:
                request = await self._read(scope, receive)
            except ClientDisconnected:
                return
            is_too_large = request.too_large
            handled = await self._use(self._dispatch, request, self.mock.handle)
            self._explain_beside()
        match handled:
            case WireResponse():
                await writer.write(handled, close=is_too_large)
            case Arrival():
                await self._serve_arrival(handled, writer)
            case Job():
                await writer.write(await asyncio.to_thread(self._guarded, handled.run, scope["server"]))
            case _:
                await send_events(partial(self._use, self._read_events, handled), writer, self._hurried)

    def _read_events(self, source: EventSource) -> bytes | None:
        with self._lock:
            return source.read()

    async def _serve_arrival(self, arrival: Arrival, writer: ResponseWriter) -> None:
        try:
            await self._serve_with_faults(arrival, writer)
        except asyncio.CancelledError:  # the server stops while a fault waits
            with suppress(asyncio.CancelledError):
                await writer.reset(Reset())

    async def _serve_with_faults(self, arrival: Arrival, writer: ResponseWriter) -> None:
        wait_s, reset = delay((plan.effect, rng) for plan, rng in arrival.faults)
        if wait_s > 0:
            await self._wait(wait_s)
        if reset is not None:
            await self._use(self._locked, self.mock.record_reset, arrival)
            await writer.reset(reset)
            return
        response = await self._use(self._locked, self.mock.resume, arrival)
        if response is None:
            raise ValueError("a request that is resumed has a response")
        await self._write_with_faults(arrival, self._shared(arrival.request.wire, response), writer)

    def hurry(self) -> None:
        """The server stops: a fault that waits ends at once with what it would have done."""
        self._hurried.set()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurried.wait()

    async def _write_with_faults(self, arrival: Arrival, response: WireResponse, writer: ResponseWriter) -> None:
        """The first effect on the sending decides; a malformed body can be slow or truncated too."""
        effects = [plan.effect for plan, _ in arrival.faults if isinstance(plan.effect, OnSocket)]
        if any(isinstance(effect, MalformedJson) for effect in effects):
            response = replace(response, body=malformed(response.body))
        for effect in effects:
            match effect:
                case Reset():
                    return await writer.reset(effect)
                case TruncatedBody():
                    return await writer.write_truncated(response, effect)
                case SlowBody():
                    return await writer.write_slowly(response, effect, self._wait)
                case MalformedJson():
                    continue
                case _:
                    assert_never(effect)
        return await writer.write(response, close=arrival.request.wire.too_large)

    async def _read(self, scope: Message, receive: Receive) -> WireRequest:
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        head = WireRequest(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=b"",
            scheme=scope["scheme"],
            peer=(scope["client"] or ("",))[0],
        )
        larger = self._control.largest_body(head) if self._is_for_control(head) else None
        body, too_large = await self._read_body(receive, max(larger or 0, self._largest_body))
        return head._replace(body=body, too_large=too_large)

    async def _read_body(self, receive: Receive, largest: int) -> tuple[bytes, bool]:
        """
        The body, or that it has more bytes than the largest.

        What is too large is read on and thrown away, to a limit, since a client that is still sending would take the
        response for a broken connection.
        """
        pieces: list[bytes] = []
        size, has_more = 0, True
        while has_more and size < max(MOST_DRAINED, largest + 1):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnected
            piece, has_more = message.get("body", b""), message.get("more_body", False)
            size += len(piece)
            if size <= largest:
                pieces.append(piece)
            else:
                pieces.clear()
        return (b"", True) if size > largest else (b"".join(pieces), False)
