"""Authenticates a request: API key and secret, access token, vendor media type, and the signature of an order."""

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Any

import orjson

from flowproof.conformance import Finding
from flowproof.kernel import Credential, ProviderContext, ProviderRequest, ctx
from flowproof.kernel.http.authorization import bare_token, basic_credentials, misread
from flowproof.kernel.refusals import WrongContentType
from flowproof.kernel.signing import SignedRequest, SigningScheme, verify

from . import api_keys, tokens
from .errors import SignatureWrong, Unauthorized
from .models import SeedData

__all__ = ["Principal", "authenticate", "explain_signature", "mint", "nanoseconds", "presented_key", "redact_header"]

ACCESS_TOKEN = "accesstoken"  # noqa: S105 (the name of a header)
AUTHORIZATION = "authorization"
SIGNATURE = "x-signature"
TIMESTAMP = "x-timestamp"
REFRESH_PATH = "/api/distributors/auth/refresh"
CONTENT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "generateAccessToken": "flow1st.token.content_type",
        "refreshAccessToken": "flow1st.token.refresh_content_type",
        "completeOrder": "flow1st.order.content_type",
    }
)
"""The requirement on an operation's media type, where it has one of its own."""

BASIC = "Basic and the base64 of API key, colon and API secret"
FORM = "AccessToken: Bearer TOKEN"
NAMES: Mapping[str, str] = MappingProxyType(
    {
        "secret": "the API secret",
        "signing_key": "the signing key",
        "webhook_token": "the token of webhooks",
        "token": "a token",
    }
)

# The published vector verifies with the signing key as the HMAC key; the page's prose says the opposite.
SCHEME = SigningScheme(parts=("timestamp", "body"), separator="", digest="sha256", encoding="hex")
HEX = re.compile("[0-9a-f]+", re.ASCII)
INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NANOSECONDS = 1_000_000_000
RECORDED = (
    "To send a documented or recorded request as it stands, freeze the clock at its time:"
    " flowproof clock --freeze --set and the timestamp."
)


@dataclass(frozen=True, slots=True)
class Principal:
    """
    The environment that a request acts for.

    Args:
        environment: ``staging`` or ``production``; empty for a refresh token, which its route judges.
        credential: The presented API key, access token or refresh token.
    """

    environment: str
    credential: Credential


def presented_key(request: ProviderRequest) -> str | None:
    """The access token, the API key or the refresh token that a request presents."""
    if request.path == REFRESH_PATH:
        return _refresh_token(request.body)
    token, authorization = bare_token(request.header(ACCESS_TOKEN) or ""), request.header(AUTHORIZATION)
    return token or _basic(authorization)[0] or bare_token(authorization or "") or None


def authenticate(request: ProviderRequest, context: ProviderContext) -> Principal:
    """
    Check a request's media type, credential and, for an order, its signature.

    Raises:
        WrongContentType: The media type is another.
        Unauthorized: API key, secret or token are missing, unknown or expired.
        SignatureWrong: An order has no valid signature.
    """
    operation = ctx.operation
    _check_media_type(
        request,
        operation.json_body or tokens.media_type(context.contract, operation),
        CONTENT_TYPES.get(operation.id, "flow1st.request.content_type"),
    )
    match operation.id:
        case "generateAccessToken":
            return _by_api_key(request, context)
        case "refreshAccessToken":
            return Principal(
                "", Credential(presented_key(request) or "")
            )  # tokens.refresh judges it once the body is read
        case "completeOrder":
            principal = _by_token(request, context)
            _check_signature(request, context, principal.credential)
            return principal
        case _:
            return _by_token(request, context)


def explain_signature(request: ProviderRequest, credential: Credential, at_hand: Iterable[Credential] = ()) -> str:
    """Why a signature does not verify, without the signing key; perhaps it was made with another secret ``at_hand``."""
    from flowproof.kernel.diagnosis import diagnose, render  # noqa: PLC0415 (most servers never explain a signature)

    signed, key = _signed_request(request), credential.secrets["signing_key"].encode("ascii", "replace")
    _sent_ns(signed.timestamp)
    others = {name: secret.encode() for name, secret in _named_secrets([credential, *at_hand])}
    return render(diagnose(SCHEME, signed, key, others))


