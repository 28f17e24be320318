"""How a valid submission becomes an order record: defaults filled in, identifiers given, the rest dropped."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from flowproof.kernel import hex_id

from .models import SeedData, Status, Submission
from .rules import log

__all__ = ["order_record"]

Json = Mapping[str, Any]

# What the document's tables and examples name; "any additional fields or child elements will be ignored".
ITEM = (
    "sourceItemId",
    "sku",
    "sourceProductId",
    "description",
    "shipmentIndex",
    "quantity",
    "dispatchAlert",
    "unitWeight",
    "barcode",
    "extraData",
)
COMPONENT = (
    "code",
    "path",
    "fetch",
    "localFile",
    "preflight",
    "sourceComponentId",
    "duplicate",
    "barcode",
    "attributes",
    "extraData",
)
STOCK_ITEM = ("code", "name", "quantity", "shipmentIndex", "unitPrice")
SHIPMENT = ("sourceShipmentId", "shipmentIndex", "shipByDate", "slaDays", "canShipEarly")
ADDRESS = (
    "name",
    "companyName",
    "address1",
    "address2",
    "address3",
    "town",
    "postcode",
    "state",
    "isoCountry",
    "country",
    "email",
    "phone",
)
ATTACHMENT = ("path", "type")
ORDER_DATA = ("sourceOrderId", "customerName", "extraData")


def order_record(submission: Submission, seed: SeedData, rng: Random, *, at: str) -> dict[str, Any]:
    """
    The order that a valid submission becomes; it keeps the submission's id.

    Args:
        submission: Valid by schema and rules.
        seed: The workspace's accounts and destinations.
        rng: Source of further ids.
        at: Moment of processing, ISO 8601 with milliseconds and ``Z``.

    Source:
        Shape as in the provider's sample output of its synchronous endpoint.
    """
    order = submission.order
    data = order["orderData"]
    destination = seed.destination(order["destination"]["name"])
    if destination is None:
        raise ValueError("a valid order has a destination")
    items = [_item(item, order["destination"]["name"], seed, rng) for item in data["items"]]
    shipments = [_shipment(place, shipment, destination, rng) for place, shipment in enumerate(data["shipments"])]
    return {
        "_id": submission.id,
        "destination": {"id": destination.id, "name": destination.name},
        "source": {"id": submission.account_id, "name": submission.account},
        "files": [_file(component, submission.id) for item in items for component in item["components"]],
        "logs": [log(submission.id, "Order created", at)],
        "orderData": {
            **_known(data, ORDER_DATA),
            "status": Status.RECEIVED.value,
            "date": submission.submitted_at,
            "items": items,
            "stockItems": [_stock_item(each) for each in data.get("stockItems", ())],
            "shipments": shipments,
        },
    }


def _known(value: Json, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def _item(item: Json, destination: str, seed: SeedData, rng: Random) -> dict[str, Any]:
    defaults = {"_id": hex_id(rng), "barcode": _barcode(rng), "status": "live", "quantity": 1, "shipmentIndex": 0}
    title = seed.title(item["sourceProductId"], destination) if "sourceProductId" in item else None
    components = item["components"] if title is None else _components_of(title)
    made = {**defaults, **_known(item, ITEM), "components": [_component(each, rng) for each in components]}
    return made if title is None else {**made, "sku": title["sku"]}


def _components_of(title: Json) -> Iterator[dict[str, Any]]:
    """The components of a Piazza title, whose files the provider fetches."""
    return ({**component, "fetch": True} for component in title["components"])


def _component(component: Json, rng: Random) -> dict[str, Any]:
    defaults = {"_id": hex_id(rng), "fileId": hex_id(rng), "barcode": _barcode(rng), "status": "live"}
    optional = {"fetch": False, "localFile": False, "preflight": False, "duplicate": 1}
    made = {**defaults, "type": "press", **optional, **_known(component, COMPONENT)}
    return {**made, "preflight": made["preflight"] and not made["localFile"]}


def _stock_item(stock: Json) -> dict[str, Any]:
    return {"quantity": 1, "shipmentIndex": 0, "unitPrice": 0, **_known(stock, STOCK_ITEM)}


def _shipment(place: int, shipment: Json, destination: Any, rng: Random) -> dict[str, Any]:
    carrier = destination.carrier(shipment["carrier"])
    made: dict[str, Any] = {
        "_id": hex_id(rng),
        "status": "live",
        "shipmentIndex": place,
        "canShipEarly": True,
        **_known(shipment, SHIPMENT),
        "shipTo": _known(shipment["shipTo"], ADDRESS),
        "carrier": {"alias": carrier.alias, "code": carrier.code, "service": carrier.service},
    }
    if "returnAddress" in shipment:
        made["returnAddress"] = _known(shipment["returnAddress"], ADDRESS)
    if "attachments" in shipment:
        made["attachments"] = [_known(each, ATTACHMENT) for each in shipment["attachments"]]
    return made


def _file(component: Json, order_id: str) -> dict[str, Any]:
    made = {
        "_id": component["fileId"],
        "status": "notreceived",
        "fetch": component["fetch"],
        "path": component["path"],
        "type": "artwork",
        "componentId": component["_id"],
        "orderId": order_id,
        "versions": [],
    }
    return {**made, "fetchUrl": component["path"]} if component["fetch"] else made


def _barcode(rng: Random) -> str:
    """Such as ``B3000A8B51``."""
    return f"B{hex_id(rng, 9).upper()}"
