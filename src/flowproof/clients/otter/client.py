"""
The client of Otter (CloudKitchens): onboarding of a user's stores over OAuth 2.0.

    with Otter.production(client_id, client_secret, redirect_uri="https://us.example/callback") as otter:
        asked = otter.authorization()                    # send the user's browser to asked.url, keep asked
        done = otter.onboard(asked, callback_url, choose=first_store, our_store_id="kitchen-42")

Source:
    seeds/001. What is seen, not documented: providers/otter.md.
"""

import base64
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Literal, Self, Unpack

import requests

from flowproof.clients.client import Client, CommonSettings, base_url_of, utc_now
from flowproof.clients.otter.authorization import ONBOARDING, Authorization
from flowproof.clients.otter.problems import problem
from flowproof.clients.otter.results import Onboarded, Token
from flowproof.clients.otter.user import Choose, OtterUser
from flowproof.clients.retry import TRANSIENT, Retry
from flowproof.clients.transport import Call, as_it_is
from flowproof.errors import ConfigurationError

__all__ = ["PATIENT", "PRODUCTION_URL", "STAGING_URL", "Otter", "Settings"]

PRODUCTION_URL = "https://partners.cloudkitchens.com"
STAGING_URL = "https://partners-staging.cloudkitchens.com"
PATIENT = Retry(statuses=TRANSIENT | {401})
"""Retries a 401, too: the provider warns of occasional ones for valid tokens, and advises it."""

TOKEN_PATH = "/v1/auth/token"  # noqa: S105 - a path


class Settings(CommonSettings, total=False):
    """What can be set beside URL and credentials; `Otter` says what each means."""

    redirect_uri: str | None
    client_authentication: Literal["basic", "body"]


class Otter(Client):
    """
    A partner's application at Otter.

    5XX and 429 are retried for every call, as the provider asks. A lost answer is retried for reads only: a code that
    is exchanged twice takes back the token, a connection may have been made.

    Args:
        base_url: URL before `/v1` and `/organization`.
        client_id: The application's id.
        client_secret: Never shown.
        redirect_uri: Where users come back; registered at the provider, character for character.
        client_authentication: How id and secret go to the token endpoint: HTTP Basic, or in the body.
        timeout_s: Longest wait for a connection, and for each next piece of an answer.
        retry: When to send again; see also `PATIENT`.
        session: Session to use; a new one by default.
        now: The present, aware.
        sleep: Waits that many seconds.
        chance: Source of the retry's jitter.

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
        timeout_s: float = 10.0,
        retry: Retry = Retry(),  # noqa: B008 - a frozen value
        session: requests.Session | None = None,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        rng: Random | None = None,
    ) -> None:
        super().__init__(
            base_url_of(base_url, of="The Otter client's base_url", such_as=PRODUCTION_URL),
            api="Otter",
            problem=problem,
            timeout_s=timeout_s,
            retry=retry,
            session=session,
            now=now,
            sleep=sleep,
            rng=rng,
        )
        if not client_id or not client_secret:
            raise ConfigurationError("The Otter client id or secret is empty.", "Copy both from the Developer Portal.")
        self.client_id = client_id
        self._client_secret = client_secret
        self.redirect_uri = redirect_uri
        self.client_authentication = client_authentication

    @classmethod
    def production(cls, client_id: str, client_secret: str, **settings: Unpack[Settings]) -> Self:
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

    def exchange(self, asked: Authorization, callback_url: str, *, scopes: Sequence[str] | None = None) -> Token:
        """
        The token for the code that a user brought back.

        Args:
            asked: The request that they answered.
            callback_url: The whole address that their browser was sent to.
            scopes: Fewer than were granted; by default all that were asked for.

        Raises:
            CallbackRefused: The callback answers another request.
            AuthorizationDenied: The user said no.
            Refused: The code cannot be used: too old, or used before.
            Unauthorized: Id or secret are wrong.
        """
        code = asked.code_from(callback_url)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked.redirect_uri,
            "scope": " ".join(asked.scopes if scopes is None else scopes),
        }
        if asked.verifier is not None:
            form["code_verifier"] = asked.verifier
        return self._token(form, hidden=(code, asked.verifier or ""))

    def application_token(self, scopes: Sequence[str]) -> Token:
        """A token for the application itself, which reaches no organization endpoint."""
        return self._token({"grant_type": "client_credentials", "scope": " ".join(scopes)}, hidden=())

    def as_user(self, token: Token) -> OtterUser:
        """The organization operations with a token."""
        return OtterUser(self._transport, token, self.retry)

    def onboard(
        self, asked: Authorization, callback_url: str, *, choose: Choose, our_store_id: str, replace: bool = False
    ) -> Onboarded:
        """
        Everything after the user came back: the exchange, the structure, the choice, the connection.

        Args:
            asked: The request for permission that they answered.
            callback_url: The whole address that their browser was sent to.
            choose: Picks brand and store; see `OtterUser.onboard`.
            our_store_id: Our own identifier of the store.
            replace: Whether a connection under another identifier is to be replaced.
        """
        user = self.as_user(self.exchange(asked, callback_url))
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
        call = Call("POST", TOKEN_PATH, headers=headers, form=form, hidden=secrets, auth=as_it_is)
        # A 401 says here that id or secret are wrong, which no repetition changes.
        retry = replace(self.retry, statuses=self.retry.statuses - {401})
        return Token.read(self._transport.send(call, retry).node(), now=self._now())
