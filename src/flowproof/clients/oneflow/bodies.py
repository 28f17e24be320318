"""
What is sent to OneFlow, as typed dicts with the document's field names. They help an editor; any mapping will do.

Source:
    seeds/002, "Order Structure", "Piazza Orders", "Shipments". Documented.
    A carrier by code and service instead of an alias, in an order, is seen: providers/oneflow.md.
"""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

__all__ = [
    "Address",
    "Attachment",
    "CarrierAlias",
    "CarrierService",
    "Destination",
    "NewComponent",
    "NewItem",
    "NewOrder",
    "NewOrderData",
    "NewShipment",
    "NewStockItem",
]


class Destination(TypedDict):
    """The account that an order is sent to."""

    name: str


class Address(TypedDict):
    """Where a shipment goes, or comes back to. `isoCountry` has two letters."""

    name: str
    address1: str
    town: str
    postcode: str
    isoCountry: str
    companyName: NotRequired[str]
    address2: NotRequired[str]
    address3: NotRequired[str]
    state: NotRequired[str]
    country: NotRequired[str]
    email: NotRequired[str]
    phone: NotRequired[str]


class CarrierAlias(TypedDict):
    """A shipping service by the alias that is set up in the destination account."""

    alias: str


class CarrierService(TypedDict):
    """A shipping service by its carrier's code."""

    code: str
    service: str


class Attachment(TypedDict):
    """A further file to fetch, such as a packing slip."""

    path: str
    type: str


class NewComponent(TypedDict):
    """One file of an item: either `fetch` or `localFile` is true."""

    code: str
    path: str
    fetch: NotRequired[bool]
    localFile: NotRequired[bool]
    preflight: NotRequired[bool]
    sourceComponentId: NotRequired[str]
    duplicate: NotRequired[int]
    barcode: NotRequired[str]
    attributes: NotRequired[Mapping[str, object]]
    extraData: NotRequired[Mapping[str, object]]


class NewItem(TypedDict):
    """One item: with `sku` and `components`, or, of Piazza, with `sourceProductId` and no components."""

    sourceItemId: str
    sku: NotRequired[str]
    components: NotRequired[list[NewComponent]]
    sourceProductId: NotRequired[str]
    description: NotRequired[str]
    shipmentIndex: NotRequired[int]
    dispatchAlert: NotRequired[str]
    quantity: NotRequired[int]
    unitWeight: NotRequired[float]
    barcode: NotRequired[str]
    extraData: NotRequired[Mapping[str, object]]


class NewStockItem(TypedDict):
    """One article from stock that is put in with the order."""

    code: str
    name: NotRequired[str]
    quantity: NotRequired[int]
    shipmentIndex: NotRequired[int]
    unitPrice: NotRequired[float]


class NewShipment(TypedDict):
    """One parcel. `shipByDate` is `yyyy-mm-dd`."""

    shipTo: Address
    carrier: CarrierAlias | CarrierService
    returnAddress: NotRequired[Address]
    sourceShipmentId: NotRequired[str]
    shipmentIndex: NotRequired[int]
    shipByDate: NotRequired[str]
    slaDays: NotRequired[int]
    canShipEarly: NotRequired[bool]
    attachments: NotRequired[list[Attachment]]


class NewOrderData(TypedDict):
    """The order itself: at least one item and one shipment."""

    sourceOrderId: str
    items: list[NewItem]
    shipments: list[NewShipment]
    stockItems: NotRequired[list[NewStockItem]]
    customerName: NotRequired[str]
    extraData: NotRequired[Mapping[str, object]]


class NewOrder(TypedDict):
    """The body of validate and submit."""

    destination: Destination
    orderData: NewOrderData
