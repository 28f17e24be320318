"""The server on loopback that answers from a recording, strictly or with another server behind it."""

import json
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import requests

from flowproof.recording import RecordedExchange

from .matching import Miss, Replay, Request

__all__ = ["ReplayServer"]

TIMEOUT_S = 30.0
LARGEST_BODY = 16 * 1024 * 1024  # bytes
LONGEST_SIZE = 12  # digits
MISSED = 404
UNREACHABLE = 502
TOO_LARGE = 413
# What belongs to one connection, or to the form in which the bytes were sent.
OF_CONNECTION = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "server",
        "te",  # codespell:ignore te
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
ANSWERED_BY = "Flowproof-Replay"


class ReplayServer:
    """
    A server that answers recorded requests, while it is a context.

    Args:
        replay: The answers.
        fall_through: Base URL of a server that answers what was not recorded, such as that of a mock; None for none.
        host: To listen on.
        port: 0 for any that is free.
    """

    def __init__(
        self, replay: Replay, *, fall_through: str | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._server = _Server((host, port), _Handler)
        self._server.station = _Station(replay, fall_through)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> "ReplayServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self) -> None:
        """Serve until the thread that waits is interrupted."""
        while self._thread.is_alive():
            self._thread.join(1.0)


class _Answer:
    """What a client gets: status, headers and body, and what has answered."""

    def __init__(self, status: int, headers: Iterable[tuple[str, str]], body: bytes, by: str) -> None:
        self.status = status
        self.headers = [(name, value) for name, value in headers if name.lower() not in OF_CONNECTION]
        self.body = body
        self.by = by


class _Station:
    """Finds the answer of a request; requests may arrive at once."""

    def __init__(self, replay: Replay, fall_through: str | None) -> None:
        self._replay = replay
        self._fall_through = fall_through.rstrip("/") if fall_through is not None else None
        self._lock = Lock()

    def answer(self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> _Answer:
        sent = list(headers)
        content_type = next((value for name, value in sent if name.lower() == "content-type"), None)
        request = Request.read(method, target, content_type, body)
        with self._lock:
            found = self._replay.find(request)
        if found is not None:
            return _recorded(found)
        if self._fall_through is not None:
            return self._forwarded(method, target, sent, body)
        return _missed(self._replay.nearest(request), request)

    def _forwarded(self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> _Answer:
        parts = urlsplit(target)
        url = f"{self._fall_through}{parts.path}{'?' if parts.query else ''}{parts.query}"
        sent = {name: value for name, value in headers if name.lower() not in OF_CONNECTION | {"host"}}
        try:
            with requests.Session() as session:
                session.trust_env = False
                response = session.request(
                    method, url, headers=sent, data=body, timeout=TIMEOUT_S, allow_redirects=False
                )
        except requests.RequestException as error:
            problem = {"error": f"What --fall-through names could not be reached: {type(error).__name__}."}
            return _problem(UNREACHABLE, problem, "error")
        return _Answer(response.status_code, response.headers.items(), response.content, "fall-through")


def _recorded(exchange: RecordedExchange) -> _Answer:
    by = f"exchange {exchange.number}" + ("; body not recorded" if exchange.response.body is None else "")
    return _Answer(exchange.status, exchange.response.headers, exchange.response.body or b"", by)


def _missed(miss: Miss, request: Request) -> _Answer:
    """A request that was not recorded, the nearest that was, and where both differ; without values of either."""
    differences = [{"kind": kind, "where": where} for kind, where in miss.differences]
    nearest = {"exchange": miss.number, "method": miss.method, "path": miss.path, "differences": differences}
    text = f"{request.method} {request.path} was not recorded."
    return _problem(MISSED, {"error": text, "nearest": nearest if miss.number else None}, "miss")


def _problem(status: int, value: Any, by: str) -> _Answer:
    return _Answer(status, [("Content-Type", "application/json")], json.dumps(value).encode(), by)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    station: _Station


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        stated = self.headers.get("Content-Length") or "0"
        size = int(stated) if stated.isdecimal() and len(stated) <= LONGEST_SIZE else LARGEST_BODY + 1
        if size > LARGEST_BODY or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            text = f"A body has a Content-Length of at most {LARGEST_BODY} bytes here."
            self._write(_problem(TOO_LARGE, {"error": text}, "error"))
            return
        body = self.rfile.read(size)
        self._write(self.server.station.answer(self.command, self.path, self.headers.items(), body))

    def _write(self, answer: _Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header(ANSWERED_BY, answer.by)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815 (http.server's names)

    def log_message(self, *_arguments: object) -> None:
        """Nothing is logged: a request's path may have secrets."""
