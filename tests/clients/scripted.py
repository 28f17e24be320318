"""A provider on loopback that says what it is told to say. No code of ours but this; knows no client."""

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
    One scripted answer.

    Args:
        status: No status closes the connection without a word.
        body: Bytes, or a JSON value.
        headers: Beside Content-Length.
        cut: So many bytes are promised and withheld.
        reset: Breaks the connection.
        stall_s: Says nothing for so long.
    """

    status: int | None = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0
    reset: bool = False
    stall_s: float = 0.0

    def content(self) -> bytes:
        """The body's bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Seen:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def form(self) -> dict[str, str]:
        """The values of its form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode(), strict_parsing=True).items()}


class Handler(BaseHTTPRequestHandler):
    """Records the request and plays the reply."""

    disable_nagle_algorithm = True  # (else a body may wait for the acknowledgement of its head)
    server: "Provider"

    def answer(self) -> None:
        """Serve any method."""
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
        """Send one reply."""
        content = reply.content()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(content) + reply.cut))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Provider(ThreadingHTTPServer):
    """Answers from a script; the last reply holds for all further requests."""

    request_queue_size = 64  # (of more than this at once some would wait for a second before they try again)

    def __init__(self, handler: type[Handler] = Handler) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.begin()

    def begin(self) -> None:
        """Begin without a script, and without a memory of what was asked."""
        self.script: list[Reply] = []
        self.seen: list[Seen] = []
        self.woken = threading.Event()

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def replies(self, *script: Reply | Mapping[str, object]) -> None:
        """Say these in turn; an object is a body with 200."""
        self.script = [each if isinstance(each, Reply) else Reply(body=each) for each in script]

    def reply(self, seen: Seen) -> Reply:
        """Remember a request; the reply whose turn it is."""
        self.seen.append(seen)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def shutdown_request(self, request: Any) -> None:
        """Close without a courteous FIN first, so that a reset is one."""
        self.close_request(request)


Served = TypeVar("Served", bound=Provider)


@contextmanager
def serving(provider: Served) -> Iterator[Served]:
    """The provider, serving until the block's end."""
    thread = threading.Thread(target=provider.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    with provider:
        yield provider
        provider.woken.set()
        provider.shutdown()
    thread.join()
