"""
Cross-origin requests (CORS, in WHATWG's Fetch): what lets a page of another origin call a provider.

No provider documents it, so it is off until the user names origins. It answers a browser's preflight, which is then no
request for the provider, and adds headers to the provider's answers. It knows neither the control API nor the journal.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from flowproof.errors import ConfigurationError
from flowproof.exchange import Headers, header

from .request import WireRequest
from .response import WireResponse

__all__ = ["Cors"]

ANY = "*"
ALLOWED = "Access-Control-Allow-Origin"
ASKED_METHOD, ASKED_HEADERS = "access-control-request-method", "access-control-request-headers"
ASKED_NETWORK = "access-control-request-private-network"
MAX_AGE_S = 600
TOKENS = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z, -]+")
ALWAYS_EXPOSED = frozenset(
    {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"}
)
NEVER_EXPOSED = frozenset({"set-cookie", "vary"})


class Cors:
    """
    Lets pages of some origins read the answers.

    Args:
        origins: Such as ``http://localhost:3000``; ``*`` for all, which then send no cookies; ``null`` for files.

    Raises:
        ConfigurationError: One is no origin.
    """

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(_checked(each) for each in origins)

    def preflight(self, wire: WireRequest) -> WireResponse | None:
        """The answer to a browser that asks whether a page may send a request; None where it is something else."""
        method = wire.header(ASKED_METHOD)
        if wire.method != "OPTIONS" or method is None or not (allowed := self._allowed(wire)):
            return None
        asked = f"{ASKED_METHOD}, {ASKED_HEADERS}"
        headers = [*allowed, ("Vary", f"Origin, {asked}"), ("Access-Control-Max-Age", str(MAX_AGE_S))]
        headers += _echoed("Access-Control-Allow-Methods", method)
        headers += _echoed("Access-Control-Allow-Headers", wire.header(ASKED_HEADERS))
        if wire.header(ASKED_NETWORK) == "true":
            headers.append(("Access-Control-Allow-Private-Network", "true"))
        return WireResponse(204, b"", tuple(headers))

    def share(self, wire: WireRequest, response: WireResponse) -> WireResponse:
        """A response with the headers by which the page may read it, unless the provider has its own."""
        if header(response.headers, ALLOWED) is not None:
            return response
        headers = tuple(pair for pair in response.headers if pair[0].lower() != "vary")
        varies = ", ".join(value for name, value in response.headers if name.lower() == "vary")
        added: Headers = (("Vary", f"{varies}, Origin" if varies else "Origin"),)
        if allowed := self._allowed(wire):
            names = dict.fromkeys(name.lower() for name, _ in headers)
            exposed = ", ".join(each for each in names if each not in ALWAYS_EXPOSED | NEVER_EXPOSED)
            added += allowed + ((("Access-Control-Expose-Headers", exposed),) if exposed else ())
        return replace(response, headers=headers + added)

    def _allowed(self, wire: WireRequest) -> Headers:
        """The headers that say that the origin of a request may; none where it may not."""
        origin = wire.header("origin")
        if origin is None:
            return ()
        if origin.lower() in self._origins:
            return ((ALLOWED, origin), ("Access-Control-Allow-Credentials", "true"))
        return ((ALLOWED, ANY),) if ANY in self._origins else ()


def _echoed(name: str, value: str | None) -> Headers:
    return ((name, value),) if value is not None and TOKENS.fullmatch(value) else ()


def _checked(origin: str) -> str:
    """
    An origin as a browser sends it.

    Raises:
        ConfigurationError: It is none.
    """
    if origin in {ANY, "null"}:
        return origin
    try:
        parts = urlsplit(origin)
        port = "" if parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f":{parts.port}"
    except ValueError as error:
        raise _no_origin(origin) from error
    if not parts.scheme or not parts.hostname or parts.path not in {"", "/"} or "@" in origin:
        raise _no_origin(origin)
    if parts.query or parts.fragment:
        raise _no_origin(origin)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def _no_origin(text: str) -> ConfigurationError:
    return ConfigurationError(
        f"{text!r} is no origin.", "Write scheme, host and port of the page, such as http://localhost:3000, or *."
    )
