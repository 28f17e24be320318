"""Who asks: a token of this workspace in `Authorization: Bearer`."""

from collections.abc import Mapping
from random import Random
from typing import Any

from flowproof.conformance import Finding
from flowproof.kernel import Credential, ProviderContext, ProviderRequest, hex_id

from .errors import Unauthorized

__all__ = ["authenticate", "mint", "presented_key"]


def presented_key(request: ProviderRequest) -> str | None:
    """The token that a request presents; it leads to the workspace."""
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def authenticate(request: ProviderRequest, context: ProviderContext) -> str:
    """
    The token, which the workspace knows.

    Raises:
        Unauthorized: There is none, or the workspace does not know it.
    """
    key = presented_key(request)
    if key is None or context.credential(key) is None:
        got = "nothing" if key is None else "another token"
        raise Unauthorized([Finding("request.headers", "/authorization", "a known token", got, "acme.auth.token")])
    return key


def mint(rng: Random, _seed: Mapping[str, Any]) -> tuple[Credential, ...]:
    """One token, which is a secret itself, and the secret that signs webhooks."""
    key = hex_id(rng, 32)
    return (Credential(key, secrets={"token": key, "secret": hex_id(rng, 40)}),)
