"""
Runs the gateway on a socket, in this thread or in one of its own.

uvicorn's protocol on uvloop's event loop, with Flask called on the loop's thread: that is the fast shape, faults that
wait delay no other request, and the transport can be aborted, which real connection faults need. The server around the
protocol is our own: uvicorn's looks for the end ten times a second, and starts no courier.
"""

import asyncio
import signal
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import uvicorn
import uvloop
from uvicorn.server import ServerState

from flowproof.errors import ConfigurationError

from .gateway import Gateway
from .limits import Limits, most_open_files
from .listening import BACKLOG, TLS_SHUTDOWN_S, Listener, listen
from .protocol import TransportProtocol
from .tunnels import Tunnels
from .turns import Turns
from .warning_filter import keep_filters_away

__all__ = ["Server"]

READY_TIMEOUT_S = 30
GRACE_S = 2.0
KEEP_ALIVE_S = 75
REQUEST_S = 60.0
POLL_S = 0.005
QUIET_TURNS = 5  # of the event loop: where nothing is read in so many, nothing has arrived


class Server:
    """
    A gateway on one socket or several, which are bound at once, so that ``url`` is true before the first response.

    Args:
        gateway: What answers.
        host: Name or address to listen on.
        port: 0 for any that is free.
        listeners: Sockets that listen already, in place of host and port.
        tls: What TLS is spoken with on host and port; None for plain HTTP.
        proxy_tls: What TLS is spoken with in the tunnels of clients whose proxy this server is; None where it is none.
        grace_s: How long requests, and then webhooks, that are under way when it stops may take to finish.
        keep_alive_s: How long an idle connection stays open.
        request_s: How long a request may take to come whole.
        most_connections: How many there may be; by default as many as there are file descriptors for.

    Raises:
        ConfigurationError: The address cannot be bound.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        listeners: Sequence[Listener] = (),
        tls: ssl.SSLContext | None = None,
        proxy_tls: ssl.SSLContext | None = None,
        grace_s: float = GRACE_S,
        keep_alive_s: int = KEEP_ALIVE_S,
        request_s: float = REQUEST_S,
        most_connections: int | None = None,
    ) -> None:
        keep_filters_away()
        self._listeners = tuple(listeners) or tuple(Listener(each, tls) for each in listen(host, port))
        first = self._listeners[0]
        self.port = first.port or 0
        self.url = f"{'http' if first.tls is None else 'https'}://{f'[{host}]' if ':' in host else host}:{self.port}"
        gateway.courier.home_ports = frozenset(each.port for each in self._listeners if each.port is not None)
        self._gateway = gateway
        self._courier = gateway.courier
        self._grace_s = grace_s
        self._limits = Limits(request_s, keep_alive_s, most_connections or most_open_files())
        self._turns = Turns(gateway.courier.work)
        self._config = uvicorn.Config(
            gateway,
            http=TransportProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=keep_alive_s,
        )
        self._state = ServerState()
        self._tunnels = None if proxy_tls is None else Tunnels(proxy_tls, gateway.hosts, self._state.tasks)
        self._ready = threading.Event()
        self._stop_requested = asyncio.Event()
        self._is_stopping = self._is_hurried = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Serve in this thread until :meth:`stop`; in the main thread also until SIGINT or SIGTERM."""
        with self._stopped_by_signals(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    def start(self) -> Self:
        """Serve in a thread of its own; returns when the server answers."""
        self._thread = threading.Thread(target=self.run, name=f"flowproof-{self.port}", daemon=True)
        self._thread.start()
        if not self.wait_until_ready(READY_TIMEOUT_S):
            raise ConfigurationError(f"The server on {self.url} did not start.", "Look at the log above.")
        return self

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Wait until the server answers; False when it does not in that time."""
        return self._ready.wait(timeout_s)

    def stop(self) -> None:
        """Stop taking requests, let those under way finish, and release the port."""
        self._request_stop()
        if self._thread is not None:
            self._thread.join()
        for each in self._listeners:
            each.socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._config.load()
        accepting = [await self._accept(self._loop, each) for each in self._listeners]
        self._courier.start()
        self._ready.set()
        if not self._is_stopping:
            await self._stop_requested.wait()
        await self._finish(accepting)

    async def _accept(self, loop: asyncio.AbstractEventLoop, listener: Listener) -> asyncio.Server:
        """Begin to accept connections."""
        create = loop.create_unix_server if listener.is_file else loop.create_server
        shutdown_s = None if listener.tls is None else TLS_SHUTDOWN_S
        return await create(
            self._make_protocol,
            sock=listener.socket,
            backlog=BACKLOG,
            ssl=listener.tls,
            ssl_shutdown_timeout=shutdown_s,
        )

    def _make_protocol(self) -> TransportProtocol:
        return TransportProtocol(self._limits, self._turns, self._tunnels, self._config, self._state, app_state={})

    def _request_stop(self) -> None:
        """From any thread, and from the handler of a signal."""
        self._is_stopping = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._stop_requested.set)

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        """In the main thread SIGINT and SIGTERM stop the server; afterwards they have their former handlers."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {each: signal.signal(each, self._stop_by_signal) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in former.items():
                signal.signal(each, handler)

    def _stop_by_signal(self, *_: Any) -> None:
        """The first signal asks to stop, the second to wait no longer for requests under way."""
        self._is_hurried = self._is_stopping
        self._request_stop()

    async def _finish(self, accepting: Sequence[asyncio.Server]) -> None:
        """Answer what has arrived, each with the last response of its connection, and end the rest."""
        now = asyncio.get_running_loop().time
        deadline = now() + self._grace_s
        self._limits.is_stopping = True
        self._gateway.hurry()
        await self._read_arrived(deadline)  # of connections, too, that wait to be accepted
        for server, listener in zip(accepting, self._listeners, strict=True):
            server.close()
            listener.socket.close()
        for connection in self._connections():
            connection.finish()
            if connection.is_idle:
                connection.shutdown()
        while self._is_busy() and not self._is_hurried and now() < deadline:  # noqa: ASYNC110 (uvicorn's sets notify nobody)
            await asyncio.sleep(POLL_S)
        for connection in self._connections():
            connection.transport.abort()  # a farewell that is still waited for would hold up the end of the loop
        for task in self._state.tasks:
            task.cancel()
        await self._courier.stop(within_s=self._grace_s)

    async def _read_arrived(self, deadline: float) -> None:
        """Let the event loop accept and read what has arrived, and every connection have its turn."""
        loop, events, quiet = asyncio.get_running_loop(), self._limits.events, 0
        while quiet < QUIET_TURNS and loop.time() < deadline:
            await asyncio.sleep(0)
            is_quiet = events == self._limits.events and not self._turns.queue
            events, quiet = self._limits.events, quiet + 1 if is_quiet else 0

    def _connections(self) -> list[TransportProtocol]:
        return [each for each in self._state.connections if isinstance(each, TransportProtocol)]

    def _is_busy(self) -> bool:
        return bool(self._state.connections or self._state.tasks)
