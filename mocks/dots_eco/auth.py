"""Who sends a request: ``auth-token``, and what that token may do."""

from dataclasses import dataclass

from flowproof.conformance import Finding
from flowproof.kernel import ProviderContext, ProviderRequest

from .errors import NO_LIST, NOT_A_MANAGER, AccessDenied
from .models import Manager, Setup

__all__ = ["Principal", "authenticate", "presented_key", "redact_header"]

HEADER = "auth-token"
LIST = "/api/v1/flow-card/list/"


@dataclass(frozen=True, slots=True)
class Principal:
    """The manager that a request is made for."""

    manager: Manager


def presented_key(request: ProviderRequest) -> str | None:
    """The token that a request presents."""
    return request.header(HEADER) or None


def authenticate(request: ProviderRequest, context: ProviderContext) -> Principal:
    """
    Find out who sends a request, before its body is looked at.

    Raises:
        AccessDenied: There is no token, nobody was issued it, or it has not the right that the request needs.
    """
    key = presented_key(request)
    if key is None:
        raise _missing(request)
    credential = context.credential(key)
    held = Setup(context.seed).holder(credential.role) if credential else None
    if held is None:
        raise AccessDenied([_finding("a token of this workspace", "a token it does not know", "dots_eco.auth.unknown")])
    manager, token = held
    needed = "write" if request.method == "POST" else "read"
    if needed not in token.access:
        only = f"a {'-only, '.join(token.access)}-only token"
        raise AccessDenied([_finding(f"a token that may {needed}", only, "dots_eco.auth.right")])
    return Principal(manager)


def redact_header(name: str, value: str) -> str:
    """Headers as they may be shown: the token is a secret."""
    return "[redacted]" if name == HEADER else value


def _missing(request: ProviderRequest) -> AccessDenied:
    """Without a token the list has an answer of its own, which names the header."""
    listed = request.path.startswith(LIST)
    requirement = "dots_eco.catalogue.missing_token" if listed else "dots_eco.auth.missing"
    finding = _finding("a token", "nothing", requirement)
    return AccessDenied([finding], message=NO_LIST if listed else NOT_A_MANAGER)


def _finding(expected: str, got: str, requirement: str) -> Finding:
    return Finding("request.headers", f"/{HEADER}", expected, got, requirement)
