"""
Runs the gateway on a socket, in this thread or in one of its own.

uvicorn with Flask called in line: one thread takes requests off a native event loop, which is the fast shape, waiting
faults cost nobody else anything, and its transport can be aborted, which real connection faults need.
"""

import asyncio
import socket
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Self

import uvicorn

from flowproof.errors import ConfigurationError

from .courier import Courier
from .gateway import Gateway
from .protocol import TransportProtocol

__all__ = ["Server", "listen"]

READY_TIMEOUT_S = 30
GRACE_S = 2.0
LOOK_S = 0.005


class Server:
    """
    A gateway on a socket. The socket is bound at once, so that ``url`` is true before the first answer.

    Args:
        gateway: What answers.
        host: Name or address to listen on.
        port: 0 for any that is free.
        listening: A socket that listens already, such as one that several processes share; host and port are its own.
        grace_s: How long requests, and then webhooks, that are under way when it stops may take to finish.

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
    ) -> None:
        self._socket = listening or listen(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        config = uvicorn.Config(
            gateway,
            http=TransportProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
        )
        gateway.courier.home_port = self.port
        self._uvicorn = _Uvicorn(config, gateway.courier, grace_s)
        self._thread: threading.Thread | None = None

    def run(self, *, on_ready: threading.Event | None = None) -> None:
        """Serve in this thread until a signal or :meth:`stop`."""
        if on_ready is not None:
            self._uvicorn.ready = on_ready
        self._uvicorn.run(sockets=[self._socket])

    def start(self) -> Self:
        """Serve in a thread of its own; returns when the server answers."""
        self._thread = threading.Thread(target=self.run, name=f"flowproof-{self.port}", daemon=True)
        self._thread.start()
        if not self.wait_until_ready(READY_TIMEOUT_S):
            raise ConfigurationError(f"The server on {self.url} did not start.", "Look at the log above.")
        return self

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Wait until the server answers; False when it does not in that time."""
        return self._uvicorn.ready.wait(timeout_s)

    def stop(self) -> None:
        """Stop taking requests, let those under way finish, and let go of the port."""
        self._uvicorn.ask_to_end()
        if self._thread is not None:
            self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Uvicorn(uvicorn.Server):
    """
    uvicorn's server, which says when it is ready, and starts and stops the courier with itself.

    It ends when it is asked to: uvicorn's own looks ten times a second whether it was, and waits as long once more.
    """

    def __init__(self, config: uvicorn.Config, courier: Courier, grace_s: float) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._courier = courier
        self._grace_s = grace_s
        self._asked_to_end = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ask_to_end(self) -> None:
        """Let it end; from any thread, and from the handler of a signal."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._asked_to_end.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal asks it to end."""
        super().handle_exit(sig, frame)
        self.ask_to_end()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._courier.start()
        self.ready.set()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        if not await self.on_tick(0):
            await self._asked_to_end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for each in (*self.servers, *(sockets or ())):
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        now = asyncio.get_running_loop().time
        deadline = now() + self._grace_s
        while self._is_busy() and not self.force_exit and now() < deadline:  # noqa: ASYNC110 (uvicorn's sets tell nobody)
            await asyncio.sleep(LOOK_S)
        for task in self.server_state.tasks:
            task.cancel()
        await self._courier.stop(within_s=self._grace_s)

    def _is_busy(self) -> bool:
        return bool(self.server_state.connections or self.server_state.tasks)


def listen(host: str, port: int) -> socket.socket:
    """
    A socket that listens.

    Raises:
        ConfigurationError: The address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"{host}:{port} cannot be listened on: {error.strerror}.",
            "Choose another --port, or 0 for any that is free.",
        ) from error
