"""
Finds out what a target is and how it is reached: a mock of ours, another server on this machine, or a sandbox; through
which proxy; with which TLS certificate.
"""

import socket
import ssl
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.utils import get_environ_proxies, select_proxy

from flowproof.redaction.patterns import without_userinfo

from .events import Connection, TargetKind

__all__ = ["examine_target"]

TIMEOUT_S = 10.0
OURS = "flowproof-"
HEALTH = "/_flowproof/health"
HEALTHY = frozenset({"status", "version", "workspaces"})
CLOSED = frozenset({"Loopback only", "Token needed"})  # titles with which a control API refuses strangers


def examine_target(url: str, environment: Mapping[str, str]) -> tuple[TargetKind, Connection]:
    """
    Examine a target with two requests without credentials: to the URL, and to our control API.

    A target that does not answer is judged by its address alone; a later response may show that it is a mock.

    Args:
        url: Base URL.
        environment: Names certificate authorities.
    """
    parts = urlsplit(url)
    origin = urlunsplit((parts.scheme, parts.netloc, HEALTH, "", ""))
    is_local = _is_local(parts.hostname or "")
    with requests.Session() as session:
        is_ours = [_is_ours(session, each) for each in (origin, url)]
        connection = Connection(
            certificate=_certificate(session, url) if parts.scheme == "https" else "",
            proxy=_proxy(url),
            authorities=environment.get("REQUESTS_CA_BUNDLE") or environment.get("CURL_CA_BUNDLE") or "",
        )
    return "mock" if any(is_ours) else "loopback" if is_local else "sandbox", connection


def _proxy(url: str) -> str:
    """The proxy that the environment names for a URL, as `requests` chooses it; empty where it names none."""
    return without_userinfo(select_proxy(url, get_environ_proxies(url)) or "")


def _certificate(session: requests.Session, url: str) -> str:
    """The SHA-256, in hex, of the TLS certificate that the server shows; empty where it cannot be reached."""
    try:
        with session.get(url, timeout=TIMEOUT_S, allow_redirects=False, stream=True) as answer:
            tls = getattr(answer.raw.connection, "sock", None)
            shown = tls.getpeercert(binary_form=True) if isinstance(tls, ssl.SSLSocket) else None
    except (requests.RequestException, ValueError):
        return ""
    return sha256(shown).hexdigest() if shown else ""


def _is_ours(session: requests.Session, url: str) -> bool:
    try:
        answer = session.get(url, timeout=TIMEOUT_S, allow_redirects=False)
        if any(name.lower().startswith(OURS) for name in answer.headers):
            return True
        body = answer.json() if url.endswith(HEALTH) else None
    except (requests.RequestException, ValueError):
        return False
    return isinstance(body, dict) and (set(body) >= HEALTHY or body.get("title") in CLOSED)


def _is_local(host: str) -> bool:
    """Whether a host is this machine: one of its addresses can be bound."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(_is_own(family, address) for family, _, _, _, address in found)


def _is_own(family: int, address: tuple[object, ...]) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address[0], 0, *address[2:]))
    except OSError:
        return False
    return True
