"""The bare Flask view against which the mocks are measured: echoes JSON, on the same server, in line."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import uvicorn
from flask import Flask, Response, request

from flowproof.kernel.http.request import ProviderRequest, WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.serving.limits import Limits, most_open_files
from flowproof.kernel.serving.protocol import TransportProtocol
from flowproof.kernel.serving.turns import Turns

app = Flask(__name__)


@app.post("/api/order")
def echo() -> Response:
    """The body as it came, read as JSON and written again."""
    return Response(orjson.dumps(orjson.loads(request.get_data())), 201, content_type="application/json")


class Gateway:
    """The least that calls Flask in line."""

    def serve_inline(self, request: WireRequest) -> WireResponse:
        """What Flask answers."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
            started.extend((int(status[:3]), tuple(headers)))
            return len

        pieces = app.wsgi_app(ProviderRequest(request, "", request.path).environ(), start_response)
        body = b"".join(pieces)
        headers = tuple((name, value) for name, value in started[1] if name != "Content-Length")
        return WireResponse(started[0], body, headers)

    async def __call__(self, *_: object) -> None:
        """Never called: every request of the measurement comes whole."""
        raise NotImplementedError


if __name__ == "__main__":
    uvicorn.run(
        Gateway(),
        port=int(sys.argv[1]),
        http=partial(TransportProtocol, Limits(60.0, 75, most_open_files()), Turns(()), None),  # type: ignore[arg-type]  # (uvicorn calls it)
        ws="none",
        lifespan="off",
        log_level="error",
        proxy_headers=False,
        access_log=False,
        server_header=False,
        date_header=False,
    )
