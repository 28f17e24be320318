"""Authenticates an application by Basic or form, or a user by bearer token."""

import hmac
from collections.abc import Mapping
from random import Random
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from flowproof.conformance import Finding
from flowproof.kernel import Credential, ProviderContext, ProviderRequest, hex_id
from flowproof.kernel.http.authorization import bare_token, basic_credentials, misread
from flowproof.kernel.http.pairs import first_value, read_pairs
from flowproof.kernel.time.clock import microseconds

from .errors import Forbidden, Malformed, Unauthorized
from .models import READ, SERVICE_INTEGRATION, AccessToken, Client, Principal, SeedData
from .records import Permissions, digest
from .rules import is_usable

__all__ = [
    "authenticate",
    "authenticate_client",
    "find_client",
    "is_authenticated",
    "mint",
    "presented_key",
    "redact_header",
]

AUTH_PATHS = "/v1/auth/"
FORM = "application/x-www-form-urlencoded"
SECRET_HEADERS = ("authorization", "cookie", "set-cookie")


def presented_key(request: ProviderRequest) -> str | None:
    """The key that finds the workspace: a bearer token's digest, or the client id of Basic, query or form."""
    scheme, presented = _authorization(request)
    if scheme == "bearer":
        return digest(bare_token(presented))
    if scheme == "basic" and (pair := _basic(presented)):
        return pair[0]
    if request.path.startswith(AUTH_PATHS):
        return first_value(request.wire.query, "client_id") or (
            first_value(request.body.decode("latin-1"), "client_id") if _is_form(request) else None
        )
    bare = bare_token(request.header("authorization") or "")
    return digest(bare) if bare else None


def authenticate(request: ProviderRequest, context: ProviderContext) -> Principal | None:
    """
    The user and application of a request to an organization endpoint; None for the endpoints below /v1/auth.

    Raises:
        Unauthorized: There is no token, or it cannot be used.
        Forbidden: The token is valid, but not for this operation.
    """
    if request.path.startswith(AUTH_PATHS):
        return None
    scheme, presented = _authorization(request)
    if scheme != "bearer" or not presented:
        got = "another form" if scheme else "nothing"
        raise Unauthorized([_header("Bearer and a token", got, "otter.access.bearer")], note=_misread(request, context))
    key = digest(presented)
    token = Permissions(context.state).token(key)
    if token is None and (note := _misread(request, context)):
        raise Unauthorized([_header("Bearer and a token", "another form", "otter.access.token_known")], note=note)
    token = _usable_token(token, context)
    if context.credential(key) is None:
        raise Unauthorized(
            [_header("a token of this workspace", "one of another", "otter.access.token_known")],
            note="The token came here with a snapshot; it opens the workspace that issued it.",
        )
    user = SeedData(context.seed).user(token.user)
    needed = SERVICE_INTEGRATION if request.path.endswith("/connection") else READ
    if token.user is None:
        raise Forbidden(
            [
                _header(
                    "a token of the authorization code flow", "one of client credentials", "otter.access.client_token"
                )
            ],
            note="The organization endpoints act for a user: send the user through /v1/auth/oauth2/authorize first.",
        )
    if user is None:
        raise Unauthorized([_header("the token of a user", "one whose user is gone", "otter.access.token_known")])
    if needed not in token.scopes:
        scopes = " ".join(token.scopes)
        requirement = "otter.access.read" if needed == READ else "otter.access.service_integration"
        raise Forbidden([_header(f"a token with the scope {needed}", f"one with {scopes}", requirement)])
    return Principal(token.client_id, user)


def _usable_token(token: AccessToken | None, context: ProviderContext) -> AccessToken:
    if token is None:
        raise Unauthorized(
            [_header("a token of this workspace", "one it does not know", "otter.access.token_known")],
            note="The token was never issued here, or ended more than a day ago.",
        )
    now_us = microseconds(context.now)
    if is_usable(token, now_us=now_us):
        return token
    if token.is_revoked:
        raise Unauthorized(
            [_header("a token in use", "one that was revoked", "otter.token.code_reuse_revokes")],
            note="The token was revoked, because the code that it was exchanged for was presented a second time.",
        )
    late_s = (now_us - token.expires_us) / 1_000_000
    raise Unauthorized(
        [_header("a token in time", f"one that ended {late_s:g} s ago", "otter.token.lifetime")],
        note="The token has expired on the workspace's clock. There is no refresh token: ask the user again.",
    )


