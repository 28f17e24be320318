"""Issues tickets, codes and tokens. Their secrets are random, stored as digests, and end on the workspace's clock."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from types import MappingProxyType
from typing import Any

from flowproof.kernel import Credential, ProviderContext
from flowproof.kernel.time.clock import microseconds

from .models import AccessToken, Client, Code, SeedData, SeedSettings, Ticket, User
from .records import CODE, TICKET, TOKEN, Permissions, digest

__all__ = ["TASKS", "TOKEN_ROLE", "issue_code", "issue_ticket", "issue_token", "random_secret", "revoke"]

TOKEN_ROLE = "access token"  # noqa: S105 (a word, no secret; with a blank, so that no application can have it)
KEEP_ENDED_S = 86_400.0
SECOND_US = 1_000_000


def issue_ticket(context: ProviderContext, ticket: Ticket, browser: str) -> str:
    """Store a pending consent request for one browser; returns the ticket's secret."""
    secret, lifetime_s = random_secret(context, "ticket"), _settings(context).consent_lifetime_s
    kept = replace(ticket, expires_us=_after(context, lifetime_s), browser=digest(browser))
    Permissions(context.state).put_ticket(digest(secret), kept)
    context.schedule("forget", after_s=lifetime_s, value=[TICKET, digest(secret)])
    return secret


def issue_code(context: ProviderContext, ticket: Ticket, user: User) -> str:
    """Store a user's permission; returns the code's secret."""
    secret, lifetime_s = random_secret(context, "code"), _settings(context).code_lifetime_s
    code = Code(
        ticket.client_id, ticket.redirect_uri, ticket.scopes, user.id, ticket.challenge, _after(context, lifetime_s)
    )
    Permissions(context.state).put_code(digest(secret), code)
    context.schedule("forget_unused", after_s=lifetime_s + KEEP_ENDED_S, value=digest(secret))
    return secret


def issue_token(
    context: ProviderContext, client: Client, scopes: tuple[str, ...], *, user: str | None, code_key: str | None
) -> str:
    """
    Issue a token that finds this workspace until it ends; returns its secret.

    Args:
        context: The workspace.
        client: The application.
        scopes: Its scopes.
        user: The user it acts for, or None for the client itself.
        code_key: Digest of the code that it is exchanged for; None for client credentials.
    """
    secret, lifetime_s = (
        f"{random_secret(context, 'token')}.{random_secret(context, 'token tail')}",
        _settings(context).token_lifetime_s,
    )
    key, permissions = digest(secret), Permissions(context.state)
    permissions.put_token(key, AccessToken(client.id, user, scopes, _after(context, lifetime_s)))
    context.issue(Credential(key, TOKEN_ROLE, secrets={"access_token": secret}))
    context.schedule("end_token", after_s=lifetime_s, value=key)
    code = permissions.code(code_key) if code_key else None
    if code_key and code:
        permissions.put_code(code_key, code.exchanged(key))
        context.schedule("forget", after_s=lifetime_s, value=[CODE, code_key])
    return secret


def revoke(context: ProviderContext, token_key: str) -> None:
    """Make a token unusable. Its record stays, so that a refusal can be explained."""
    permissions = Permissions(context.state)
    token = permissions.token(token_key)
    if token is not None:
        permissions.put_token(token_key, token.revoked())


def _forget(context: ProviderContext, value: Any) -> None:
    kind, key = value
    Permissions(context.state).forget(kind, key)


def _forget_unused(context: ProviderContext, key: Any) -> None:
    permissions = Permissions(context.state)
    code = permissions.code(key)
    if code is not None and code.token is None:
        permissions.forget(CODE, key)


def _end_token(context: ProviderContext, key: Any) -> None:
    """End a token. Its record stays for a day, so that a refusal can be explained."""
    context.revoke(key)
    context.schedule("forget", after_s=KEEP_ENDED_S, value=[TOKEN, key])


TASKS: Mapping[str, Any] = MappingProxyType(
    {"forget": _forget, "forget_unused": _forget_unused, "end_token": _end_token}
)


def random_secret(context: ProviderContext, what: str) -> str:
    """Forty-three random characters."""
    rng = Random(f"{context.rng_seed}/{what}")
    return base64.urlsafe_b64encode(rng.randbytes(32)).rstrip(b"=").decode()


def _after(context: ProviderContext, seconds: float) -> int:
    return microseconds(context.now) + round(seconds * SECOND_US)


def _settings(context: ProviderContext) -> SeedSettings:
    return SeedData(context.seed).settings
