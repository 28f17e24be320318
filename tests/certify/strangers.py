"""
Targets for runs: our mock as a server, and a relay before a server that forwards, hides, counts or breaks requests.

A target behind a `Relay` that hides our headers and our control API looks like a server of others.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers
from flowproof.target import ControlClient, Workspace

__all__ = ["Relay", "mock_of", "relayed", "write_profile"]

HOP_BY_HOP = frozenset({"connection", "content-length", "transfer-encoding", "date", "server"})


@dataclass
class Relay:
    """
    A relay before a server, and the requests that it has seen.

    Args:
        upstream: URL of the server.
        hides: Whether it removes our headers and our control API.
        breaks: Whether it closes the connection of a request without a response, by the request's number from 1 on.
    """

    upstream: str
    hides: bool = True
    breaks: Callable[[int], bool] = lambda _: False
    url: str = ""
    seen: list[tuple[float, str, str]] = field(default_factory=list)
    answered: list[tuple[str, str, int, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, method: str) -> int:
        """How many requests had this method."""
        return sum(each == method for _, each, _ in self.seen)

    def note(self, method: str, path: str) -> int:
        """Record a request; returns its number."""
        with self._lock:
            self.seen.append((time.monotonic(), method, path))
            return len(self.seen)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    relay: Relay

    def log_message(self, format: str, *arguments: Any) -> None: ...
    def do_GET(self) -> None:
        """Forward the request."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        relay = self.relay
        if relay.hides and self.path.startswith("/_flowproof"):
            self._reply(404, (("Content-Type", "text/plain"),), b"nothing here")
            return
        if relay.breaks(relay.note(self.command, self.path)):
            self.close_connection = True
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        answer = requests.request(
            self.command, relay.upstream + self.path, headers=headers, data=body, timeout=30, allow_redirects=False
        )
        relay.answered.append((self.command, self.path, answer.status_code, answer.content))
        kept = [
            (name, value)
            for name, value in answer.headers.items()
            if name.lower() not in HOP_BY_HOP and not (relay.hides and name.lower().startswith("flowproof-"))
        ]
        self._reply(answer.status_code, tuple(kept), answer.content)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def _reply(self, status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def relayed(upstream: str, *, hides: bool = True, breaks: Callable[[int], bool] = lambda _: False) -> Iterator[Relay]:
    """Serve a relay on loopback during the block."""
    relay = Relay(upstream, hides, breaks)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"relay": relay}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    relay.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def mock_of(provider: str) -> Iterator[tuple[str, Workspace]]:
    """Our mock as a server: its URL, and the default workspace."""
    with Server(build_gateway(find_providers([provider]), ServerSettings(entropy=0))) as server:
        control = ControlClient(server.url)
        yield server.url, control.workspace("default")
        control.close()


def write_profile(
    file: Path, provider: str, url: str, keys: Mapping[str, Mapping[str, str]], further: str = ""
) -> dict[str, str]:
    """
    Write a sandbox profile.

    Args:
        file: Of the profile.
        provider: The only one in it.
        url: Its base URL.
        keys: The parts of its credentials, by role.
        further: More lines of the provider's table.

    Returns:
        The environment variables with the credentials.
    """
    named = {
        role: {name: f"KEY_{role}_{name}".upper() for name in parts if isinstance(parts[name], str)}
        for role, parts in keys.items()
    }
    tables = {
        role: ", ".join(f'{name} = "${variable}"' for name, variable in parts.items()) for role, parts in named.items()
    }
    lines = [f"{role} = {{ {parts} }}" for role, parts in tables.items()]
    head = f'name = "Acme\'s sandbox"\n[{provider}]\nurl = "{url}"\n{further}\n'
    file.write_text("\n".join([head, f"[{provider}.credentials]", *lines, ""]), encoding="utf-8")
    return {named[role][name]: keys[role][name] for role in named for name in named[role]}