def authenticate_client(request: ProviderRequest, form: Mapping[str, str], context: ProviderContext) -> Client:
    """
    The application that requests a token.

    Raises:
        Malformed: It authenticates in two ways at once.
        Unauthorized: It is unknown, or its secret is missing or wrong.
    """
    scheme, presented = _authorization(request)
    if scheme:
        pair = _basic(presented) if scheme == "basic" else None
        if pair is None:
            raise Unauthorized(
                [_header("Basic with client id and secret", "another header", "otter.token.client_known")]
            )
        if "client_secret" in form or form.get("client_id", pair[0]) != pair[0]:
            finding = Finding(
                "request.body", "/client_secret", "one way to authenticate", "two", "otter.token.client_one_way", "rule"
            )
            raise Malformed([finding], note="Client id and secret stand in the Authorization header and in the body.")
        return _checked_client(*pair, context)
    if "client_id" not in form or "client_secret" not in form:
        finding = Finding(
            "request.body",
            "/client_secret",
            "client id and secret, here or as Basic",
            "less",
            "otter.token.client_known",
            "rule",
        )
        raise Unauthorized(
            [finding], note="Neither the Authorization header nor the body has a client id and a secret."
        )
    return _checked_client(form["client_id"], form["client_secret"], context)


def _checked_client(client_id: str, secret: str, context: ProviderContext) -> Client:
    client, credential = find_client(client_id, context), context.credential(client_id)
    known = credential.secrets["secret"] if client and credential else ""
    if client is None or not hmac.compare_digest(known.encode(), secret.encode("utf-8", "surrogateescape")):
        wrong = "a client_id it does not know" if client is None else "another secret"
        finding = Finding(
            "request.body", "/client_id", "a client of this workspace", wrong, "otter.token.client_known", "rule"
        )
        raise Unauthorized([finding], note=_about_client(client, secret, context))
    return client


def _about_client(client: Client | None, secret: str, context: ProviderContext) -> str:
    """Why a client is not who it says, and whose the presented secret is where it is another's."""
    if client is None:
        return "This workspace has no client of that id."
    others = (each for each in context.credentials() if each.secrets.get("secret"))
    presented = secret.encode("utf-8", "surrogateescape")
    for each in others:
        if hmac.compare_digest(each.secrets["secret"].encode(), presented):
            return f"The client exists, but the secret is that of another client, with the role {each.role}."
    return "The client exists, its secret is another."


def _misread(request: ProviderRequest, context: ProviderContext) -> str:
    permissions = Permissions(context.state)
    presented = request.header("authorization") or ""
    return misread(presented, "Authorization: Bearer TOKEN", lambda token: permissions.token(digest(token)))


def find_client(client_id: str, context: ProviderContext) -> Client | None:
    credential = context.credential(client_id)
    return SeedData(context.seed).client(client_id, credential.role) if credential else None


def is_authenticated(request: ProviderRequest, context: ProviderContext) -> bool:
    """Whether a request presents a usable token or a client's secret. The rate limits depend on it."""
    scheme, presented = _authorization(request)
    if scheme == "bearer":
        token = Permissions(context.state).token(digest(presented))
        return token is not None and is_usable(token, now_us=microseconds(context.now))
    try:
        form = dict(read_pairs(request.body.decode("latin-1"))) if _is_form(request) else {}
        authenticate_client(request, form, context)
    except (Malformed, Unauthorized, ValueError):  # ValueError: more fields than are read
        return False
    return True


def mint(rng: Random, seed: Any) -> tuple[Credential, ...]:
    """A client id and a secret for each application of the seed data."""
    return tuple(
        Credential(
            key=str(UUID(int=rng.getrandbits(128), version=4)),
            role=client["role"],
            public={"client": client["name"], "redirect_uri": client["redirect_uris"][0], "scopes": client["scopes"]},
            secrets={"secret": hex_id(rng, 40)},
        )
        for client in seed["clients"]
    )


def redact_header(name: str, value: str) -> str:
    """A header's value as the journal shows it: a credential or cookie is redacted, its kind stays."""
    if name not in SECRET_HEADERS:
        return value
    kind, separator, _ = value.partition(" " if name == "authorization" else "=")
    return f"{kind}{separator}[redacted]" if separator else "[redacted]"


def _authorization(request: ProviderRequest) -> tuple[str, str]:
    """The scheme in lower case, and the rest of the header."""
    scheme, _, presented = (request.header("authorization") or "").strip().partition(" ")
    return scheme.lower(), presented.strip()


def _basic(presented: str) -> tuple[str, str] | None:
    """
    Client id and secret of a Basic header.

    RFC 6749, 2.3.1, percent-encodes both as in a form. The mock's ids and secrets have no character that this
    changes, so clients that do not encode them work too.
    """
    pair = basic_credentials(presented)
    return (unquote_plus(pair[0]), unquote_plus(pair[1])) if pair else None


def _is_form(request: ProviderRequest) -> bool:
    return (request.header("content-type") or "").partition(";")[0].strip().lower() == FORM


def _header(expected: str, got: str, requirement: str) -> Finding:
    return Finding("request.headers", "/authorization", expected, got, requirement, "rule")
