"""Authenticates a request by ``x-oneflow-authorization``: a token, and a signature over method, path and date."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from flowproof.conformance import Finding
from flowproof.kernel import Credential, ProviderContext, ProviderRequest, hex_id
from flowproof.kernel.http.authorization import bare_token
from flowproof.kernel.signing import SignedRequest, SigningScheme, verify

from .errors import TokenNotFound, Unauthorized
from .models import Account, SeedData

__all__ = ["Principal", "authenticate", "explain_signature", "mint", "presented_key", "redact_header"]

AUTHORIZATION = "x-oneflow-authorization"
DATE = "x-oneflow-date"
ALGORITHM = "x-oneflow-algorithm"
RECORDED = (
    "To send a documented or recorded request as it stands, freeze the clock at its time:"
    " flowproof clock --freeze --set and the date."
)

# Documented: HMAC-SHA1, hex, "METHOD path timestamp". Observed: the path without query, raw or decoded. A client that
# signs the whole path that it requests would be right at the provider, so our own prefix (mounted) verifies too.
SCHEME = SigningScheme(
    parts=("method", "path", "timestamp"),
    separator=" ",
    digest="sha1",
    encoding="hex",
    base_path="/api",
    path_forms=("raw", "decoded", "mounted", "mounted_decoded"),
)


@dataclass(frozen=True, slots=True)
class Principal:
    """The account that a request is made for."""

    account: Account


def presented_key(request: ProviderRequest) -> str | None:
    """The token that a request presents."""
    return bare_token((request.header(AUTHORIZATION) or "").partition(":")[0]) or None


def authenticate(request: ProviderRequest, context: ProviderContext) -> Principal:
    """
    Find the account that signed a request.

    Raises:
        Unauthorized: A header is missing or malformed, the algorithm is unknown, the signature is wrong, or the date
            is outside the workspace's window.
        TokenNotFound: No account has that token.
    """
    signed = _signed_request(request)
    credential = context.credential(signed.token)
    if credential is None:
        unknown = _finding(AUTHORIZATION, "a token of this workspace", "a token it does not know", "token")
        meant = context.credential(bare_token(signed.token))
        note = (lambda: explain_signature(request, meant)) if meant else _swapped(signed, context)
        raise TokenNotFound([unknown], note=note)
    seed = context.parsed_seed(SeedData)
    account = seed.account_of_role(credential.role)
    if account is None:
        raise TokenNotFound([_finding(AUTHORIZATION, "a token of an account", f"the role {credential.role}", "token")])
    scheme = _scheme(request)
    if not verify(scheme, signed, credential.secrets["secret"].encode()):
        raise Unauthorized(
            [_finding(AUTHORIZATION, "the signature of this request", "another one", "signature")],
            note=lambda: explain_signature(request, credential, context.credentials()),
        )
    _check_window(signed.timestamp, seed.settings.date_window_s, context.now)
    return Principal(account)


def explain_signature(request: ProviderRequest, credential: Credential, at_hand: Iterable[Credential] = ()) -> str:
    """Why a signature does not verify, without the secret; perhaps it was made for another account ``at_hand``."""
    from flowproof.kernel.diagnosis import diagnose, render  # noqa: PLC0415 (most servers never explain a signature)

    others = {f"the secret of the account {each.role}": each.secrets["secret"].encode() for each in at_hand}
    return render(diagnose(_scheme(request), _signed_request(request), credential.secrets["secret"].encode(), others))


def _swapped(signed: SignedRequest, context: ProviderContext) -> str:
    """An explanation where the unknown token is really a secret of this workspace; otherwise an empty text."""
    from flowproof.kernel.diagnosis import SWAPPED  # noqa: PLC0415 (the same)

    secrets = (credential.secrets["secret"] for credential in context.credentials())
    sent_as_token = any(hmac.compare_digest(secret.encode(), signed.token.encode()) for secret in secrets)
    return f"{SWAPPED.text[0].upper()}{SWAPPED.text[1:]}. {SWAPPED.fix}" if sent_as_token else ""


def mint(rng: Random, seed: Any) -> tuple[Credential, ...]:
    """A token and a secret for each account of the seed data."""
    return tuple(
        Credential(
            key=hex_id(rng, 20),
            role=account["role"],
            public={"account": account["name"]},
            secrets={"secret": hex_id(rng, 40)},
        )
        for account in seed["accounts"]
    )


def redact_header(name: str, value: str) -> str:
    """A header's value as the journal shows it: signatures and a postback's ``Authorization`` are redacted."""
    if name == "authorization":
        return "[redacted]"
    if name != AUTHORIZATION:
        return value
    token, colon, _ = value.partition(":")
    return f"{token}{colon}[signature]" if colon else "[redacted]"


def _signed_request(request: ProviderRequest) -> SignedRequest:
    presented = request.header(AUTHORIZATION)
    if presented is None:
        raise Unauthorized([_finding(AUTHORIZATION, "Token:Signature", "nothing", "header")])
    token, colon, signature = presented.partition(":")
    if not (token and colon and signature):
        raise Unauthorized(
            [_finding(AUTHORIZATION, "Token:Signature", "no token and signature with a colon", "header")]
        )
    timestamp = request.header(DATE)
    if not timestamp:
        raise Unauthorized([_finding(DATE, "the timestamp that was signed", "nothing", "date")])
    return SignedRequest.of(request, token=token, signature=signature, timestamp=timestamp, date_header=DATE)


def _scheme(request: ProviderRequest) -> SigningScheme:
    """The documented scheme, or the one with SHA-256 where the header says so (observed in current SDKs)."""
    algorithm = (request.header(ALGORITHM) or "SHA1").upper()
    if algorithm == "SHA1":
        return SCHEME
    if algorithm == "SHA256":
        return replace(SCHEME, digest="sha256")
    raise Unauthorized([_finding(ALGORITHM, "SHA1 or SHA256", "another algorithm", "algorithm")])


def _check_window(timestamp: str, window_s: float | None, now: datetime) -> None:
    """Check the date only where the workspace sets a window: by default the date is an opaque string (inferred)."""
    if window_s is None:
        return
    sent = _instant(timestamp)
    if sent is None:
        raise Unauthorized([_finding(DATE, "a date that can be read", "one that cannot", "window")])
    if abs(now - sent) > timedelta(seconds=window_s):
        off = (now - sent).total_seconds()
        raise Unauthorized(
            [_finding(DATE, f"a date within {window_s:g} s", f"one {off:+.0f} s off", "window")],
            note=f"The workspace's clock shows {now.isoformat(timespec='seconds')}. {RECORDED}",
        )


def _instant(timestamp: str) -> datetime | None:
    """The instant of a date in any format that SDKs send, or None; a date without a zone is UTC."""
    text = timestamp.strip().removesuffix(" UTC")
    try:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text), UTC)
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _finding(header: str, expected: str, got: str, requirement: str) -> Finding:
    return Finding("request.headers", f"/{header}", expected, got, f"oneflow.auth.{requirement}")
