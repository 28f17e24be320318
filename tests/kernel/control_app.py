"""A control API without its socket, and one request to it."""

from typing import Any

import orjson

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.control.app import ControlApp
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.mock import Arrival
from tests.kernel.notes import provider

__all__ = ["HOST", "JSON", "ask", "credentials", "make_app", "request"]

HOST = (("host", "127.0.0.1:4010"),)
JSON = (("content-type", "application/json"),)


def make_app(**settings: Any) -> ControlApp:
    """A control API without its socket."""
    app = build_gateway([provider], ServerSettings(entropy=1, **settings))._control
    assert isinstance(app, ControlApp)
    return app


def ask(
    app: ControlApp, path: str, headers: Any = (), method: str = "GET", body: bytes = b"", **more: Any
) -> WireResponse:
    """One request, whose answer is no stream."""
    path, _, query = path.partition("?")
    answer = app.answer(WireRequest(method, path, query, (*HOST, *headers), body, **more))
    assert isinstance(answer, WireResponse)
    return answer


def request(app: ControlApp, path: str = "/notes", *, key: str | None = None) -> WireResponse | Arrival:
    """One request to the mock, which is refused without a key."""
    path, _, query = path.partition("?")
    headers = () if key is None else (("x-key", key),)
    return app.mock.handle(WireRequest("GET", f"/w/default/notes{path}", query, headers, b""))


def credentials(app: ControlApp) -> dict[str, str]:
    """Key and secret of the default workspace."""
    providers = orjson.loads(ask(app, "/_flowproof/workspaces/default").body)["providers"]
    found: dict[str, str] = providers["notes"]["credentials"]["default"]
    return found
