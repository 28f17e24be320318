"""The results of Dots.eco as values."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Self

from flowproof.clients.responses import Json, JsonNode

__all__ = ["FlowCard", "Offer"]


@dataclass(frozen=True, slots=True)
class Offer:
    """
    A flow card that an application can buy.

    Args:
        sku: What to ask for.
        title: Its name.
        redeem_url: Where it is redeemed.
        card_image: Its picture's URL.
        redeem_instructions: How it is redeemed.
    """

    sku: str
    title: str
    redeem_url: str
    card_image: str
    redeem_instructions: str

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        names = ("sku", "title", "redeem_url", "card_image", "redeem_instructions")
        return cls(*(node.required_text(name) for name in names))


@dataclass(frozen=True, slots=True)
class FlowCard:
    """
    A gift card that was bought.

    Args:
        card_id: The provider's id.
        code: What the recipient redeems: worth money, so it is not shown in the value's own text.
        amount: What it is worth.
        expires_on: Its last day; the provider's time of day, always midnight, is left away.
        offer: What was bought.
        recipient_email: As sent, None where it was not.
        recipient_name: As sent, None where it was not.
        sender_name: The provider's `from`.
        message: As sent, None where it was not.
        raw: The provider's `response`, whole.
    """

    card_id: str
    code: str = field(repr=False)
    amount: Decimal
    expires_on: date
    offer: Offer
    recipient_email: str | None
    recipient_name: str | None
    sender_name: str | None
    message: str | None
    raw: Json = field(repr=False, compare=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        """
        The `response` of a created card.

        Raises:
            UnexpectedAnswer: Something is missing or cannot be read.
        """
        return cls(
            card_id=node.required_text("card_id"),
            code=node.required_text("code"),
            amount=_decimal(node, "amount"),
            expires_on=_day(node, "expiration_date"),
            offer=Offer.read(node),
            recipient_email=node.text("recipient_email"),
            recipient_name=node.text("recipient_name"),
            sender_name=node.text("from"),
            message=node.text("message"),
            raw=node.members(),
        )


def _decimal(node: JsonNode, name: str) -> Decimal:
    text = node.required_text(name)
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise node.response.unexpected(f"{node.where}/{name}", "is no amount of money")
    return value


def _day(node: JsonNode, name: str) -> date:
    text = node.required_text(name)
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise node.response.unexpected(f"{node.where}/{name}", "begins with no date") from error
