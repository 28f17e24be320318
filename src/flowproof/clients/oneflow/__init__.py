"""The client of OneFlow (HP Site Flow), print orders: import everything public from here."""

from flowproof.clients.oneflow.bodies import (
    Address,
    Attachment,
    CarrierAlias,
    CarrierService,
    Destination,
    NewComponent,
    NewItem,
    NewOrder,
    NewOrderData,
    NewShipment,
    NewStockItem,
)
from flowproof.clients.oneflow.client import PRODUCTION_ORDERS_URL, PRODUCTION_URL, OneFlow, OneFlowSettings
from flowproof.clients.oneflow.postbacks import PostbackVerifier
from flowproof.clients.oneflow.results import Component, Item, Order, OrderPage, Shipment, Submission
from flowproof.clients.oneflow.signing import Algorithm, Signer, iso_milliseconds

__all__ = [
    "PRODUCTION_ORDERS_URL",
    "PRODUCTION_URL",
    "Address",
    "Algorithm",
    "Attachment",
    "CarrierAlias",
    "CarrierService",
    "Component",
    "Destination",
    "Item",
    "NewComponent",
    "NewItem",
    "NewOrder",
    "NewOrderData",
    "NewShipment",
    "NewStockItem",
    "OneFlow",
    "OneFlowSettings",
    "Order",
    "OrderPage",
    "PostbackVerifier",
    "Shipment",
    "Signer",
    "Submission",
    "iso_milliseconds",
]
