"""Access tokens and refresh tokens: issued for an environment, good until a moment on the workspace's clock."""

import base64
from datetime import datetime

from flowproof.conformance import Contract, Finding, Operation
from flowproof.kernel import Credential, ProviderContext
from flowproof.kernel.time.clock import later

from .errors import Unauthorized
from .models import SeedData

__all__ = ["ACCESS", "REFRESH", "is_valid", "issue", "media_type", "refresh"]

ACCESS = "access_token"
REFRESH = "refresh_token"
BYTES = 48
KEPT_S = 7 * 86_400  # after expiry, so that a refusal can say that the token has expired


def issue(context: ProviderContext, environment: str, api_key: str) -> dict[str, str]:
    """A new pair of tokens of an API key, as the provider's body. Tokens that expired a week ago are deleted."""
    settings = SeedData(context.seed).settings
    for credential in (*context.credentials(), *context.credentials(revoked=True)):
        if "expires_at" in credential.public and not is_valid(credential, later(context.now, -KEPT_S)):
            context.revoke(credential.key)
    return {
        "role": "API_USER",
        "accessToken": _issue_token(context, environment, api_key, ACCESS, settings.access_token_ttl_s),
        "refreshToken": _issue_token(context, environment, api_key, REFRESH, settings.refresh_token_ttl_s),
    }


def refresh(context: ProviderContext, refresh_token: str) -> dict[str, str]:
    """
    A new pair for a refresh token, which can be used once. The old access token stays valid until it expires.

    Raises:
        Unauthorized: It was never issued, was used or revoked, or has expired.
    """
    credential = context.credential(refresh_token)
    if credential is None or credential.role != REFRESH or not is_valid(credential, context.now):
        expired = credential is not None and credential.role == REFRESH
        got, keyword = ("one that has expired", "expired") if expired else ("one that is unknown or used", "used")
        why = context.revocation(refresh_token)
        got, keyword = ("one that was revoked", "revoked") if why else (got, keyword)
        expected, requirement = "a refresh token that is still good", "flow1st.token.refresh_once"
        found = Finding("request.body", "/refreshToken", expected, got, requirement, keyword)
        # The journal redacts the finding's value, since its place is that of a secret: the reason stands in the note.
        raise Unauthorized([found], note=f"The refresh token was revoked: {why}." if why else "")
    context.revoke(credential.key)
    return issue(context, str(credential.public["environment"]), str(credential.public.get("api_key", "")))


def is_valid(credential: Credential, now: datetime) -> bool:
    """Whether a token has not expired. At the very moment of its expiry it has."""
    return now < datetime.fromisoformat(str(credential.public["expires_at"]))


def media_type(contract: Contract, operation: Operation) -> str:
    """The vendor media type that an operation without a body has to send."""
    described = contract.document["paths"][operation.path][operation.method.lower()]
    return str(next(iter(described["requestBody"]["content"])))


def _issue_token(context: ProviderContext, environment: str, api_key: str, role: str, ttl_s: float) -> str:
    token = base64.b64encode(context.rng.randbytes(BYTES)).decode()
    expires_at = later(context.now, ttl_s).isoformat()
    public = {"environment": environment, "api_key": api_key, "expires_at": expires_at}
    context.issue(Credential(token, role, public, {"token": token}))
    return token