def nanoseconds(timestamp: str) -> int | None:
    """Nanoseconds since 1970 of an ISO 8601 text with a zone, exactly; None for any other text."""
    found = INSTANT.fullmatch(timestamp)
    if found is None:
        return None
    try:
        second = datetime.fromisoformat(found[1] + found[3]) - EPOCH
    except (ValueError, OverflowError):
        return None
    return second // timedelta(seconds=1) * NANOSECONDS + int((found[2] or "").ljust(9, "0"))


def mint(rng: Random, seed: Any) -> tuple[Credential, ...]:
    """An API key for each environment, with its secret, its signing key, and the token that its webhooks carry."""
    return tuple(
        api_keys.draw(rng, role=environment["role"], environment=environment["name"])
        for environment in seed["environments"]
    )


def redact_header(name: str, value: str) -> str:
    """A header's value as the journal shows it: tokens, secrets and signatures are redacted."""
    if name == SIGNATURE:
        return "[signature]"
    if name == ACCESS_TOKEN:
        return "Bearer [redacted]" if value.startswith("Bearer ") else "[redacted]"
    if name == AUTHORIZATION:
        key, secret = _basic(value)
        return f"Basic {key}:[redacted]" if key and secret else "[redacted]"
    return value


def _check_media_type(request: ProviderRequest, expected: str, requirement: str) -> None:
    """Check the media type of every operation, GET included: the pages show the header for all of them."""
    sent = request.header("content-type")
    if (sent or "").partition(";")[0].strip().lower() != expected:
        raise WrongContentType([_finding("content-type", expected, sent or "nothing", requirement)])


def _by_api_key(request: ProviderRequest, context: ProviderContext) -> Principal:
    key, secret = _basic(request.header(AUTHORIZATION))
    credential = context.credential(key) if key else None
    right = credential.secrets.get("secret") if credential else None
    if credential is None or right is None or not hmac.compare_digest(right.encode(), (secret or "").encode()):
        got = "nothing" if request.header(AUTHORIZATION) is None else "another pair, or another form"
        if key and (why := context.revocation(key) or api_keys.replaced(context, key, secret or "")):
            got = f"a pair that was revoked: {why}"
            raise Unauthorized([_finding(AUTHORIZATION, BASIC, got, "flow1st.token.basic")])
        note = _about_secret(secret or "", context)
        raise Unauthorized([_finding(AUTHORIZATION, BASIC, got, "flow1st.token.basic")], note=note)
    return Principal(str(credential.public["environment"]), credential)


def _by_token(request: ProviderRequest, context: ProviderContext) -> Principal:
    token = _bearer(request.header(ACCESS_TOKEN))
    if token is None:
        got = "nothing" if request.header(ACCESS_TOKEN) is None else "another form"
        note = misread(request.header(ACCESS_TOKEN) or "", FORM, context.credential)
        requirement = "flow1st.auth.header"
        if request.header(AUTHORIZATION) is not None and request.header(ACCESS_TOKEN) is None:
            requirement, note = "flow1st.auth.authorization", "The access token belongs into the header AccessToken."
        raise Unauthorized([_finding(ACCESS_TOKEN, "Bearer and an access token", got, requirement)], note=note)
    credential = context.credential(token)
    if credential is None or credential.role != tokens.ACCESS:
        note = "" if credential else misread(request.header(ACCESS_TOKEN) or "", FORM, context.credential)
        why = context.revocation(token)
        got = f"one that was revoked: {why}" if why else "another"
        unknown = _finding(ACCESS_TOKEN, "an access token that was issued and is in use", got, "flow1st.auth.token")
        raise Unauthorized([unknown], note=note or ("" if why else _about_secret(token, context)))
    if not tokens.is_valid(credential, context.now):
        ended = f"one that expired at {credential.public['expires_at']}"
        raise Unauthorized([_finding(ACCESS_TOKEN, "a token that is still good", ended, "flow1st.token.expiry")])
    return Principal(str(credential.public["environment"]), credential)


def _check_signature(request: ProviderRequest, context: ProviderContext, token: Credential) -> None:
    key = api_keys.of_token(context, token)
    if key is None:
        raise Unauthorized([_finding(ACCESS_TOKEN, "a token of an API key", "another", "flow1st.auth.token")])
    signed = _signed_request(request)
    sent_ns = _sent_ns(signed.timestamp)
    if not verify(SCHEME, signed, key.secrets["signing_key"].encode()):
        raise SignatureWrong(
            [_finding(SIGNATURE, "the signature of this request", "another one", _requirement(signed.signature))],
            note=lambda: explain_signature(request, key, _at_hand(context)),
        )
    _check_window(sent_ns, SeedData(context.seed).settings.signature_window_s, context.now)


