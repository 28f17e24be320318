"""The provider by another hand: its documents, read once more, on the standard library's server. No mock of ours."""

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["TOKEN", "Rental", "serving"]

TOKEN = "another-hand-knows-this-token-only"
PRICES = {"tandem": 25, "city": 9}


@dataclass
class Rental:
    """
    What the server knows, and what may be wrong with it.

    Args:
        teapot: Whether it answers 418 to everything.
        rentals: Those that were not ended, by id.
    """

    teapot: bool = False
    rentals: dict[str, Any] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, method: str, path: str, token: str, body: Any) -> tuple[int, Any]:
        """Status and body of an answer."""
        match method, path.strip("/").split("/"):
            case _ if self.teapot:
                return 418, {"error": "short and stout"}
            case _ if token != f"Bearer {TOKEN}":
                return 401, {"error": "who are you?"}
            case "GET", ["bikes"]:
                bikes = [{"pricePerDay": price, "id": bike, "colour": "red"} for bike, price in PRICES.items()]
                return 200, {"total": len(bikes), "bikes": bikes}
            case "POST", ["rentals"]:
                return self.start(body.get("bikeId"), body.get("days"))
            case "GET", ["rentals", name] if name in self.rentals:
                return 200, self.rentals[name]
            case "DELETE", ["rentals", name] if name in self.rentals:
                del self.rentals[name]
                return 204, None
            case _:
                return 404, {"error": "nothing of that kind"}

    def start(self, bike: Any, days: Any) -> tuple[int, Any]:
        """A new rental."""
        if not isinstance(bike, str) or not isinstance(days, int) or not 1 <= days <= 30:
            return 422, {"error": "which bike, and from a day to thirty?"}
        if bike not in PRICES:
            return 404, {"error": "no bike of that kind"}
        name = f"R-{next(self.numbers)}"
        self.rentals[name] = {"bikeId": bike, "price": PRICES[bike] * days, "days": days, "id": name}
        return 201, self.rentals[name]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rental: Rental

    def do_GET(self) -> None:
        """Answer."""
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = self.headers.get("Authorization") or ""
        status, body = self.rental.answer(self.command, self.path, token, json.loads(sent or b"null"))
        text = b"" if body is None else json.dumps(body, indent=1).encode()
        self.send_response(status)
        if text:
            self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_DELETE = do_GET

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(*, teapot: bool = False) -> Iterator[tuple[str, Rental]]:
    """The server on loopback; gives its URL and what it knows."""
    rental = Rental(teapot)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"rental": rental}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", rental
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
