"""
Runs the gateway on a socket, in this thread or in one of its own.

uvicorn's protocol on uvloop's event loop, with Flask called on the loop's thread: that is the fast shape, faults that
wait delay no other request, and the transport can be aborted, which real connection faults need. The server around the
protocol is our own: uvicorn's looks for the end ten times a second, and starts no courier.
"""

import asyncio
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import uvicorn
import uvloop
from uvicorn.server import ServerState

from flowproof.errors import ConfigurationError

from .gateway import Gateway
from .limits import Limits, most_open_files
from .protocol import TransportProtocol
from .turns import Turns
from .warning_filter import keep_filters_away

__all__ = ["Server", "listen"]

READY_TIMEOUT_S = 30
GRACE_S = 2.0
KEEP_ALIVE_S = 75
REQUEST_S = 60.0
BACKLOG = 2048
POLL_S = 0.005
QUIET_TURNS = 5  # of the event loop: where nothing is read in so many, nothing has arrived


class Server:
    """
    A gateway on a socket. The socket is bound at once, so that ``url`` is true before the first response.

    Args:
        gateway: What answers.
        host: Name or address to listen on.
        port: 0 for any that is free.
        listening: A socket that listens already, such as one that several processes share; host and port are its own.
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
        listening: socket.socket | None = None,
        grace_s: float = GRACE_S,
        keep_alive_s: int = KEEP_ALIVE_S,
        request_s: float = REQUEST_S,
        most_connections: int | None = None,
    ) -> None:
        keep_filters_away()
        self._socket = listening or listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        gateway.courier.home_port = self.port
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
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._config.load()
        listener = await self._loop.create_server(
            lambda: TransportProtocol(self._limits, self._turns, self._config, self._state, app_state={}),
            sock=self._socket,
            backlog=BACKLOG,
        )
        self._courier.start()
        self._ready.set()
        if not self._is_stopping:
            await self._stop_requested.wait()
        await self._finish(listener)

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

    async def _finish(self, listener: asyncio.Server) -> None:
        """Answer what has arrived, each with the last response of its connection, and end the rest."""
        now = asyncio.get_running_loop().time
        deadline = now() + self._grace_s
        self._limits.is_stopping = True
        self._gateway.hurry()
        await self._read_arrived(deadline)  # of connections, too, that wait to be accepted
        listener.close()
        self._socket.close()
        for connection in self._connections():
            connection.finish()
            if connection.is_idle:
                connection.shutdown()
        while self._is_busy() and not self._is_hurried and now() < deadline:  # noqa: ASYNC110 (uvicorn's sets notify nobody)
            await asyncio.sleep(POLL_S)
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


def listen(host: str, port: int) -> socket.socket:
    """
    A socket that listens.

    Raises:
        ConfigurationError: The address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"{host}:{port} cannot be listened on: {error.strerror}.",
            "Choose another --port, or 0 for any that is free.",
        ) from error
