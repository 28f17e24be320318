"""
The client of Dots.eco's flow cards: gift cards for environmental impact. Shares no code with any mock.

    with DotsEco.production(token) as dots_eco:
        card = dots_eco.create_card("1-f2b086b3", "123kdfgf", recipient_email="jane@example.com")

Source:
    seeds/003. The list, the balance and the two kinds of tokens are seen on other pages: providers/dots_eco.md.
"""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from random import Random
from typing import Self, Unpack

import requests

from flowproof.clients.answers import Node
from flowproof.clients.client import Client, CommonSettings, base_url_of, token_of, utc_now
from flowproof.clients.dots_eco.problems import problem
from flowproof.clients.dots_eco.results import FlowCard, Offer
from flowproof.clients.retry import Retry
from flowproof.clients.transport import Call, json_bytes, path_of

__all__ = ["PRODUCTION_URL", "DotsEco", "Settings"]

PRODUCTION_URL = "https://impact.dots.eco"


class Settings(CommonSettings, total=False):
    """What can be set beside URL and tokens; `DotsEco` says what each means."""


class DotsEco(Client):
    """
    A client of Dots.eco's flow cards.

    Reads are retried after 429, 5XX and a lost answer. A card is asked for again after 429 only: after anything else it
    may have been bought, and the provider documents nothing by which it would know the same request again.
    Redirects are not followed: another host must not see the token.

    `session` is public: mount adapters, add hooks, set proxies or certificates on it as on any `requests` session.

    Args:
        base_url: URL before `/api/v1`; a trailing `/api/v1` or slash is taken off.
        token: The auth-token that buys; never shown.
        read_token: A read-only auth-token for list and balance; by default `token`.
        timeout_s: Longest wait for a connection, and for each next piece of an answer.
        retry: When to send again.
        session: Session to use; a new one by default.
        now: The present, aware.
        sleep: Waits that many seconds.
        chance: Source of the retry's jitter.

    Raises:
        ConfigurationError: The URL or a token cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        read_token: str | None = None,
        *,
        timeout_s: float = 10.0,
        retry: Retry = Retry(),  # noqa: B008 - a frozen value
        session: requests.Session | None = None,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        rng: Random | None = None,
    ) -> None:
        super().__init__(
            base_url_of(base_url, of="The Dots.eco client's base_url", below="/api/v1", such_as=PRODUCTION_URL),
            api="Dots.eco",
            problem=problem,
            timeout_s=timeout_s,
            retry=retry,
            session=session,
            now=now,
            sleep=sleep,
            rng=rng,
        )
        self._token = _usable(token, "token")
        self._read_token = self._token if read_token is None else _usable(read_token, "read_token")

    @classmethod
    def production(cls, token: str, read_token: str | None = None, **settings: Unpack[Settings]) -> Self:
        """A client of the production host."""
        return cls(PRODUCTION_URL, token, read_token, **settings)

    def create_card(
        self,
        app_token: str,
        sku: str,
        *,
        expiration_date: date | str | None = None,
        recipient_email: str | None = None,
        recipient_name: str | None = None,
        sender_name: str | None = None,
        message: str | None = None,
    ) -> FlowCard:
        """
        Buy a card. What is None is not sent.

        Args:
            app_token: Of the application on whose account it is.
            sku: What to buy: see `cards`.
            expiration_date: Its last day, from tomorrow to five years on; by default five years on.
            recipient_email: A valid address.
            recipient_name: Name of the recipient.
            sender_name: The provider's `from`.
            message: Any text.

        Raises:
            ValidationFailed: Parameters are at fault; `validations` has each, by its name.
            Forbidden: The token's holder does not manage the application, or its company may not buy.
            Unreachable: The answer was lost. The card may have been bought; it is not asked for again.
        """
        parameters = {
            "app_token": app_token,
            "sku": sku,
            "expiration_date": _day(expiration_date),
            "recipient_email": recipient_email,
            "recipient_name": recipient_name,
            "from": sender_name,
            "message": message,
        }
        return self.create_card_from({name: value for name, value in parameters.items() if value is not None})

    def create_card_from(self, body: object) -> FlowCard:
        """
        Buy a card with a body of one's own: any JSON value, as it is.

        Raises:
            ClientError: As of `create_card`.
        """
        careful = replace(self.retry, statuses=self.retry.statuses & {429})
        call = Call("POST", path_of("api", "v1", "flow-card", "add"), body=json_bytes(body))
        node = self._answered(call, self._token, careful)
        if node.members().get("success") is not True:
            raise node.answer.unexpected("/success", "is not true")
        return FlowCard.read(node.child("response"))

    def cards(self, app_token: str) -> tuple[Offer, ...]:
        """
        The flow cards that an application can buy.

        Raises:
            Forbidden: There is no such application, it is not managed by the token's holder, or may not buy.
        """
        node = self._read("flow-card", "list", app_token)
        if not isinstance(node.value, list):
            raise node.answer.unexpected("", "is not a list")
        return tuple(Offer.read(Node(each, f"/{index}", node.answer)) for index, each in enumerate(node.value))

    def balance(self, app_token: str) -> float:
        """
        The balance of an application; the provider does not say in which unit.

        Raises:
            NotFound: There is no such application.
            Forbidden: It is not managed by the token's holder, or its company is not activated.
        """
        node = self._read("application-balance", app_token)
        value = node.members().get("balance")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise node.answer.unexpected("/balance", "is no number")
        return value

    def _read(self, *path: str) -> Node:
        call = Call("GET", path_of("api", "v1", *path), resend_lost=True)
        return self._answered(call, self._read_token, self.retry)

    def _answered(self, call: Call, token: str, retry: Retry) -> Node:
        """The JSON that answers a call, with as many attempts as it may have; bodiless ones name JSON's type too."""
        headers = {"Content-Type": "application/json", "auth-token": token}
        authorized = replace(call, headers=headers, hidden=(self._token, self._read_token))
        return self._transport.send(authorized, retry).node()


def _usable(token: str, name: str) -> str:
    return token_of(token, of=f"The Dots.eco client's {name}", fix="Give it as the page Edit Company shows it.")


def _day(given: date | str | None) -> str | None:
    """A date as the provider reads it; a text as it is."""
    return date(given.year, given.month, given.day).isoformat() if isinstance(given, date) else given
