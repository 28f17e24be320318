"""
The OAuth of Otter by another hand: Authlib's authorization server, with what the provider's documents ask of it.

Knows nothing of HTTP, pages and organizations: whoever calls it turns an `OAuth2Error` into an answer.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    AuthorizationServer,
    ClientMixin,
    InvalidScopeError,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge

USER_SCOPES = frozenset({"organization.read", "organization.service_integration"})
TOKEN_LIFETIME_S, CODE_LIFETIME_S = 2_627_999, 600


@dataclass(frozen=True, eq=False)
class Client(ClientMixin):
    """A partner's application."""

    name: str
    redirect_uris: Sequence[str]
    scopes: frozenset[str]
    id: str = field(default_factory=lambda: str(uuid4()))
    secret: str = field(default_factory=secrets.token_urlsafe)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret.encode(), self.secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type != "refresh_token"

    def get_allowed_scope(self, scope: Any) -> str:
        requested = set(scope.split())
        if not requested or not requested <= self.scopes & USER_SCOPES:
            raise InvalidScopeError
        return str(scope)


@dataclass(eq=False)
class Code(AuthorizationCodeMixin):
    """A code, and the token that it was exchanged for."""

    client: ClientMixin | None
    user: Any
    redirect_uri: str
    scope: str
    code_challenge: str | None
    code_challenge_method: str | None
    ends: float
    access_token: str | None = None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass(frozen=True, slots=True)
class Access:
    """What a token permits; `user` is None for an application's own."""

    client: Any
    user: Any
    scopes: frozenset[str]
    ends: float


class OAuthRequest(OAuth2Request):
    """A request as Authlib reads it; the address is the one that a proxy with TLS would have."""

    def __init__(self, method: str, authorization: str, parameters: dict[str, str]) -> None:
        super().__init__(method, "https://otter.example/", headers={"Authorization": authorization})
        self.payload = BasicOAuth2Payload(parameters)
        self._parameters = parameters

    @property
    def form(self) -> dict[str, str]:
        return self._parameters


def parameters(request: OAuth2Request) -> dict[str, str]:
    """What a request says, in its query or its form."""
    return request.payload.data if request.payload is not None else {}


class CodeGrant(AuthorizationCodeGrant):
    """The authorization code flow; an exchange may ask for fewer scopes than were granted."""

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        sent = parameters(request)
        self.server.codes[code] = Code(
            request.client,
            request.user,
            sent["redirect_uri"],
            sent["scope"],
            sent.get("code_challenge"),
            sent.get("code_challenge_method"),
            time.monotonic() + CODE_LIFETIME_S,
        )

    def query_authorization_code(self, code: str, client: ClientMixin) -> Code | None:
        found: Code | None = self.server.codes.get(code)
        if found is None or found.client is not client:
            return None
        if found.access_token is not None:  # a second time, however late: the first token is taken back
            self.server.tokens.pop(found.access_token, None)
            return None
        return found if found.ends > time.monotonic() else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """A code that was used is kept, so that a second use is seen: `save_token` marks it."""

    def authenticate_user(self, authorization_code: Code) -> Any:
        return authorization_code.user

    def create_token_response(self) -> Any:
        granted: str = self.request.authorization_code.get_scope()  # type: ignore[union-attr]  # (the validation found it)
        requested = set(parameters(self.request)["scope"].split())
        if not requested or not requested <= set(granted.split()):
            raise InvalidScopeError
        return super().create_token_response()

    def generate_token(self, user: Any = None, scope: str | None = None, *_: Any, **__: Any) -> dict[str, str | int]:
        return super().generate_token(user, parameters(self.request)["scope"], include_refresh_token=False)


class OwnGrant(ClientCredentialsGrant):
    """An application's own token, which has none of a user's scopes."""

    TOKEN_ENDPOINT_AUTH_METHODS = AuthorizationCodeGrant.TOKEN_ENDPOINT_AUTH_METHODS

    def validate_requested_scope(self) -> None:
        requested = set(parameters(self.request)["scope"].split())
        if not requested or not requested <= self.client.scopes - USER_SCOPES:
            raise InvalidScopeError


class OAuth(AuthorizationServer):
    """Clients, codes and tokens."""

    def __init__(self, clients: Sequence[Client]) -> None:
        super().__init__()
        self.clients = {each.id: each for each in clients}
        self.codes: dict[str, Code] = {}
        self.tokens: dict[str, Access] = {}
        self.register_grant(CodeGrant, [CodeChallenge(required=False)])
        self.register_grant(OwnGrant)

    def query_client(self, client_id: str) -> Any:
        return self.clients.get(client_id)

    def generate_token(self, grant_type: str, client: ClientMixin, *_: Any, **settings: Any) -> dict[str, str | int]:
        return {
            "access_token": f"{secrets.token_urlsafe(12)}.{secrets.token_urlsafe(32)}",
            "expires_in": TOKEN_LIFETIME_S,
            "scope": " ".join(sorted(set(settings["scope"].split()), reverse=True)),
            "token_type": "bearer",
        }

    def save_token(self, token: dict[str, str | int], request: OAuth2Request) -> None:
        access_token, scopes = str(token["access_token"]), frozenset(str(token["scope"]).split())
        ends = time.monotonic() + TOKEN_LIFETIME_S
        self.tokens[access_token] = Access(request.client, request.user, scopes, ends)
        if request.authorization_code is not None:
            request.authorization_code.access_token = access_token

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""
