"""
The client of Dots.eco's flow cards: gift cards for environmental impact. Shares no code with any mock.

    with DotsEco.production(token) as dots_eco:
        card = dots_eco.create_card("1-f2b086b3", "123kdfgf", recipient_email="jane@example.com")

Source:
    seeds/003. The list, the balance and the two kinds of tokens are seen on other pages: providers/dots_eco.md.
"""

import math
from dataclasses import replace
from datetime import date
from typing import Self, Unpack

from flowproof.clients.client import Client, ClientSettings, checked_token, normalized_base_url
from flowproof.clients.dots_eco.problems import problem
from flowproof.clients.dots_eco.results import FlowCard, Offer
from flowproof.clients.responses import JsonNode
from flowproof.clients.retry import Retry
from flowproof.clients.transport import Call, json_bytes, path_of

__all__ = ["PRODUCTION_URL", "DotsEco"]

PRODUCTION_URL = "https://impact.dots.eco"


class DotsEco(Client):
    """
    A client of Dots.eco's flow cards.

    Reads are retried after 429, 5XX and a lost response. A request for a card is retried after 429 only: otherwise the
    card may have been bought, and the provider documents no way to recognise a repeated request.
    Redirects are not followed: another host must not see the token.

    Args:
        base_url: URL before `/api/v1`; a trailing `/api/v1` or slash is taken off.
        token: The auth-token that buys; never shown.
        read_token: A read-only auth-token for list and balance; by default `token`.
        settings: See `ClientSettings`.

    Raises:
        ConfigurationError: The URL or a token cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        read_token: str | None = None,
        **settings: Unpack[ClientSettings],
    ) -> None:
        super().__init__(
            normalized_base_url(base_url, of="The Dots.eco client's base_url", below="/api/v1", such_as=PRODUCTION_URL),
            api="Dots.eco",
            problem=problem,
            **settings,
        )
        self._token = _usable(token, "token")
        self._read_token = self._token if read_token is None else _usable(read_token, "read_token")

    @classmethod
    def production(cls, token: str, read_token: str | None = None, **settings: Unpack[ClientSettings]) -> Self:
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
            ValidationFailed: Parameters are at fault; the `path` of each of its `validations` is a parameter's name.
            Forbidden: The token's holder does not manage the application, or its company may not buy.
            Unreachable: The response was lost. The card may have been bought; the request is not sent again.
            UnexpectedAnswer: It cannot be read, which is the same.
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
        Buy a card with any JSON value as the body.

        Raises:
            ClientError: As for `create_card`.
        """
        restricted = replace(self.retry, statuses=self.retry.statuses & {429})
        call = Call("POST", path_of("api", "v1", "flow-card", "add"), body=json_bytes(body))
        node = self._answered(call, self._token, restricted)
        if node.members().get("success") is not True:
            raise node.response.unexpected("/success", "is not true")
        return FlowCard.read(node.child("response"))

    def cards(self, app_token: str) -> tuple[Offer, ...]:
        """
        The flow cards that an application can buy.

        Raises:
            Forbidden: There is no such application, it is not managed by the token's holder, or may not buy.
        """
        node = self._read("flow-card", "list", app_token)
        if not isinstance(node.value, list):
            raise node.response.unexpected("", "is not a list")
        return tuple(Offer.read(JsonNode(each, f"/{index}", node.response)) for index, each in enumerate(node.value))

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
            raise node.response.unexpected("/balance", "is no number")
        return value

    def _read(self, *path: str) -> JsonNode:
        call = Call("GET", path_of("api", "v1", *path), resend_lost=True)
        return self._answered(call, self._read_token, self.retry)

    def _answered(self, call: Call, token: str, retry: Retry) -> JsonNode:
        """Send a call and return the JSON of the response; the provider wants the media type also without a body."""
        headers = {"Content-Type": "application/json", "auth-token": token}
        authorized = replace(call, headers=headers, hidden=(self._token, self._read_token))
        return self._transport.read(authorized, retry)


def _usable(token: str, name: str) -> str:
    return checked_token(token, of=f"The Dots.eco client's {name}", fix="Give it as the page Edit Company shows it.")


def _day(value: date | str | None) -> str | None:
    """A date in the provider's form; a text unchanged."""
    return date(value.year, value.month, value.day).isoformat() if isinstance(value, date) else value
