"""
A client's authorization request to a user: the URL to send them to, and the callback.

Knows no HTTP client and shares no code with a mock.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Self
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from flowproof.clients.errors import ClientError

__all__ = ["ONBOARDING", "Authorization", "AuthorizationDenied", "CallbackRefused", "challenge_of"]

ONBOARDING = ("organization.read", "organization.service_integration")
"""What onboarding a store needs: to read the structure, and to manage the connection."""

PATH = "/v1/auth/oauth2/authorize"


@dataclass(eq=False)
class AuthorizationDenied(ClientError):
    """
    The user came back without a permission. `code` is the provider's word, such as `access_denied` or `invalid_scope`.
    """

    def __str__(self) -> str:
        return f"the request for authorization came back with {self.code}: {self.message}"


@dataclass(eq=False)
class CallbackRefused(ClientError):
    """A request to the redirect URI with another state or without a code. It must not be used."""

    def __str__(self) -> str:
        return f"the callback does not answer this request for authorization: {self.message}"


@dataclass(frozen=True, slots=True)
class Authorization:
    """
    A request for a user's permission. Keep it with the user's session until they come back.

    Args:
        url: Where to send the user's browser.
        redirect_uri: Where they come back.
        scopes: Requested.
        state: Comes back unchanged; a callback with another state is refused.
        verifier: Of PKCE; None without. Secret until the exchange.
    """

    url: str = field(repr=False)
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str = field(repr=False)
    verifier: str | None = field(repr=False)

    @classmethod
    def prepare(
        cls,
        base_url: str,
        client_id: str,
        redirect_uri: str,
        scopes: tuple[str, ...],
        *,
        state: str | None = None,
        with_challenge: bool = True,
    ) -> Self:
        """
        Make a new request.

        Args:
            base_url: URL before `/v1`.
            client_id: The application's id.
            redirect_uri: Registered, character for character.
            scopes: Requested.
            state: By default a random one, as RFC 6749, 10.12, requires.
            with_challenge: Whether to use PKCE (RFC 7636) with S256.
        """
        chosen, verifier = state or secrets.token_urlsafe(24), secrets.token_urlsafe(48) if with_challenge else None
        query = {
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(scopes),
            "state": chosen,
        }
        if verifier is not None:
            query |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        url = f"{base_url}{PATH}?{urlencode(query, quote_via=quote)}"
        return cls(url, redirect_uri, scopes, chosen, verifier)

    def code_from(self, callback_url: str) -> str:
        """
        Read the code from a callback.

        Args:
            callback_url: The whole address that the browser was sent to, or its query.

        Raises:
            CallbackRefused: It belongs to another request, or has no code.
            AuthorizationDenied: The user or the provider denied.
        """
        query = urlsplit(callback_url).query or callback_url.rpartition("?")[2]
        fields = parse_qs(query, keep_blank_values=True)
        state = fields.get("state", [])
        if len(state) != 1 or not compare_digest(state[0].encode(), self.state.encode()):
            raise CallbackRefused("GET", PATH, None, "its state is missing or not the one that was sent")
        if "error" in fields:
            text = fields.get("error_description", ["the provider gave no description"])[0]
            raise AuthorizationDenied("GET", PATH, None, text, fields["error"][0])
        code = fields.get("code", [])
        if len(code) != 1 or not code[0]:
            raise CallbackRefused("GET", PATH, None, "it has no code, or several")
        return code[0]


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).decode().rstrip("=")
