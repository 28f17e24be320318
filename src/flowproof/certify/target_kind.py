"""Detects whether a target is a mock of ours, another server on this machine, or a sandbox, by its responses."""

import socket
from urllib.parse import urlsplit, urlunsplit

import requests

from .events import TargetKind

__all__ = ["detect_target_kind"]

TIMEOUT_S = 10.0
OURS = "flowproof-"
HEALTH = "/_flowproof/health"
HEALTHY = frozenset({"status", "version", "workspaces"})
CLOSED = frozenset({"Loopback only", "Token needed"})  # titles with which a control API refuses strangers


def detect_target_kind(url: str) -> TargetKind:
    """
    Detect the kind of a target with two requests without credentials: to the URL, and to our control API.

    A target that does not answer is judged by its address alone; a later response may show that it is a mock.
    """
    parts = urlsplit(url)
    origin = urlunsplit((parts.scheme, parts.netloc, HEALTH, "", ""))
    is_local = _is_local(parts.hostname or "")
    with requests.Session() as session:
        session.trust_env = not is_local
        if any(_is_ours(session, each) for each in (origin, url)):
            return "mock"
    return "loopback" if is_local else "sandbox"


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
