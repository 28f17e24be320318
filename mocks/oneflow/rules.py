"""
Validates an order beyond its schema, and changes orders. Pure functions.

A rule yields a finding for each place where its requirement is not met. Rules see only orders that are valid by the
schema.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from flowproof.conformance import MOST_FINDINGS, Finding

from .errors import Conflict
from .models import NEXT, Carrier, Destination, SeedData, Status

__all__ = [
    "ORDER_RULES",
    "SubmittedOrder",
    "cancel",
    "is_url",
    "missing_phone",
    "state_finding",
    "transition",
    "unknown_carrier",
    "validate",
]

Json = Mapping[str, Any]


class SubmittedOrder(NamedTuple):
    """
    An order to be validated, with its parts as the rules go through them.

    Args:
        order: Valid by the schema.
        seed: The workspace's accounts and destinations.
        is_repeated: Whether its account has an order of that ``sourceOrderId`` already.
        destination: The destination, or None where no account has that name.
        items: With their JSON pointers.
        components: With their JSON pointers and their items.
        stock_items: With their JSON pointers.
        shipments: With their JSON pointers.
        shipment_indexes: Of each shipment its ``shipmentIndex``, or its position.
    """

    order: Json
    seed: SeedData
    is_repeated: bool
    destination: Destination | None
    items: Sequence[tuple[str, Json]]
    components: Sequence[tuple[str, Json, Json]]
    stock_items: Sequence[tuple[str, Json]]
    shipments: Sequence[tuple[str, Json]]
    shipment_indexes: Sequence[int]

    @classmethod
    def of(cls, order: Json, seed: SeedData, *, is_repeated: bool) -> Self:
        """Find the parts of an order that is valid by the schema."""
        data = order["orderData"]
        items = _placed("/orderData/items", data["items"])
        return cls(
            order,
            seed,
            is_repeated,
            destination=seed.destination(order["destination"]["name"]),
            items=items,
            components=[
                (f"{place}/components/{index}", component, item)
                for place, item in items
                for index, component in enumerate(item.get("components", ()))
            ],
            stock_items=_placed("/orderData/stockItems", data.get("stockItems", ())),
            shipments=_placed("/orderData/shipments", data["shipments"]),
            shipment_indexes=[each.get("shipmentIndex", place) for place, each in enumerate(data["shipments"])],
        )


def _placed(place: str, listed: Sequence[Json]) -> list[tuple[str, Json]]:
    """The entries of a list with their JSON pointers."""
    return [(f"{place}/{index}", each) for index, each in enumerate(listed)]


Rule = Callable[[SubmittedOrder], Iterator[Finding]]


def _finding(pointer: str, expected: str, got: str, requirement: str) -> Finding:
    return Finding("request.body", pointer, expected, got, f"oneflow.order.{requirement}", "rule")


def _has_repeated(values: Sequence[str | int]) -> bool:
    return len(set(values)) < len(values)


def destination_exists(submitted: SubmittedOrder) -> Iterator[Finding]:
    """The destination is an account that exists."""
    if submitted.destination is None:
        name = submitted.order["destination"]["name"]
        yield _finding("/destination/name", "a destination account that exists", repr(name), "destination_exists")


def source_order_id_unique(submitted: SubmittedOrder) -> Iterator[Finding]:
    """An account uses a ``sourceOrderId`` once. The message is observed."""
    if submitted.is_repeated:
        got = repr(submitted.order["orderData"]["sourceOrderId"])
        yield _finding("/orderData/sourceOrderId", "an id that the account has not used", got, "source_order_id_unique")


def source_item_id_unique(submitted: SubmittedOrder) -> Iterator[Finding]:
    """A ``sourceItemId`` is unique within the order."""
    ids = [item["sourceItemId"] for _, item in submitted.items]
    if not _has_repeated(ids):
        return
    counted = Counter(ids)
    for place, item in submitted.items:
        if counted[item["sourceItemId"]] > 1:
            got = repr(item["sourceItemId"])
            yield _finding(f"{place}/sourceItemId", "an id of this item alone", got, "source_item_id_unique")


def sku_configured(submitted: SubmittedOrder) -> Iterator[Finding]:
    """A SKU has been set up in the destination account."""
    if submitted.destination is None:
        return
    for place, item in submitted.items:
        if "sku" in item and item["sku"] not in submitted.destination.skus:
            yield _finding(
                f"{place}/sku", "a SKU that is set up in the destination account", repr(item["sku"]), "sku_configured"
            )


def component_code_known(submitted: SubmittedOrder) -> Iterator[Finding]:
    """A component's code is one of the product's components."""
    if submitted.destination is None:
        return
    for place, component, item in submitted.components:
        codes = submitted.destination.skus.get(item.get("sku", ""))
        if codes is not None and component["code"] not in codes:
            got = repr(component["code"])
            yield _finding(f"{place}/code", "a component of the product", got, "component_code_known")


def attribute_configured(submitted: SubmittedOrder) -> Iterator[Finding]:
    """A component's attributes have been configured in the destination account."""
    if submitted.destination is None:
        return
    for place, component, _ in submitted.components:
        for name in component.get("attributes", {}):
            if name not in submitted.destination.attributes:
                step = name.replace("~", "~0").replace("/", "~1")
                expected = "an attribute that is configured in the destination account"
                yield _finding(f"{place}/attributes/{step}", expected, repr(name), "attribute_configured")


def stock_code_known(submitted: SubmittedOrder) -> Iterator[Finding]:
    """A stock item's code is found in the destination account."""
    if submitted.destination is None:
        return
    for place, stock in submitted.stock_items:
        if stock["code"] not in submitted.destination.stock:
            yield _finding(
                f"{place}/code", "a stock code of the destination account", repr(stock["code"]), "stock_code_known"
            )


