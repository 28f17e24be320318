"""A partner's server for webhooks: verifies, remembers, and answers as it is told to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from flowproof.clients.flow1st import OrderNews, WebhookRefused, WebhookVerifier

__all__ = ["Got", "Receiver", "receiving"]

AGES_S = 10**9  # what becomes due while a clock is set forward is signed with its own, earlier moment


@dataclass(frozen=True, slots=True)
class Got:
    """One webhook that came: as it was, what it tells, and how it was answered."""

    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes
    news: OrderNews | None
    status: int


class Receiver(ThreadingHTTPServer):
    """
    Acknowledges what is genuine, and refuses all else with 400.

    Args:
        signing_key: That of the environment.
        access_token: What the webhooks' access token has to be.
    """

    daemon_threads = True

    def __init__(self, signing_key: str, access_token: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.verifier = WebhookVerifier(signing_key, access_token=access_token, window_s=AGES_S)
        self.got: list[Got] = []
        self.answers: Callable[[OrderNews], int] = lambda _: 200

    @property
    def url(self) -> str:
        """Where webhooks go."""
        return f"http://127.0.0.1:{self.server_port}/hooks"

    def news(self) -> list[OrderNews]:
        """What has been acknowledged, in the order in which it came."""
        return [each.news for each in self.got if each.news is not None and 200 <= each.status < 300]

    def handle_error(self, request: object, client_address: object) -> None:
        """A courier that breaks the connection on purpose is no error of this server."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        if len(body) < size:
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        news, status = None, 400
        try:
            news = self.server.verifier.verify(headers, body)
            status = self.server.answers(news)
        except WebhookRefused:
            pass
        self.server.got.append(Got(self.path, headers, body, news, status))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""


@contextmanager
def receiving(signing_key: str, access_token: str | None = None) -> Iterator[Receiver]:
    """A receiver that runs for a block."""
    with Receiver(signing_key, access_token) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
