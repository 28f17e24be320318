"""
Runs the gateway on a socket, in this thread or in one of its own.

uvicorn with Flask called in line: one thread takes requests off a native event loop, which is the fast shape, waiting
faults cost nobody else anything, and its transport can be aborted, which real connection faults need.
"""

import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn

from flowproof.errors import ConfigurationError

from .courier import Courier
from .gateway import Gateway
from .protocol import TransportProtocol

__all__ = ["Server", "listen"]

READY_TIMEOUT_S = 30


class Server:
    """
    A gateway on a socket. The socket is bound at once, so that ``url`` is true before the first answer.

    Args:
        gateway: What answers.
        host: Name or address to listen on.
        port: 0 for any that is free.
        listening: A socket that listens already, such as one that several processes share; host and port are its own.

    Raises:
        ConfigurationError: The address cannot be bound.
    """

    def __init__(
        self, gateway: Gateway, *, host: str = "127.0.0.1", port: int = 0, listening: socket.socket | None = None
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
            timeout_graceful_shutdown=2,
        )
        gateway.courier.home_port = self.port
        self._uvicorn = _Uvicorn(config, gateway.courier)
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
        self._uvicorn.should_exit = True
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
    """uvicorn's server, which says when it is ready, and starts and stops the courier with itself."""

    def __init__(self, config: uvicorn.Config, courier: Courier) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._courier = courier

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._courier.start()
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets=sockets)
        await self._courier.stop()


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
