"""Authenticates a request by its ``auth-token`` and checks the token's rights."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from flowproof.conformance import Finding
from flowproof.kernel import Credential, ProviderContext, ProviderRequest, hex_id
from flowproof.kernel.http.authorization import bare_token, misread

from .errors import NO_LIST, NOT_A_MANAGER, AccessDenied
from .models import Manager, SeedData

__all__ = ["Principal", "authenticate", "mint", "presented_key", "redact_header"]

HEADER = "auth-token"
FORM = "auth-token: TOKEN"
LIST = "/api/v1/flow-card/list/"


@dataclass(frozen=True, slots=True)
class Principal:
    """The manager that a request is made for."""

    manager: Manager


def presented_key(request: ProviderRequest) -> str | None:
    """The token that a request presents."""
    return bare_token(request.header(HEADER) or request.header("authorization") or "") or None


def authenticate(request: ProviderRequest, context: ProviderContext) -> Principal:
    """
    Find the manager whose token a request presents. The body is not read yet.

    Raises:
        AccessDenied: There is no token, it was never issued, or it lacks the right that the request needs.
    """
    key = request.header(HEADER)
    if not key:
        raise _missing(request, context)
    credential = context.credential(key)
    holder = SeedData(context.seed).holder(credential.role) if credential else None
    if holder is None:
        unknown = _finding("a token of this workspace", "a token it does not know", "dots_eco.auth.unknown")
        raise AccessDenied([unknown], note=misread(key, FORM, context.credential))
    manager, token = holder
    needed = "write" if request.method == "POST" else "read"
    if needed not in token.access:
        only = f"a {'-only, '.join(token.access)}-only token"
        raise AccessDenied([_finding(f"a token that may {needed}", only, "dots_eco.auth.right")])
    return Principal(manager)


def mint(rng: Random, seed: Mapping[str, Any]) -> tuple[Credential, ...]:
    """The tokens of the seed data's managers, each for its role. A bearer token is its own secret."""
    credentials = []
    for token in SeedData(seed).tokens:
        key = hex_id(rng, 32)
        credentials.append(Credential(key, token.role, {"access": sorted(token.access)}, {"token": key}))
    return tuple(credentials)


def redact_header(name: str, value: str) -> str:
    """A header's value as the journal shows it: the token is redacted."""
    return "[redacted]" if name == HEADER else value


def _missing(request: ProviderRequest, context: ProviderContext) -> AccessDenied:
    """The list answers a missing token with a message of its own, which names the header."""
    elsewhere = request.header("authorization")
    note = misread(f"Authorization: {elsewhere}", FORM, context.credential) if elsewhere else ""
    is_list = request.path.startswith(LIST)
    requirement = "dots_eco.catalogue.missing_token" if is_list else "dots_eco.auth.missing"
    finding = _finding("a token", "nothing", requirement)
    return AccessDenied([finding], message=NO_LIST if is_list else NOT_A_MANAGER, note=note)


def _finding(expected: str, got: str, requirement: str) -> Finding:
    return Finding("request.headers", f"/{HEADER}", expected, got, requirement)
