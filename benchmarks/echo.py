"""The bare Flask view against which the mocks are measured: echoes JSON, on the same server, in line."""

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson
import uvicorn
from flask import Flask, Response, request

from flowproof.kernel.request import ProviderRequest, WireRequest
from flowproof.kernel.serving.wire import TransportProtocol

Message = MutableMapping[str, Any]

app = Flask(__name__)


@app.post("/api/order")
def echo() -> Response:
    """The body as it came, read as JSON and written again."""
    return Response(orjson.dumps(orjson.loads(request.get_data())), 201, content_type="application/json")


async def gateway(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The least that calls Flask in line."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    wire = WireRequest(scope["method"], scope["raw_path"].decode("latin-1"), "", headers, body)
    started: dict[str, Any] = {}

    def start_response(status: str, sent: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
        started["status"], started["headers"] = int(status[:3]), sent
        return len

    pieces = app.wsgi_app(ProviderRequest(wire, "", wire.path).environ(), start_response)
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in started["headers"]]
    await send({"type": "http.response.start", "status": started["status"], "headers": raw})
    await send({"type": "http.response.body", "body": b"".join(pieces)})


if __name__ == "__main__":
    uvicorn.run(
        gateway,
        port=int(sys.argv[1]),
        http=TransportProtocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
    )
