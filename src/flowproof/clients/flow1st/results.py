"""
The results of Flow1st as frozen values; fields without a name here are in `raw`.

Source:
    distribution-docs.carry1st.com: authentication-generate-access-token, list-product-catalog, user-validation-api,
    order-completion-api. Observed; the response to an order is inferred.
"""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self

from flowproof.clients.responses import Json, JsonNode

__all__ = ["Bundle", "PlacedOrder", "Product", "Tokens", "ValidatedUser", "with_exact_numbers"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token and its refresh token; no text of this object shows them."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        return cls(node.required_text("accessToken"), node.text("refreshToken"))


@dataclass(frozen=True, slots=True)
class Bundle:
    """
    A bundle that can be bought.

    Args:
        sku: Its name in orders.
        price: Exact, in the currency's major unit.
    """

    sku: str
    name: str | None
    price: Decimal
    currency: str
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        return cls(
            sku=node.required_text("sku"),
            name=node.text("name"),
            price=_decimal(node.child("price")),
            currency=node.required_text("currencyCode"),
            raw=node.members(),
        )


@dataclass(frozen=True, slots=True)
class Product:
    id: int | None
    name: str | None
    bundles: tuple[Bundle, ...]
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        bundles = tuple(map(Bundle.read, node.nodes("bundles")))
        return cls(node.integer("productId"), node.text("name"), bundles, node.members())


@dataclass(frozen=True, slots=True)
class ValidatedUser:
    """
    A user who can get a bundle.

    Args:
        nickname: Of the user on the game's platform, if there is one.
        customer: All that the provider says about the user.
    """

    recipient: str
    sku: str | None
    external_reference: str | None
    nickname: str | None
    customer: Json = field(hash=False)
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        customer = node.object_or_empty("customerInfo")
        return cls(
            recipient=node.required_text("recipientIdentifier"),
            sku=node.text("productBundleSku"),
            external_reference=node.text("externalReference"),
            nickname=customer.text("nickName"),
            customer=customer.members(),
            raw=node.members(),
        )


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """
    An order that Flow1st has accepted. Webhooks report what becomes of it.

    Args:
        reference: The provider's.
        external_reference: The partner's.
        status: `NEW`.
    """

    reference: str
    external_reference: str | None
    status: str | None
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        return cls(node.required_text("reference"), node.text("externalReference"), node.text("status"), node.members())


def with_exact_numbers(node: JsonNode) -> JsonNode:
    """Parse the body again with exact decimals, since prices must not be floats."""
    return JsonNode(json.loads(node.response.body, parse_float=Decimal), "", node.response)


def _decimal(node: JsonNode) -> Decimal:
    if isinstance(node.value, bool) or not isinstance(node.value, int | Decimal):
        raise node.response.unexpected(node.where, "is no price")
    return Decimal(node.value)
