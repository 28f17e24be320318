"""
The results of OneFlow as frozen values; fields without a name here are in `raw`.

Source:
    seeds/002, "Create Order", "Get an Order", "Shipments". Documented.
    The fields `_id`, `status`, `source`, `shippedDate`, `trackingUrl`, `count`, `pages` are seen: providers/oneflow.md.
"""

from dataclasses import dataclass, field
from typing import Literal, Self

from flowproof.clients.responses import Json, JsonNode

__all__ = ["Component", "Item", "Order", "OrderPage", "Shipment", "Submission"]


@dataclass(frozen=True, slots=True)
class Submission:
    """
    The receipt of a submitted order. It says that the order is stored, not that it is valid.

    Args:
        id: Identifier that the order will have once it is processed.
        url: Where the original order content is stored.
        timestamp: When it was submitted, in the provider's words.
        source_account_id: The account that submitted it.
        raw: The JSON as received.
    """

    id: str
    url: str | None
    timestamp: str | None
    source_account_id: str | None
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        """Read the receipt; the synchronous API of older hosts answers with the order, which has the id too."""
        receipt = _unwrapped(node, "order")
        return cls(
            id=receipt.required_text("_id"),
            url=receipt.text("url"),
            timestamp=receipt.text("timestamp"),
            source_account_id=receipt.text("sourceAccountId"),
            raw=node.members(),
        )


@dataclass(frozen=True, slots=True)
class Component:
    """A file of an item as the provider has it."""

    id: str | None
    code: str | None
    path: str | None
    status: str | None
    source_component_id: str | None
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        return cls(
            id=node.text("_id"),
            code=node.text("code"),
            path=node.text("path"),
            status=node.text("status"),
            source_component_id=node.text("sourceComponentId"),
            raw=node.members(),
        )


@dataclass(frozen=True, slots=True)
class Item:
    id: str | None
    source_item_id: str | None
    sku: str | None
    source_product_id: str | None
    quantity: int | None
    shipment_index: int | None
    status: str | None
    components: tuple[Component, ...]
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        return cls(
            id=node.text("_id"),
            source_item_id=node.text("sourceItemId"),
            sku=node.text("sku"),
            source_product_id=node.text("sourceProductId"),
            quantity=node.integer("quantity"),
            shipment_index=node.integer("shipmentIndex"),
            status=node.text("status"),
            components=tuple(map(Component.read, node.nodes("components"))),
            raw=node.members(),
        )


@dataclass(frozen=True, slots=True)
class Shipment:
    """
    One parcel as the provider has it.

    Args:
        shipped_date: When it left, in the provider's words; None while it has not.
        ship_to: The address, with the document's field names.
        carrier: The carrier, by `alias` or by `code` and `service`.
        raw: The shipment's JSON as received, without a wrapper.
    """

    id: str | None
    shipment_index: int | None
    source_order_id: str | None
    source_shipment_id: str | None
    status: str | None
    ship_to: Json = field(hash=False)
    carrier: Json = field(hash=False)
    tracking_number: str | None
    tracking_url: str | None
    shipped_date: str | None
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        """Read one shipment, bare or wrapped."""
        shipment = _unwrapped(node, "shipment")
        return cls(
            id=shipment.text("_id"),
            shipment_index=shipment.integer("shipmentIndex"),
            source_order_id=shipment.text("sourceOrderId"),
            source_shipment_id=shipment.text("sourceShipmentId"),
            status=shipment.text("status"),
            ship_to=shipment.object_or_empty("shipTo").members(),
            carrier=shipment.object_or_empty("carrier").members(),
            tracking_number=shipment.text("trackingNumber"),
            tracking_url=shipment.text("trackingUrl"),
            shipped_date=shipment.text("shippedDate"),
            raw=shipment.members(),
        )


@dataclass(frozen=True, slots=True)
class Order:
    """
    An order as the provider has it.

    Args:
        id: The provider's identifier, that of the submission.
        status: The provider's word for where the order stands.
        source_order_id: The sender's identifier.
        source_name: The account that sent the order.
        destination_name: The account that makes it.
        raw: The order's JSON as received, without a wrapper.
    """

    id: str
    status: str | None
    source_order_id: str | None
    source_name: str | None
    destination_name: str | None
    items: tuple[Item, ...]
    shipments: tuple[Shipment, ...]
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        """Read an order, bare or wrapped; fields that are missing in `orderData` are read beside it."""
        order = _unwrapped(node, "order")
        data = order.child("orderData") if order.has("orderData") else order
        return cls(
            id=order.required_text("_id"),
            status=data.text("status") or order.text("status"),
            source_order_id=data.text("sourceOrderId") or order.text("sourceOrderId"),
            source_name=order.object_or_empty("source").text("name"),
            destination_name=order.object_or_empty("destination").text("name"),
            items=tuple(map(Item.read, data.nodes("items"))),
            shipments=tuple(map(Shipment.read, data.nodes("shipments"))),
            raw=order.members(),
        )


@dataclass(frozen=True, slots=True)
class OrderPage:
    """
    One page of orders, newest first.

    Args:
        page: Number of this page, from 1.
        pages: Number of pages; None where the provider does not say.
        count: Number of orders on all pages; None where the provider does not say.
    """

    orders: tuple[Order, ...]
    page: int
    pages: int | None
    count: int | None
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode, *, page: int) -> Self:
        """Read a page; `page` is the requested number, which counts where the response names none."""
        number = node.integer("page")
        return cls(
            orders=tuple(map(Order.read, node.required_nodes("data"))),
            page=page if number is None else number,
            pages=node.integer("pages"),
            count=node.integer("count"),
            raw=node.members(),
        )


def _unwrapped(node: JsonNode, name: Literal["order", "shipment"]) -> JsonNode:
    """The object itself, or the object in its field of that name."""
    return node.child(name) if node.has(name) and not node.has("_id") else node
