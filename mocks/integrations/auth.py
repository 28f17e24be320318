"""Authenticates a request by its bearer token, of a server or of a user's session. Both have the same rights."""

import base64
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from flowproof.conformance import Finding
from flowproof.kernel import Credential, ProviderContext, ProviderRequest, hex_id
from flowproof.kernel.http.authorization import bare_token, misread

from .errors import Unauthorized

__all__ = ["VAPID", "Principal", "authenticate", "mint", "presented_key", "redact_header"]

FORM = "Authorization: Bearer TOKEN"
VAPID = "vapid"  # the role of the key that signs push messages; nobody can ask with it


@dataclass(frozen=True, slots=True)
class Principal:
    """The kind of the request's token: ``api`` or ``user``."""

    kind: str


def presented_key(request: ProviderRequest) -> str | None:
    """The bearer token that a request presents, or what it has in its place."""
    return bare_token(request.header("authorization") or "") or None


def authenticate(request: ProviderRequest, context: ProviderContext) -> Principal:
    """
    Find the token of a request.

    Raises:
        Unauthorized: There is no bearer token, or nobody of this workspace was issued it.
    """
    token, presented = _bearer(request), request.header("authorization") or ""
    if token is None:
        got = "another scheme, or no token" if presented else "nothing"
        raise Unauthorized(
            [_finding("Bearer <token>", got, "bearer")], note=misread(presented, FORM, context.credential)
        )
    credential = context.credential(token)
    if credential is None or credential.role == VAPID:
        unknown = _finding("a token of this workspace", "a token it does not know", "token")
        raise Unauthorized([unknown], note="" if credential else misread(presented, FORM, context.credential))
    return Principal(credential.public["kind"])


def mint(rng: Random, seed: Any) -> tuple[Credential, ...]:
    """A token for each account of the seed data, and the key that signs push messages."""
    tokens = ((account, _token(rng, account["kind"])) for account in seed["accounts"])
    return (
        *(Credential(token, account["role"], {"kind": account["kind"]}, {"token": token}) for account, token in tokens),
        Credential(f"vapid-{hex_id(rng, 16)}", VAPID, {}, {"privateKey": hex_id(rng, 64)}),
    )


def redact_header(name: str, value: str) -> str:
    """A header's value as the journal shows it: tokens are redacted, also the one that signs a push message."""
    if name != "authorization":
        return value
    scheme, blank, _ = value.partition(" ")
    return f"{scheme}{blank}[redacted]" if blank else "[redacted]"


def _bearer(request: ProviderRequest) -> str | None:
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None


def _token(rng: Random, kind: str) -> str:
    """A token in the form of a JWT, as the provider's are; its signature is random."""
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {"sub": hex_id(rng, 32), "token_type": kind}
    parts = (orjson.dumps(header), orjson.dumps(claims), rng.randbytes(32))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _finding(expected: str, got: str, requirement: str) -> Finding:
    return Finding("request.headers", "/authorization", expected, got, f"integrations.auth.{requirement}")
