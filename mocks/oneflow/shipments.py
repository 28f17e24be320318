"""The update of a shipment: its address, and its carrier by the rules of an order. Pure functions."""

from collections.abc import Mapping
from typing import Any

from flowproof.conformance import Finding

from .errors import Conflict, NotFound
from .models import CLOSED, Destination, Status
from .rules import missing_phone, state_finding, unknown_carrier

__all__ = ["amend", "find_open", "validate"]

Json = Mapping[str, Any]

CARRIER = ("alias", "code", "service")


def find_open(order: Json, index: int) -> Json:
    """
    The shipment of that index.

    Raises:
        NotFound: The order has no shipment of that index.
        Conflict: The order is shipped or cancelled (inferred).
    """
    found: Json | None = next(
        (each for each in order["orderData"]["shipments"] if each["shipmentIndex"] == index), None
    )
    if found is None:
        got = Finding(
            "request.path", "/shipmentIndex", "the index of a shipment", str(index), "oneflow.shipment.update_not_found"
        )
        raise NotFound([got])
    status = Status(order["orderData"]["status"])
    if status in CLOSED:
        raise Conflict(
            [state_finding(status, "oneflow.shipment.update_closed")], message=f"Order is already {status.value}"
        )
    return found


def validate(shipment: Json, update: Json, destination: Destination | None) -> tuple[Finding, ...]:
    """What an order's rules find in a shipment's new address and carrier; a carrier left blank stays."""
    if destination is None:
        return ()
    named = _named_carrier(update)
    carrier = destination.carrier(named or shipment["carrier"])
    unknown = unknown_carrier("", named, destination) if named else ()
    return (*unknown, *missing_phone("", update["shipTo"], carrier))


def _named_carrier(update: Json) -> dict[str, Any]:
    """What an update says of its carrier; blank members, as in the document's example, say nothing."""
    return {key: value for key, value in update.get("carrier", {}).items() if value != "" and key in CARRIER}


def amend(
    order: Json, found: Json, update: Json, destination: Destination | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """
    Amend the address of a shipment, and its carrier and tracking number where they are sent.

    Args:
        order: The order record.
        found: Its shipment.
        update: Valid by schema and rules.
        destination: Whose carriers there are; None where the seed data no longer has it.

    Returns:
        The order, and the shipment as it is shown.
    """
    shipments, named = order["orderData"]["shipments"], _named_carrier(update)
    service = destination.carrier(named) if destination is not None and named else None
    carrier = {**found["carrier"], **named} if service is None else service.to_json()
    amended = {**found, "shipTo": update["shipTo"], "carrier": carrier}
    if "trackingNumber" in update:
        amended["trackingNumber"] = update["trackingNumber"]
    changed = [amended if each is found else each for each in shipments]
    return {**order, "orderData": {**order["orderData"], "shipments": changed}}, shown_shipment(order, amended)


def shown_shipment(order: Json, shipment: Json) -> dict[str, Any]:
    """A shipment as the document describes it: with its order's id and its items."""
    data = order["orderData"]
    items = [item for item in data["items"] if item["shipmentIndex"] == shipment["shipmentIndex"]]
    return {**shipment, "sourceOrderId": data["sourceOrderId"], "items": items}
