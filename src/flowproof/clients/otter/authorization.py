"""
Asking a user for permission, as a client does it: the address to send them to, and what comes back with them.

Knows no HTTP client; shares nothing with any mock.
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
    """What came to the redirect URI does not answer our request: another state, or no code. It must not be used."""

    def __str__(self) -> str:
        return f"the callback does not answer this request for authorization: {self.message}"


@dataclass(frozen=True, slots=True)
class Authorization:
    """
    One request for a user's permission. Keep it, with the user's session, until they come back.

    Args:
        url: Where to send the user's browser.
        redirect_uri: Where they will come back.
        scopes: What is asked for.
        state: Comes back unmodified; another one is somebody else's answer.
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
        A new request.

        Args:
            base_url: URL before `/v1`.
            client_id: Who asks.
            redirect_uri: Registered, character for character.
            scopes: What for.
            state: By default a random one, as RFC 6749, 10.12, wants it.
            with_challenge: Whether to use PKCE (RFC 7636) with S256.
        """
        chosen, verifier = state or secrets.token_urlsafe(24), secrets.token_urlsafe(48) if with_challenge else None
        asked = {
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(scopes),
            "state": chosen,
        }
        if verifier is not None:
            asked |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        url = f"{base_url}{PATH}?{urlencode(asked, quote_via=quote)}"
        return cls(url, redirect_uri, scopes, chosen, verifier)

    def code_from(self, callback_url: str) -> str:
        """
        The code that the user brought back.

        Args:
            callback_url: The whole address that the browser was sent to, or its query.

        Raises:
            CallbackRefused: It answers another request, or has no code.
            AuthorizationDenied: The user, or the provider, said no.
        """
        query = urlsplit(callback_url).query or callback_url.rpartition("?")[2]
        brought = parse_qs(query, keep_blank_values=True)
        state = brought.get("state", [])
        if len(state) != 1 or not compare_digest(state[0].encode(), self.state.encode()):
            raise CallbackRefused("GET", PATH, None, "its state is missing or not the one that was sent")
        if "error" in brought:
            told = brought.get("error_description", ["the provider gave no description"])[0]
            raise AuthorizationDenied("GET", PATH, None, told, brought["error"][0])
        code = brought.get("code", [])
        if len(code) != 1 or not code[0]:
            raise CallbackRefused("GET", PATH, None, "it has no code, or several")
        return code[0]


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).decode().rstrip("=")
