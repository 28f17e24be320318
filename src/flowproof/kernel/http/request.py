"""A request as it came off the wire, before and after the server's own part of its path is taken off."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import BytesIO
from re import Match
from re import compile as pattern
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from flowproof.exchange import Headers, header

__all__ = ["ProviderRequest", "WireRequest"]

UNRESERVED = pattern(r"%(?:2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")


class WireRequest(NamedTuple):
    """
    One request off the socket. (A tuple: a frozen dataclass of as many fields takes four times as long to make.)

    Args:
        method: As sent.
        path: Percent-encoded as sent, without the query.
        query: Without the question mark, as sent.
        headers: Names in lower case, and values.
        body: The bytes, empty where ``too_large``.
        scheme: ``http`` or ``https``, on the socket.
        peer: Address of the client, without port; ``unix`` where it came through a socket file.
        too_large: The body has more bytes than the server takes.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes
    scheme: str = "http"
    peer: str = "127.0.0.1"
    too_large: bool = False

    def header(self, name: str) -> str | None:
        """Value of the first header of that name."""
        return header(self.headers, name)

    @property
    def client_scheme(self) -> str:
        """``http`` or ``https`` as the client wrote it, where a proxy that ends TLS says so in X-Forwarded-Proto."""
        forwarded = (self.header("x-forwarded-proto") or "").partition(",")[0].strip().lower()
        return forwarded if forwarded in ("http", "https") else self.scheme


@dataclass(frozen=True)
class ProviderRequest:
    """
    A request as its provider would have got it.

    Args:
        wire: As it came.
        mount: What the server took off the path's front: ``/{provider}``, ``/w/{workspace}/{provider}``, or nothing.
        path: The rest, percent-encoded as sent.
    """

    wire: WireRequest
    mount: str
    path: str

    @property
    def method(self) -> str:
        """As sent."""
        return self.wire.method

    @property
    def body(self) -> bytes:
        """As sent."""
        return self.wire.body

    def header(self, name: str) -> str | None:
        """Value of the first header of that name, whatever its case."""
        return self.headers.get(name.lower())

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case; of several alike, the first."""
        return dict(reversed(self.wire.headers))

    def environ(self) -> dict[str, Any]:
        """
        The WSGI environment of the request below its mount.

        ``PATH_INFO`` stays percent-encoded but for unreserved characters (RFC 3986, 6.2.2.2), so that a slash inside
        a parameter is no separator; the kernel decodes the parameters after routing.
        """
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.wire.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": UNRESERVED.sub(_decoded, self.path) if "%" in self.path else self.path,
            "QUERY_STRING": self.wire.query,
            "REMOTE_ADDR": self.wire.peer,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.wire.client_scheme,
            "wsgi.input": BytesIO(self.wire.body),
            "wsgi.errors": None,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ[_variable(name)] = value
        environ["CONTENT_LENGTH"] = str(len(self.wire.body))
        return environ


@lru_cache(maxsize=256)
def _variable(header: str) -> str:
    """The name that a header's value has in a WSGI environment."""
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _decoded(found: Match[str]) -> str:
    return unquote_to_bytes(found[0]).decode("ascii")
