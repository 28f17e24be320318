"""
API keys of an environment, each with an API secret, a signing key, and the token that its webhooks carry.

Source:
    Seed 000, row 2 of the checklist; configuring-api-credentials names the three parts. Observed. That a rotation keeps
    the API key, and that a key takes its tokens with it, is inferred.
"""

import hmac
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from random import Random
from typing import Any

from flowproof.kernel import Credential, ProviderContext, hex_id

__all__ = ["create", "disclosed", "draw", "of_environment", "of_token", "replaced", "revoke", "rotate", "shown"]

DRAWN = "drawn_api_key"  # counts the draws


def draw(rng: Random, *, role: str, environment: str, key: str | None = None) -> Credential:
    """A new API key, or new secrets for one."""
    return Credential(
        key=key or hex_id(rng, 32),
        role=role,
        public={"environment": environment},
        secrets={"secret": hex_id(rng, 48), "signing_key": hex_id(rng, 43), "webhook_token": hex_id(rng, 40)},
    )


def of_environment(context: ProviderContext, environment: str) -> list[Credential]:
    """All API keys of an environment."""
    keys = (each for each in context.credentials() if "signing_key" in each.secrets)
    return [each for each in keys if each.public.get("environment") == environment]


def of_token(context: ProviderContext, token: Credential) -> Credential | None:
    """The API key that a token was issued for."""
    return context.credential(str(token.public.get("api_key", "")))


def create(context: ProviderContext, environment: str) -> Credential:
    """Add an API key, with a role of its own such as ``staging-2``."""
    roles = {each.role for each in context.credentials()}
    role = next(name for number in count(2) if (name := f"{environment}-{number}") not in roles)
    drawn = (draw(rng, role=role, environment=environment) for rng in _rngs(context))
    made = next(each for each in drawn if context.credential(each.key) is None)
    context.issue(made)
    return made


def rotate(context: ProviderContext, credential: Credential) -> Credential:
    """Replace all secrets of an API key."""
    role, environment, key = credential.role, str(credential.public["environment"]), credential.key
    drawn = (draw(rng, role=role, environment=environment, key=key) for rng in _rngs(context))
    made = next(each for each in drawn if each.secrets != credential.secrets)
    _revoke_tokens(context, credential, why="its API key got new secrets, which ends its tokens")
    context.revoke(credential.key)
    context.issue(made)
    _keep_replaced(context, credential)
    return made


def _keep_replaced(context: ProviderContext, credential: Credential) -> None:
    """Keep the secrets that a rotation ends, revoked and below a key that nobody presents: a refusal names them."""
    number = 1 + sum(each.public.get("replaced") == credential.key for each in context.credentials(revoked=True))
    public = {"environment": credential.public["environment"], "replaced": credential.key}
    kept = replace(credential, key=f"{credential.key}.replaced-{number}", public=public)
    context.issue(replace(kept, revoked=f"rotation {number} gave the API key new secrets"))


def replaced(context: ProviderContext, key: str, secret: str) -> str:
    """Why a pair of API key and secret ended, where a rotation has replaced it; else empty."""
    of_key = (each for each in context.credentials(revoked=True) if each.public.get("replaced") == key)
    old = (each for each in of_key if hmac.compare_digest(each.secrets["secret"].encode(), secret.encode()))
    return next((each.revoked for each in old), "")


def _rngs(context: ProviderContext) -> Iterator[Random]:
    """Random numbers that no earlier draw of the workspace had, as far as its records reach back: a reset ends them."""
    while True:
        number = context.state.count(DRAWN) + 1
        context.state.put(DRAWN, str(number), number)
        yield Random(f"{context.rng_seed}/{number}")


def revoke(context: ProviderContext, credential: Credential) -> None:
    """Revoke an API key, with the tokens that were issued for it."""
    _revoke_tokens(context, credential, why="its API key was revoked, which ends its tokens")
    context.revoke(credential.key, why="the API key was revoked")


def _revoke_tokens(context: ProviderContext, credential: Credential, *, why: str) -> None:
    for each in context.credentials():
        if each.public.get("api_key") == credential.key:
            context.revoke(each.key, why=why)


def shown(credential: Credential) -> dict[str, Any]:
    """An API key without its secrets."""
    return {"api_key": credential.key, "role": credential.role, "environment": credential.public["environment"]}


def disclosed(credential: Credential) -> dict[str, Any]:
    """An API key with its secrets, as it is shown once."""
    secrets = credential.secrets
    return {
        **shown(credential),
        "api_secret": secrets["secret"],
        "signing_key": secrets["signing_key"],
        "webhook_token": secrets["webhook_token"],
    }