def title_exists(submitted: SubmittedOrder) -> Iterator[Finding]:
    """A ``sourceProductId`` refers to a title that has been set up in Piazza."""
    for place, item in submitted.items:
        product = item.get("sourceProductId")
        if product is not None and submitted.seed.title(product, submitted.order["destination"]["name"]) is None:
            yield _finding(
                f"{place}/sourceProductId", "a title that is set up in Piazza", repr(product), "title_exists"
            )


def shipment_index_points(submitted: SubmittedOrder) -> Iterator[Finding]:
    """A ``shipmentIndex`` corresponds to one of the shipments."""
    indexes = frozenset(submitted.shipment_indexes)
    for place, each in (*submitted.items, *submitted.stock_items):
        if each.get("shipmentIndex", 0) not in indexes:
            got = str(each.get("shipmentIndex", 0))
            yield _finding(f"{place}/shipmentIndex", "the index of a shipment", got, "shipment_index_points")


def shipment_index_unique(submitted: SubmittedOrder) -> Iterator[Finding]:
    """No two shipments have the same index."""
    indexes = submitted.shipment_indexes
    if not _has_repeated(indexes):
        return
    counted = Counter(indexes)
    for (place, _), index in zip(submitted.shipments, indexes, strict=True):
        if counted[index] > 1:
            yield _finding(
                f"{place}/shipmentIndex", "an index of this shipment alone", str(index), "shipment_index_unique"
            )


def carrier_alias_known(submitted: SubmittedOrder) -> Iterator[Finding]:
    """A carrier is one of the destination account's shipping services."""
    if submitted.destination is not None:
        for place, shipment in submitted.shipments:
            yield from unknown_carrier(place, shipment["carrier"], submitted.destination)


def phone_required_by_carrier(submitted: SubmittedOrder) -> Iterator[Finding]:
    """Some carriers need a phone number for the address."""
    if submitted.destination is not None:
        for place, shipment in submitted.shipments:
            carrier = submitted.destination.carrier(shipment["carrier"])
            yield from missing_phone(place, shipment["shipTo"], carrier)


def unknown_carrier(place: str, named: Json, destination: Destination) -> Iterator[Finding]:
    """A finding where the destination has no such carrier; ``place`` is the JSON pointer of the shipment."""
    if destination.carrier(named) is None:
        key = "alias" if "alias" in named else "code"
        got = repr(named[key])
        yield _finding(
            f"{place}/carrier/{key}", "a shipping service of the destination account", got, "carrier_alias_known"
        )


def missing_phone(place: str, ship_to: Json, carrier: Carrier | None) -> Iterator[Finding]:
    """A finding where the carrier needs a phone number that the address lacks."""
    if carrier is not None and carrier.requires_phone and not ship_to.get("phone"):
        expected = f"a phone number for the carrier {carrier.code}"
        yield _finding(f"{place}/shipTo/phone", expected, "nothing", "phone_required_by_carrier")


ORDER_RULES: tuple[Rule, ...] = (
    destination_exists,
    source_order_id_unique,
    source_item_id_unique,
    sku_configured,
    component_code_known,
    attribute_configured,
    stock_code_known,
    title_exists,
    shipment_index_points,
    shipment_index_unique,
    carrier_alias_known,
    phone_required_by_carrier,
)


def validate(submitted: SubmittedOrder) -> tuple[Finding, ...]:
    """The findings of all rules, the first hundred."""
    return tuple(islice((finding for rule in ORDER_RULES for finding in rule(submitted)), MOST_FINDINGS))


def transition(order: Json, to: Status, *, at: str, message: str, level: str = "info") -> dict[str, Any]:
    """
    An order in its next state, with a line in its log.

    Args:
        order: An order record.
        to: The next state.
        at: ISO 8601 with milliseconds and ``Z``.
        message: What the log says.
        level: ``info`` or ``error``.

    Raises:
        ValueError: The state cannot follow, which is a bug of the caller.
    """
    data = order["orderData"]
    if to not in NEXT[Status(data["status"])]:
        raise ValueError(f"an order cannot go from {data['status']} to {to}")
    return {
        **order,
        "orderData": {**data, "status": to.value},
        "logs": [*order["logs"], log(order["_id"], message, at, level)],
    }


def log(order_id: str, message: str, at: str, level: str = "info") -> dict[str, str]:
    """A line of an order's log, in the shape of the provider's sample output."""
    return {"level": level, "message": message, "resourceId": order_id, "resourceType": "order", "timestamp": at}


def cancel(order: Json, *, at: str) -> dict[str, Any]:
    """
    Cancel an order that is neither cancelled nor shipped.

    Raises:
        Conflict: It is. For a cancelled one that is observed, for a shipped one inferred.
    """
    status = Status(order["orderData"]["status"])
    if status is Status.CANCELLED:
        raise Conflict([state_finding(status, "oneflow.order.cancel_twice")], message="Order is already cancelled")
    if status is Status.SHIPPED:
        raise Conflict(
            [state_finding(status, "oneflow.order.cancel_shipped")], message="Order has already been shipped"
        )
    return transition(order, Status.CANCELLED, at=at, message="Order cancelled")


def is_url(text: str) -> bool:
    """Whether a file can be fetched from there: an absolute URL, which has a scheme, a host and no blank."""
    try:
        parts = urlsplit(text)
    except ValueError:  # such as http://[1
        return False
    return bool(parts.scheme and parts.netloc) and text.split(maxsplit=1) == [text]


def state_finding(status: Status, requirement: str) -> Finding:
    """That an order is closed."""
    return Finding("state", "/orderData/status", "an order that is still open", status.value, requirement)
