"""A scripted provider on loopback. It uses no code of Flowproof and knows no client."""

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs

__all__ = ["Handler", "Provider", "Reply", "Seen", "serving"]


@dataclass(frozen=True)
class Reply:
    """
    A scripted response.

    Args:
        status: None closes the connection without a response.
        body: Bytes, or a JSON value.
        headers: Additional to Content-Length.
        cut: How many bytes of the announced length are not sent.
        reset: Whether the connection is reset.
        stall_s: How long nothing is sent before the connection is closed.
    """

    status: int | None = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0
    reset: bool = False
    stall_s: float = 0.0

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Seen:
    """A request as received."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def form(self) -> dict[str, str]:
        """The fields of the form in the body."""
        return {name: values[0] for name, values in parse_qs(self.body.decode(), strict_parsing=True).items()}


class Handler(BaseHTTPRequestHandler):
    """Records the request and sends the reply."""

    disable_nagle_algorithm = True  # (else a body may wait for the acknowledgement of its head)
    server: "Provider"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        reply = self.server.reply(Seen(self.command, self.path, dict(self.headers.items()), body))
        if reply.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply.stall_s:
            self.server.woken.wait(reply.stall_s)
        if reply.reset or reply.stall_s or reply.status is None:
            self.close_connection = True
        else:
            self.play(reply.status, reply)

    def play(self, status: int, reply: Reply) -> None:
        content = reply.content()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(content) + reply.cut))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, format: str, *args: object) -> None: ...


class Provider(ThreadingHTTPServer):
    """Answers from a script; the last reply is repeated."""

    request_queue_size = 64  # (of more than this at once some would wait for a second before they try again)

    def __init__(self, handler: type[Handler] = Handler) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.begin()

    def begin(self) -> None:
        """Forget script and requests."""
        self.script: list[Reply] = []
        self.seen: list[Seen] = []
        self.woken = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def replies(self, *script: Reply | Mapping[str, object]) -> None:
        """Set the script; an object is a body with status 200."""
        self.script = [each if isinstance(each, Reply) else Reply(body=each) for each in script]

    def reply(self, seen: Seen) -> Reply:
        """Record a request and return the next reply."""
        self.seen.append(seen)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def shutdown_request(self, request: Any) -> None:
        """Close without a FIN first, so that a reset is one."""
        self.close_request(request)


Served = TypeVar("Served", bound=Provider)


@contextmanager
def serving(provider: Served) -> Iterator[Served]:
    """Serve until the end of the block."""
    thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    with provider:
        try:
            yield provider
        finally:  # (a server whose socket is closed before its loop has ended spins for as long as the process lives)
            provider.woken.set()
            provider.shutdown()
            thread.join()
