"""
The client of Otter (CloudKitchens): onboarding of a user's stores over OAuth 2.0.

    with Otter.production(client_id, client_secret, redirect_uri="https://us.example/callback") as otter:
        request = otter.authorization()                  # send the user's browser to request.url, keep request
        done = otter.onboard(request, callback_url, choose=first_store, our_store_id="kitchen-42")

Source:
    seeds/001. What is seen, not documented: providers/otter.md.
"""

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Self, Unpack

from flowproof.clients.client import Client, ClientSettings, normalized_base_url
from flowproof.clients.otter.authorization import ONBOARDING, Authorization
from flowproof.clients.otter.problems import problem
from flowproof.clients.otter.results import Onboarded, Token
from flowproof.clients.otter.user import Choose, OtterUser
from flowproof.clients.retry import TRANSIENT, Retry
from flowproof.clients.transport import Call, without_netrc
from flowproof.errors import ConfigurationError

__all__ = ["PRODUCTION_URL", "RETRY_WITH_401", "STAGING_URL", "Otter", "OtterSettings"]

PRODUCTION_URL = "https://partners.cloudkitchens.com"
STAGING_URL = "https://partners-staging.cloudkitchens.com"
RETRY_WITH_401 = Retry(statuses=TRANSIENT | {401})
"""Retries a 401, too: the provider warns of occasional ones for valid tokens, and advises it."""

TOKEN_PATH = "/v1/auth/token"  # noqa: S105 - a path


class OtterSettings(ClientSettings, total=False):
    """Settings of `Otter`."""

    redirect_uri: str | None
    client_authentication: Literal["basic", "body"]


class Otter(Client):
    """
    A partner's application at Otter.

    5XX and 429 are retried for every call, as the provider asks. A lost response is retried for reads only: a code that
    is exchanged twice takes back the token, a connection may have been made.

    Args:
        base_url: URL before `/v1` and `/organization`.
        client_id: The application's id.
        client_secret: Never shown.
        redirect_uri: Where users come back; registered at the provider, character for character.
        client_authentication: How id and secret go to the token endpoint: HTTP Basic, or in the body.
        settings: See `ClientSettings`.

    Raises:
        ConfigurationError: The URL or the credentials cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        redirect_uri: str | None = None,
        client_authentication: Literal["basic", "body"] = "basic",
        **settings: Unpack[ClientSettings],
    ) -> None:
        super().__init__(
            normalized_base_url(base_url, of="The Otter client's base_url", such_as=PRODUCTION_URL),
            api="Otter",
            problem=problem,
            **settings,
        )
        if not client_id or not client_secret:
            raise ConfigurationError("The Otter client id or secret is empty.", "Copy both from the Developer Portal.")
        self.client_id = client_id
        self._client_secret = client_secret
        self.redirect_uri = redirect_uri
        self.client_authentication = client_authentication

    @classmethod
    def production(cls, client_id: str, client_secret: str, **settings: Unpack[OtterSettings]) -> Self:
        """A client of the production host."""
        return cls(PRODUCTION_URL, client_id, client_secret, **settings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r}, client_id={self.client_id!r})"

    def authorization(
        self, scopes: Sequence[str] = ONBOARDING, *, state: str | None = None, with_challenge: bool = True
    ) -> Authorization:
        """
        A new request for a user's permission: send their browser to its `url`, and keep it until they come back.

        Raises:
            ConfigurationError: The client has no redirect URI.
        """
        if self.redirect_uri is None:
            raise ConfigurationError("The Otter client has no redirect_uri.", "Give the one that is registered.")
        return Authorization.prepare(
            self.base_url,
            self.client_id,
            self.redirect_uri,
            tuple(scopes),
            state=state,
            with_challenge=with_challenge,
        )

    def exchange(
        self, authorization: Authorization, callback_url: str, *, scopes: Sequence[str] | None = None
    ) -> Token:
        """
        The token for the code that a user brought back.

        Args:
            authorization: The request that they answered.
            callback_url: The whole address that their browser was sent to.
            scopes: Fewer than were granted; by default all that were requested.

        Raises:
            CallbackRefused: The callback answers another request.
            AuthorizationDenied: The user denied.
            Refused: The code cannot be used: too old, or used before.
            Unauthorized: Id or secret are wrong.
        """
        code = authorization.code_from(callback_url)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": authorization.redirect_uri,
            "scope": " ".join(authorization.scopes if scopes is None else scopes),
        }
        if authorization.verifier is not None:
            form["code_verifier"] = authorization.verifier
        return self._token(form, hidden=(code, authorization.verifier or ""))

    def application_token(self, scopes: Sequence[str]) -> Token:
        """A token for the application itself, which reaches no organization endpoint."""
        return self._token({"grant_type": "client_credentials", "scope": " ".join(scopes)}, hidden=())

    def as_user(self, token: Token) -> OtterUser:
        """The organization operations with a token."""
        return OtterUser(self._transport, token, self.retry)

    def onboard(
        self,
        authorization: Authorization,
        callback_url: str,
        *,
        choose: Choose,
        our_store_id: str,
        replace: bool = False,
    ) -> Onboarded:
        """
        Everything after the user came back: the exchange, the structure, the choice, the connection.

        Args:
            authorization: The request for permission that they answered.
            callback_url: The whole address that their browser was sent to.
            choose: Picks brand and store; see `OtterUser.onboard`.
            our_store_id: Our own identifier of the store.
            replace: Whether a connection under another identifier is to be replaced.
        """
        user = self.as_user(self.exchange(authorization, callback_url))
        return user.onboard(choose, our_store_id=our_store_id, replace=replace)

    def _token(self, form: dict[str, str], *, hidden: tuple[str, ...]) -> Token:
        headers = {}
        if self.client_authentication == "basic":
            pair = base64.b64encode(f"{self.client_id}:{self._client_secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
            hidden = (*hidden, pair)
        else:
            form = {**form, "client_id": self.client_id, "client_secret": self._client_secret}
        secrets = (self._client_secret, *hidden)
        call = Call("POST", TOKEN_PATH, headers=headers, form=form, hidden=secrets, auth=without_netrc)
        # A 401 says here that id or secret are wrong, which no repetition changes.
        retry = replace(self.retry, statuses=self.retry.statuses - {401})
        return Token.read(self._transport.read(call, retry), now=self._now())
