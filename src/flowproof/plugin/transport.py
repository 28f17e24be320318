"""
How requests reach the mock server that the plugin has started: over loopback, or in this process without a socket.

Without a socket nothing of one is imitated. What a fault plan hits, and what would not go onto the wire just as it
stands in the request, goes over loopback as ever.
"""

import re
from collections.abc import Mapping
from email.message import Message
from http import HTTPStatus
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict
from urllib3.response import HTTPResponse

from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse

__all__ = ["InProcessAdapter"]

METHODS = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})
# What urllib3 sends unchanged: no character that it would encode, no escape that it would put into capitals.
TARGET = re.compile(
    r"/(?!/)(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})*(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})*)?"
)
NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
VALUE = re.compile(r"(?:[!-~](?:[ -~\t]*[!-~])?)?")
ADDED_IF_MISSING = frozenset({"accept-encoding", "user-agent"})
ABOUT_THE_CONNECTION = frozenset({"expect", "trailer", "transfer-encoding", "upgrade"})


class Answering(Protocol):
    """A server in this process: the kernel's gateway."""

    def serve_from_thread(self, request: WireRequest) -> WireResponse | None:
        """The answer, or None where that takes a socket; then nothing has happened yet."""


class InProcessAdapter(HTTPAdapter):
    """
    A transport of `requests` that hands what is for one server to that server, in the caller's own thread.

    Args:
        server: Who answers.
        url: Where it listens.
    """

    def __init__(self, server: Answering, url: str) -> None:
        super().__init__()
        self._server = server
        self._url = url
        self._host = urlsplit(url).netloc

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Have it answered here, or send it as ever."""
        wire = None if proxies else self._wire_request(request)
        answer = self._server.serve_from_thread(wire) if wire is not None else None
        if answer is None:
            return super().send(request, stream, timeout, verify, cert, proxies)
        return self.build_response(request, _response(request, answer))

    def _wire_request(self, request: requests.PreparedRequest) -> WireRequest | None:
        """The request as it would come off the wire; None where that is not known here."""
        target, headers, body = request.path_url, request.headers, request.body
        if not (request.url or "").startswith(f"{self._url}/") or request.method not in METHODS:
            return None
        if TARGET.fullmatch(target) is None or not isinstance(body, bytes | str | None):
            return None
        sent = body.encode() if isinstance(body, str) else body or b""
        named = {name.lower(): value for name, value in headers.items()}
        if not _is_plain(named) or named.get("content-length", "0") != str(len(sent)):
            return None
        path, _, query = target.partition("?")
        host = () if "host" in named else (("host", self._host),)
        return WireRequest(request.method, path, query, (*host, *named.items()), sent)


def _is_plain(headers: Mapping[Any, Any]) -> bool:
    """Whether these headers, and no others but Host, would go onto the wire, and say nothing of the connection."""
    return (
        headers.keys() >= ADDED_IF_MISSING
        and headers.keys().isdisjoint(ABOUT_THE_CONNECTION)
        and headers.get("connection", "keep-alive") == "keep-alive"
        and all(_is_text(name, NAME) and _is_text(value, VALUE) for name, value in headers.items())
    )


def _is_text(value: object, form: re.Pattern[str]) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _response(request: requests.PreparedRequest, answer: WireResponse) -> HTTPResponse:
    """An answer as urllib3 would have read it."""
    has_body = answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    body = answer.body if has_body else b""
    length = (("content-length", str(len(body))),) if has_body else ()
    headers, head = HTTPHeaderDict(), _Head()
    for name, value in (*answer.headers, *length):
        headers.add(name.lower(), value)  # as uvicorn writes them
        head.msg.add_header(name, value)
    return HTTPResponse(
        body=BytesIO(body),
        headers=headers,
        status=answer.status,
        version=11,
        version_string="HTTP/1.1",
        reason=_reason(answer.status),
        preload_content=False,
        decode_content=False,
        original_response=head,  # type: ignore[arg-type]  # (of which only the cookies are read)
        request_method=request.method,
        request_url=request.path_url,
    )


class _Head:
    """What `requests` reads cookies from, in place of the response of `http.client`."""

    def __init__(self) -> None:
        self.msg = Message()

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is left to close."""


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
