"""The control API's operations on the session of a browser, where the server asks for a token."""

from typing import cast

from flask import Blueprint, current_app

from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.response import WireResponse

from .access import Access
from .context import control_ctx

__all__ = ["session_routes"]

session_routes = Blueprint("session", __name__)


@session_routes.post("")  # type: ignore[type-var]  # (our own Flask subclass takes the response as it is)
def begin_session() -> WireResponse:
    """Exchange the token for a cookie, which no script can read."""
    cookie = _access().session_cookie(control_ctx.wire, control_ctx.json["token"])
    if cookie is None:
        return problem(401, "Wrong token", "That is not the token that this server was started with.")
    return WireResponse(204, b"", (("Set-Cookie", cookie),))


@session_routes.delete("")  # type: ignore[type-var]  # (the same)
def end_session() -> WireResponse:
    """Take the cookie back."""
    return WireResponse(204, b"", (("Set-Cookie", _access().expired_cookie(control_ctx.wire)),))


def _access() -> Access:
    return cast("Access", current_app.access)  # type: ignore[attr-defined]  # (our own Flask subclass)
