"""
Builds an order record from a valid submission: fields of the contract, their defaults, and the provider's own ids.
Where the settings accept the document's minimum order, completes it.

"Any additional fields or child elements will be ignored": what the contract's schema does not name is dropped.
"""

from collections.abc import Mapping
from random import Random
from typing import Any

from flowproof.kernel import ProviderContext, hex_id

from .models import Destination, SeedData, SeedSettings, Status, Submission
from .rules import log

__all__ = ["order_record", "with_source_ids"]

Json = Mapping[str, Any]

LISTS = frozenset({"items", "stockItems", "shipments"})


def with_source_ids(order: Any, source_order_id: str, settings: SeedSettings) -> Any:
    """
    An order as it was sent; where the settings accept the minimum order, with the source ids that it lacks.

    Args:
        order: Any JSON.
        source_order_id: In place of a missing one. Items get it with their number behind a hyphen.
        settings: Of the workspace.
    """
    data = order.get("orderData") if isinstance(order, dict) else None
    if not (settings.accept_minimum_order and isinstance(data, dict)):
        return order
    completed = {"sourceOrderId": source_order_id, **data}
    if isinstance(data.get("items"), list):
        completed["items"] = [
            {"sourceItemId": f"{source_order_id}-{number}", **item} if isinstance(item, dict) else item
            for number, item in enumerate(data["items"], start=1)
        ]
    return {**order, "orderData": completed}


def order_record(submission: Submission, context: ProviderContext, *, at: str) -> dict[str, Any]:
    """
    The order that a valid submission becomes; it keeps the submission's id.

    Args:
        submission: Valid by schema and rules.
        context: The workspace, whose contract says which fields are known, and which have a default.
        at: Moment of processing, ISO 8601 with milliseconds and ``Z``.

    Source:
        Shape as in the provider's sample output of its synchronous endpoint.
    """
    seed, rng = context.parsed_seed(SeedData), context.rng
    schemas = context.contract.schemas
    order = schemas.normalized(schemas.uri_of_file("order.schema.json"), _with_components(submission.order, seed))
    data = order["orderData"]
    destination = seed.destination(order["destination"]["name"])
    if destination is None:
        raise ValueError("a valid order has a destination")
    items = [_item(item, destination.name, seed, rng) for item in data["items"]]
    return {
        "_id": submission.id,
        "destination": {"id": destination.id, **order["destination"]},
        "source": {"id": submission.account_id, "name": submission.account},
        "files": [_file(component, submission.id) for item in items for component in item["components"]],
        "logs": [log(submission.id, "Order created", at)],
        "orderData": {
            **{name: value for name, value in data.items() if name not in LISTS},
            "status": Status.RECEIVED.value,
            "date": submission.submitted_at,
            "items": items,
            "stockItems": data.get("stockItems", []),
            "shipments": [
                _shipment(place, shipment, destination, rng) for place, shipment in enumerate(data["shipments"])
            ],
        },
    }


def _with_components(order: Json, seed: SeedData) -> Json:
    """The order with the components of its Piazza titles, whose files the provider fetches."""
    if not any("sourceProductId" in item for item in order["orderData"]["items"]):
        return order
    items = []
    for item in order["orderData"]["items"]:
        title = _title(item, order["destination"]["name"], seed)
        components = item["components"] if title is None else [{**each, "fetch": True} for each in title["components"]]
        items.append({**item, "components": components})
    return {**order, "orderData": {**order["orderData"], "items": items}}


def _title(item: Json, destination: str, seed: SeedData) -> Json | None:
    return seed.title(item["sourceProductId"], destination) if "sourceProductId" in item else None


def _item(item: Json, destination: str, seed: SeedData, rng: Random) -> dict[str, Any]:
    made: dict[str, Any] = {"_id": hex_id(rng), "barcode": _barcode(rng), "status": "live", **item}
    made["components"] = [_component(each, rng) for each in item["components"]]
    title = _title(item, destination, seed)
    return made if title is None else {**made, "sku": title["sku"]}


def _component(component: Json, rng: Random) -> dict[str, Any]:
    """A local file is never preflighted."""
    ids = {"_id": hex_id(rng), "fileId": hex_id(rng), "barcode": _barcode(rng), "status": "live", "type": "press"}
    return {**ids, **component, "preflight": component["preflight"] and not component["localFile"]}


def _shipment(place: int, shipment: Json, destination: Destination, rng: Random) -> dict[str, Any]:
    service = destination.carrier(shipment["carrier"])
    if service is None:
        raise ValueError("a valid order has a carrier of its destination")
    carrier = service.to_json()
    return {
        "_id": hex_id(rng),
        "status": "live",
        "shipmentIndex": place,
        **shipment,
        "carrier": {**carrier, **shipment["carrier"], **carrier},
    }


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
    """A barcode such as ``B3000A8B51``."""
    return f"B{hex_id(rng, 9).upper()}"