def _check_window(sent_ns: int, window_s: int | None, now: datetime) -> None:
    """Compare to the nanosecond. A timestamp exactly at the window's edge is accepted."""
    if window_s is None:
        return
    now_ns = (now - EPOCH) // timedelta(microseconds=1) * 1000
    if abs(now_ns - sent_ns) > window_s * NANOSECONDS:
        got = f"one {'behind' if sent_ns < now_ns else 'ahead of'} it by {_seconds(abs(now_ns - sent_ns))} s"
        finding = _finding(TIMESTAMP, f"a timestamp within {window_s} s of the clock", got, "flow1st.signature.window")
        note = f"The workspace's clock shows {now.isoformat(timespec='milliseconds')}. {RECORDED}"
        raise SignatureWrong([finding], note=note)


def _sent_ns(timestamp: str) -> int:
    """Nanoseconds of a request's timestamp; raises where it has another form."""
    sent_ns = nanoseconds(timestamp)
    if sent_ns is None:
        expected = "ISO 8601 with a zone and up to nine digits of a fraction"
        raise _wrong(TIMESTAMP, expected, "another form", "flow1st.signature.iso8601")
    return sent_ns


def _seconds(duration_ns: int) -> str:
    """Seconds with nine decimal places, without the rounding of a float."""
    return f"{duration_ns // NANOSECONDS}.{duration_ns % NANOSECONDS:09d}"


def _signed_request(request: ProviderRequest) -> SignedRequest:
    signature, timestamp = request.header(SIGNATURE), request.header(TIMESTAMP)
    if not signature:
        raise _wrong(SIGNATURE, "a signature", "nothing", "flow1st.signature.header")
    if not timestamp:
        raise _wrong(TIMESTAMP, "the timestamp that was signed", "nothing", "flow1st.signature.timestamp")
    token = _bearer(request.header(ACCESS_TOKEN)) or ""
    return SignedRequest.of(request, token=token, signature=signature, timestamp=timestamp, date_header=TIMESTAMP)


def _at_hand(context: ProviderContext) -> tuple[Credential, ...]:
    """The workspace's credentials: those in use, then those that were revoked."""
    return (*context.credentials(), *context.credentials(revoked=True))


def _named_secrets(credentials: Iterable[Credential]) -> Iterator[tuple[str, str]]:
    """Each secret with what it is, such as ``the API secret of staging``; of a revoked one also why it ended."""
    for each in credentials:
        environment = each.public.get("environment", each.role)
        ended = f", revoked: {each.revoked}" if each.revoked else ""
        for part, secret in each.secrets.items():
            yield f"{NAMES.get(part, part)} of {environment}{ended}", secret


def _about_secret(presented: str, context: ProviderContext) -> str:
    """Which secret it is that was presented in another one's place; empty where it is none."""
    text = presented.encode("utf-8", "surrogateescape")
    named = _named_secrets(_at_hand(context))
    found = next((name for name, secret in named if hmac.compare_digest(secret.encode(), text)), None)
    return f"What was presented is {found}." if found else ""


def _requirement(signature: str) -> str:
    """The requirement that a wrong signature breaks: on its form (lower-case hex), or on its value."""
    return "flow1st.signature.hmac" if HEX.fullmatch(signature) else "flow1st.signature.hex"


def _bearer(value: str | None) -> str | None:
    scheme, _, token = (value or "").partition(" ")
    return token if scheme == "Bearer" and token else None


def _basic(value: str | None) -> tuple[str | None, str | None]:
    """API key and API secret, or two Nones where the header has another form."""
    scheme, _, encoded = (value or "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    key, secret = basic_credentials(encoded) or (None, None)
    return (key, secret) if key else (None, None)


def _refresh_token(body: bytes) -> str | None:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    token = value.get("refreshToken") if isinstance(value, dict) else None
    return token if isinstance(token, str) and token else None


def _wrong(header: str, expected: str, got: str, requirement: str) -> SignatureWrong:
    return SignatureWrong([_finding(header, expected, got, requirement)])


def _finding(header: str, expected: str, got: str, requirement: str) -> Finding:
    return Finding("request.headers", f"/{header}", expected, got, requirement)
