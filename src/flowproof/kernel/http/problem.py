"""Flowproof's own errors over HTTP, never a provider's: problem details (RFC 9457)."""

from http import HTTPStatus

import orjson

from flowproof.kernel.http.response import WireResponse

__all__ = ["problem"]


def problem(status: int, title: str, detail: str) -> WireResponse:
    """
    A problem document.

    Args:
        status: Status code.
        title: The kind of problem, the same each time.
        detail: What is wrong this time and how to fix it.
    """
    body = {"type": "about:blank", "title": title, "status": HTTPStatus(status).value, "detail": detail}
    return WireResponse(status, orjson.dumps(body), (("Content-Type", "application/problem+json"),))
