"""A partner's application that a browser is redirected to: a page on loopback that records the requested paths."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Application", "application"]


class Application(ThreadingHTTPServer):
    """Answers every GET with a page, and records its path and query."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requested: list[str] = []

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/callback"


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True  # (else the page may wait for the acknowledgement of its head)
    server: Application

    def do_GET(self) -> None:
        self.server.requested.append(self.path)
        page = b"<!doctype html><title>Back at the application</title><p>Thank you."
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def application() -> Iterator[Application]:
    """An application for the length of a block."""
    server = Application()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
