"""
What comes back from Flow1st, as frozen values. What they do not name is kept in `raw`.

Source:
    distribution-docs.carry1st.com: authentication-generate-access-token, list-product-catalog, user-validation-api,
    order-completion-api. Observed; the answer to an order is inferred.
"""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self

from flowproof.clients.answers import Json, Node

__all__ = ["Bundle", "PlacedOrder", "Product", "Tokens", "ValidatedUser", "exact"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token and the refresh token that goes with it; neither is ever shown."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)

    @classmethod
    def read(cls, node: Node) -> Self:
        """Read the answer to a request for a token."""
        return cls(node.needed_text("accessToken"), node.text("refreshToken"))


@dataclass(frozen=True, slots=True)
class Bundle:
    """
    Something that can be bought.

    Args:
        sku: What it is called in orders.
        price: To the digit, in the currency's major unit.
    """

    sku: str
    name: str | None
    price: Decimal
    currency: str
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: Node) -> Self:
        """Read one member of `bundles`."""
        return cls(
            sku=node.needed_text("sku"),
            name=node.text("name"),
            price=_decimal(node.child("price")),
            currency=node.needed_text("currencyCode"),
            raw=node.members(),
        )


@dataclass(frozen=True, slots=True)
class Product:
    """A product with the bundles that can be bought of it."""

    id: int | None
    name: str | None
    bundles: tuple[Bundle, ...]
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: Node) -> Self:
        """Read one member of `products`."""
        bundles = tuple(map(Bundle.read, node.nodes("bundles")))
        return cls(node.whole("productId"), node.text("name"), bundles, node.members())


@dataclass(frozen=True, slots=True)
class ValidatedUser:
    """
    A user who can get a bundle.

    Args:
        nickname: As the game's platform shows the user, where it does.
        customer: All that it tells.
    """

    recipient: str
    sku: str | None
    external_reference: str | None
    nickname: str | None
    customer: Json = field(hash=False)
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: Node) -> Self:
        """Read the answer to a validation."""
        customer = node.inner("customerInfo")
        return cls(
            recipient=node.needed_text("recipientIdentifier"),
            sku=node.text("productBundleSku"),
            external_reference=node.text("externalReference"),
            nickname=customer.text("nickName"),
            customer=customer.members(),
            raw=node.members(),
        )


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """
    An order that Flow1st has taken. What becomes of it is told by webhook.

    Args:
        reference: The provider's own.
        external_reference: The partner's own.
        status: `NEW`.
    """

    reference: str
    external_reference: str | None
    status: str | None
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: Node) -> Self:
        """Read the answer to an order."""
        return cls(node.needed_text("reference"), node.text("externalReference"), node.text("status"), node.members())


def exact(node: Node) -> Node:
    """The whole body once more, with numbers to the digit: prices are money, and money is no float."""
    return Node(json.loads(node.answer.body, parse_float=Decimal), "", node.answer)


def _decimal(node: Node) -> Decimal:
    if isinstance(node.value, bool) or not isinstance(node.value, int | Decimal):
        raise node.answer.unexpected(node.where, "is no price")
    return Decimal(node.value)
