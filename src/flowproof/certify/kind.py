"""Is a target a mock of ours, another server on this machine, or a sandbox? What it answers decides, not its name."""

import socket
from urllib.parse import urlsplit, urlunsplit

import requests

from .events import TargetKind

__all__ = ["kind_of"]

TIMEOUT_S = 10.0
OURS = "flowproof-"
HEALTH = "/_flowproof/health"
HEALTHY = frozenset({"status", "version", "workspaces"})
CLOSED = frozenset({"Loopback only", "Token needed"})  # titles with which a control API refuses strangers


def kind_of(url: str) -> TargetKind:
    """
    What is behind a base URL, as far as two requests without credentials tell: that of the URL, and of our control API.

    A target that does not answer is judged by its address alone; what it answers later may tell that it is a mock.
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
        told = answer.json() if url.endswith(HEALTH) else None
    except (requests.RequestException, ValueError):
        return False
    return isinstance(told, dict) and (set(told) >= HEALTHY or told.get("title") in CLOSED)


def _is_local(host: str) -> bool:
    """Whether a host is this machine: an address of it can be listened on."""
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
