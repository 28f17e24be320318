"""
Who may use the control API: a token decides, or else the address, so that no page of another site is let in.

A browser has no Authorization header to send with a link or an event stream. It presents the token once and gets a
cookie, which stands for the token, is no token itself, and counts only for requests of the server's own page.
"""

import hashlib
import hmac
import re
from urllib.parse import urlsplit

from flowproof.kernel.http.host_names import HostNames
from flowproof.kernel.http.problem import problem
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.webhooks.model import DELIVERY_HEADER
from flowproof.loopback import is_local, is_loopback

__all__ = ["HEALTH", "METRICS", "PREFIX", "READY", "SESSION", "Access"]

PREFIX = "/_flowproof"
HEALTH, READY, METRICS = f"{PREFIX}/health", f"{PREFIX}/ready", f"{PREFIX}/metrics"
PROBED = frozenset({HEALTH, READY})  # by programs that have no token
SESSION = f"{PREFIX}/session"
PORT = re.compile(r":(\d+)$", re.ASCII)
COOKIE_PURPOSE = b"flowproof: session of the page"
OWN_PAGE = frozenset({"same-origin", "none"})  # Sec-Fetch-Site: the server's own page, or the address bar


class Access:
    """
    Judges requests to the control API.

    Args:
        token: What a request must present; without one, only loopback addresses are answered.
        hosts: Under which names the server answers.
    """

    def __init__(self, token: str | None, hosts: HostNames) -> None:
        self._token = token or None
        self._hosts = hosts

    def refusal(self, wire: WireRequest) -> WireResponse | None:
        """Why a request may not use the control API; None where it may."""
        if wire.header(DELIVERY_HEADER) is not None:
            return problem(403, "No webhook", "A webhook, of whichever server, cannot steer the control API.")
        if self._token is None:
            return self._refusal_of_distance(wire)
        if self._needs_no_token(wire) or self._has_token(wire) or self._has_cookie(wire):
            return None
        return problem(
            401, "Token needed", "The control API of this server asks for Authorization: Bearer <its token>."
        )

    def refusal_of_page(self, wire: WireRequest) -> WireResponse | None:
        """Why a request may not have the files of the page, which hold nothing of a workspace; None where it may."""
        return None if self._token is not None else self._refusal_of_distance(wire)

    def session_cookie(self, wire: WireRequest, presented: str) -> str | None:
        """The Set-Cookie header for whoever presents the token; None where it is not the token, or there is none."""
        if self._token is None or not hmac.compare_digest(presented.encode(), self._token.encode()):
            return None
        return self._cookie(wire, self._cookie_value(), "")

    def expired_cookie(self, wire: WireRequest) -> str:
        """The Set-Cookie header that ends a session."""
        return self._cookie(wire, "", "; Max-Age=0")

    def _refusal_of_distance(self, wire: WireRequest) -> WireResponse | None:
        host, origin = wire.header("host") or "", wire.header("origin")
        is_own_page = origin is None or is_loopback(_host_of(origin))
        if is_local(wire.peer) and is_own_page and (not host or self._hosts.is_own(host)):
            return None
        return problem(
            403, "Loopback only", "Without a token the control API answers on loopback only; serve with --token."
        )

    def _needs_no_token(self, wire: WireRequest) -> bool:
        """Probes have no token, and a session is begun and ended without one."""
        if wire.path in PROBED:
            return wire.method in ("GET", "HEAD")
        return wire.path == SESSION and _is_of_own_page(wire)

    def _has_token(self, wire: WireRequest) -> bool:
        scheme, _, presented = (wire.header("authorization") or "").partition(" ")
        is_right = hmac.compare_digest(presented.strip().encode(), (self._token or "").encode())
        return scheme.lower() == "bearer" and is_right

    def _has_cookie(self, wire: WireRequest) -> bool:
        right = f"{_cookie_name(wire)}={self._cookie_value()}".encode()
        presented = [
            each.strip().encode() for name, value in wire.headers if name == "cookie" for each in value.split(";")
        ]
        return any(hmac.compare_digest(each, right) for each in presented) and _is_of_own_page(wire)

    def _cookie_value(self) -> str:
        return hmac.new((self._token or "").encode(), COOKIE_PURPOSE, hashlib.sha256).hexdigest()

    @staticmethod
    def _cookie(wire: WireRequest, value: str, more: str) -> str:
        secure = "; Secure" if wire.client_scheme == "https" else ""
        return f"{_cookie_name(wire)}={value}; Path={PREFIX}; HttpOnly; SameSite=Strict{secure}{more}"


def _cookie_name(wire: WireRequest) -> str:
    """With the port in it: a browser shows the cookies of one host to servers on all of its ports."""
    port = PORT.search(wire.header("host") or "")
    return f"flowproof_{port[1]}" if port else "flowproof"


def _is_of_own_page(wire: WireRequest) -> bool:
    """
    Whether a browser sends a request for the server's own page.

    Another port of the same host is the same site to a cookie, and is known by its Origin.
    """
    origin = wire.header("origin")
    is_own = origin is None or origin.partition("://")[2] == (wire.header("host") or "")
    return is_own and wire.header("sec-fetch-site") in (None, *OWN_PAGE)


def _host_of(origin: str) -> str:
    """The host that an Origin header names; ``nowhere`` where it names none."""
    try:
        return urlsplit(origin).hostname or "nowhere"
    except ValueError:
        return "nowhere"
