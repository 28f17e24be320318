"""
Every way to make an order invalid with one change, each with the path that is then invalid and its requirement.

The suite's own knowledge, as in `strategies`: no schema and no validator of this project decides it.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from .strategies import FULL, SECOND, Json, Order, full_order, full_orders

__all__ = [
    "EQUALLY_RIGHT",
    "FIELDS",
    "FULL",
    "INVALID_EXAMPLES",
    "PHONE_CARRIER",
    "BrokenOrder",
    "InvalidExample",
    "broken_order",
    "broken_orders",
    "changed",
]

Steps = tuple[str | int, ...]
Values = tuple[Json, ...]
Choose = Callable[[Values], Json]


@dataclass(frozen=True, slots=True)
class InvalidExample:
    """
    One way to make an order invalid.

    Args:
        requirement: The requirement that the order then does not meet.
        at: Path of the broken field, as the provider writes it.
        apply: Breaks a full order in place; it chooses a value where there are several.
        called: What is done to the field.
        others: Paths that name the fault as well, where two fields or an object are at fault together.
    """

    requirement: str
    at: str
    apply: Callable[[Order, Choose], None]
    called: str
    others: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.at} {self.called}"


@dataclass(frozen=True, slots=True)
class BrokenOrder:
    """An order with one invalid field, its path, and the requirement that is not met."""

    order: Order
    path: str
    requirement: str
    others: tuple[str, ...] = ()


MISSING = object()
NO_TEXT: Values = (1, True, [], {}, None)
NO_NAME: Values = ("", *NO_TEXT)
NO_OBJECT: Values = ("x", 1, [], True, None)
NO_LIST: Values = ("x", 1, {}, True, None)
NO_FLAG: Values = ("true", 0, 1, [], None)
NO_COUNT: Values = (0, -1, 1.5, "1", None, [])
NO_INDEX: Values = (-1, 0.5, "0", None, [])
NO_AMOUNT: Values = (-1, -0.25, "1", None, {})
NO_DATE: Values = ("2030-02-30", "2030-2-28", "28/02/2030", "20300228", "2030-02-28T00:00:00", "", 20300228, None)
NO_COUNTRY: Values = ("", "U", "USA", "U1", "1", *NO_TEXT)

ORDER_FIELDS: tuple[tuple[str, str, Values], ...] = (
    ("destination", "destination", (MISSING, *NO_OBJECT)),
    ("destination.name", "destination_name", (MISSING, *NO_NAME)),
    ("orderData", "order_data", (MISSING, *NO_OBJECT)),
    ("orderData.sourceOrderId", "source_order_id", (MISSING, *NO_NAME)),
    ("orderData.customerName", "customer_name", NO_TEXT),
    ("orderData.extraData", "extra_data", NO_OBJECT),
    ("orderData.items", "items", (MISSING, *NO_LIST, [])),
    ("orderData.items.0", "items", NO_OBJECT),
    ("orderData.shipments", "shipments", (MISSING, *NO_LIST, [])),
    ("orderData.shipments.1", "shipments", NO_OBJECT),
    ("orderData.stockItems", "stock_items", NO_LIST),
    ("orderData.stockItems.0", "stock_items", NO_OBJECT),
    ("orderData.items.0.sourceItemId", "item.source_item_id", (MISSING, *NO_NAME)),
    ("orderData.items.1.sku", "item.sku", (MISSING, *NO_NAME)),
    ("orderData.items.0.description", "item.description", NO_TEXT),
    ("orderData.items.1.shipmentIndex", "item.shipment_index", NO_INDEX),
    ("orderData.items.0.dispatchAlert", "item.dispatch_alert", NO_TEXT),
    ("orderData.items.0.quantity", "item.quantity", NO_COUNT),
    ("orderData.items.0.unitWeight", "item.unit_weight", NO_AMOUNT),
    ("orderData.items.0.barcode", "item.barcode", NO_TEXT),
    ("orderData.items.0.extraData", "item.extra_data", NO_OBJECT),
    ("orderData.items.0.components", "item.components", (MISSING, *NO_LIST, [])),
    ("orderData.items.0.components.1", "item.components", NO_OBJECT),
    ("orderData.items.2.sourceProductId", "item.source_product_id", NO_NAME),
    ("orderData.items.0.components.0.code", "component.code", (MISSING, *NO_NAME)),
    ("orderData.items.0.components.1.path", "component.path", (MISSING, *NO_NAME)),
    ("orderData.items.0.components.0.fetch", "component.fetch", NO_FLAG),
    ("orderData.items.0.components.0.localFile", "component.local_file", NO_FLAG),
    ("orderData.items.0.components.0.preflight", "component.preflight", NO_FLAG),
    ("orderData.items.0.components.0.sourceComponentId", "component.source_component_id", NO_TEXT),
    ("orderData.items.0.components.0.duplicate", "component.duplicate", NO_COUNT),
    ("orderData.items.0.components.0.barcode", "component.barcode", NO_TEXT),
    ("orderData.items.0.components.0.attributes", "component.attributes", NO_OBJECT),
    ("orderData.items.0.components.0.extraData", "component.extra_data", NO_OBJECT),
    ("orderData.items.0.components.0.fetch", "component.file_source", (MISSING, False)),
    ("orderData.stockItems.1.code", "stock_item.code", (MISSING, *NO_NAME)),
    ("orderData.stockItems.0.name", "stock_item.name", NO_TEXT),
    ("orderData.stockItems.0.quantity", "stock_item.quantity", NO_COUNT),
    ("orderData.stockItems.0.shipmentIndex", "stock_item.shipment_index", NO_INDEX),
    ("orderData.stockItems.0.unitPrice", "stock_item.unit_price", NO_AMOUNT),
    ("orderData.shipments.0.sourceShipmentId", "shipment.source_shipment_id", NO_TEXT),
    ("orderData.shipments.0.shipmentIndex", "shipment.shipment_index", NO_INDEX),
    ("orderData.shipments.0.shipByDate", "shipment.ship_by_date", NO_DATE),
    ("orderData.shipments.0.slaDays", "shipment.sla_days", NO_INDEX),
    ("orderData.shipments.0.canShipEarly", "shipment.can_ship_early", NO_FLAG),
    ("orderData.shipments.0.shipTo", "shipment.ship_to", (MISSING,)),
    ("orderData.shipments.0.carrier", "shipment.carrier", (MISSING, *NO_OBJECT)),
    ("orderData.shipments.0.attachments", "shipment.attachments", NO_LIST),
    ("orderData.shipments.0.attachments.0", "shipment.attachments", NO_OBJECT),
    ("orderData.shipments.0.attachments.0.path", "attachment.path", (MISSING, *NO_NAME)),
    ("orderData.shipments.0.attachments.0.type", "attachment.type", NO_TEXT),
    ("orderData.shipments.0.carrier.alias", "carrier.alias", (MISSING, *NO_NAME)),
)
"""Fields of the tables, each with the requirement that it stands for and the values that it may not have."""

ADDRESS_FIELDS: tuple[tuple[str, str, Values], ...] = (
    ("name", "address.name", (MISSING, *NO_NAME)),
    ("companyName", "address.company_name", NO_TEXT),
    ("address1", "address.address1", (MISSING, *NO_NAME)),
    ("address2", "address.address2", NO_TEXT),
    ("address3", "address.address3", NO_TEXT),
    ("town", "address.town", (MISSING, *NO_NAME)),
    ("postcode", "address.postcode", (MISSING, *NO_NAME)),
    ("state", "address.state", NO_TEXT),
    ("isoCountry", "address.iso_country", (MISSING, *NO_COUNTRY)),
    ("country", "address.country", NO_TEXT),
    ("email", "address.email", NO_TEXT),
    ("phone", "address.phone", NO_TEXT),
)


FIELDS: tuple[tuple[str, str, Values], ...] = (
    *ORDER_FIELDS,
    *((f"orderData.shipments.0.shipTo.{at}", requirement, values) for at, requirement, values in ADDRESS_FIELDS),
)
"""Every field of an order with the values that it may not have."""


EQUALLY_RIGHT: Mapping[str, tuple[str, ...]] = {
    "orderData.items.0.components.0.fetch": (
        "orderData.items.0.components.0.localFile",
        "orderData.items.0.components.0",
    ),
    "orderData.shipments.0.carrier.alias": ("orderData.shipments.0.carrier",),
    "orderData.items.1.sourceItemId": ("orderData.items.0.sourceItemId",),
    "orderData.shipments.1.shipmentIndex": ("orderData.shipments.0.shipmentIndex",),
}
"""Where two fields are at fault together, or none of two is given: no document says which of them an entry names."""


def changed(order: Order, at: str, value: Json) -> Order:
    """A copy of an order with another value in one place, or without it."""
    made = copy.deepcopy(order)
    if value is MISSING:
        _remove(made, at)
    else:
        _put(made, at, value)
    return made


def _field(at: str, requirement: str, values: tuple[Json, ...]) -> tuple[InvalidExample, ...]:
    """A missing field, and the same field with an invalid value."""
    wrong = tuple(value for value in values if value is not MISSING)

    def leave_out(order: Order, _choose: Choose) -> None:
        _remove(order, at)

    def give_wrong(order: Order, choose: Choose) -> None:
        _put(order, at, choose(wrong))

    both = (InvalidExample(f"oneflow.order.{requirement}", at, leave_out, "left out"),) if MISSING in values else ()
    if set(map(id, values)) == {id(MISSING)}:
        return both
    return (*both, InvalidExample(f"oneflow.order.{requirement}", at, give_wrong, "with a wrong value"))


def _steps(at: str) -> Steps:
    return tuple(int(step) if step.isdecimal() else step for step in at.split("."))


def _parent(order: Order, at: str) -> tuple[Json, str | int]:
    *above, last = _steps(at)
    node: Json = order
    for step in above:
        node = node[step]
    return node, last


def _put(order: Order, at: str, value: Json) -> None:
    node, last = _parent(order, at)
    node[last] = copy.deepcopy(value)


def _remove(order: Order, at: str) -> None:
    node, last = _parent(order, at)
    del node[last]


def _rule(requirement: str, at: str, called: str, changes: Mapping[str, Json], *others: str) -> InvalidExample:
    """An order that is valid by the schema and breaks a rule; other paths name the fault as well."""

    def apply(order: Order, _choose: Choose) -> None:
        for place, value in changes.items():
            if value is MISSING:
                _remove(order, place)
            else:
                _put(order, place, value)

    return InvalidExample(f"oneflow.order.{requirement}", at, apply, called, others)


ITEM, COMPONENT, SHIPMENT = "orderData.items.0", "orderData.items.0.components.0", "orderData.shipments.0"
PHONE_CARRIER = next(each for each in FULL.carriers if each.needs_phone)

SECOND_ITEM, SECOND_COMPONENT = "orderData.items.1", "orderData.items.1.components.1"
SECOND_SHIPMENT, SECOND_STOCK = "orderData.shipments.1", "orderData.stockItems.1"

SECOND_RULES = (
    _rule("sku_configured", f"{SECOND_ITEM}.sku", "that nobody has", {f"{SECOND_ITEM}.sku": "NO-SUCH-SKU"}),
    _rule("component_code_known", f"{SECOND_COMPONENT}.code", "of no component", {f"{SECOND_COMPONENT}.code": "spine"}),
    _rule(
        "attribute_configured",
        f"{SECOND_COMPONENT}.attributes.gloss",
        "not set up",
        {f"{SECOND_COMPONENT}.attributes.gloss": "yes"},
    ),
    _rule(
        "component.one_file_source",
        f"{SECOND_COMPONENT}.fetch",
        "beside localFile",
        {f"{SECOND_COMPONENT}.localFile": True},
        f"{SECOND_COMPONENT}.localFile",
        SECOND_COMPONENT,
    ),
    _rule("stock_code_known", f"{SECOND_STOCK}.code", "not in stock", {f"{SECOND_STOCK}.code": "gold"}),
    _rule(
        "shipment_index_points", f"{SECOND_ITEM}.shipmentIndex", "of no shipment", {f"{SECOND_ITEM}.shipmentIndex": 7}
    ),
    _rule(
        "carrier_alias_known",
        f"{SECOND_SHIPMENT}.carrier.alias",
        "not set up",
        {f"{SECOND_SHIPMENT}.carrier": {"alias": "PIGEON"}},
    ),
    _rule(
        "phone_required_by_carrier",
        f"{SECOND_SHIPMENT}.shipTo.phone",
        "left out",
        {f"{SECOND_SHIPMENT}.carrier": {"alias": PHONE_CARRIER.alias}, f"{SECOND_SHIPMENT}.shipTo.phone": MISSING},
    ),
    _rule(
        "carrier.code_and_service",
        f"{SECOND_SHIPMENT}.carrier.service",
        "left out",
        {f"{SECOND_SHIPMENT}.carrier": {"code": FULL.carriers[0].code}},
    ),
    _rule("address.town", f"{SECOND_SHIPMENT}.shipTo.town", "left out", {f"{SECOND_SHIPMENT}.shipTo.town": MISSING}),
    _rule(
        "attachment.path",
        f"{SECOND_SHIPMENT}.attachments.0.path",
        "left out",
        {f"{SECOND_SHIPMENT}.attachments.0.path": MISSING},
    ),
    _rule("component.path", f"{SECOND_COMPONENT}.path", "left out", {f"{SECOND_COMPONENT}.path": MISSING}),
    _rule("item.quantity", f"{SECOND_ITEM}.quantity", "nought", {f"{SECOND_ITEM}.quantity": 0}),
    _rule("stock_item.quantity", f"{SECOND_STOCK}.quantity", "nought", {f"{SECOND_STOCK}.quantity": 0}),
)
"""What is wrong with the second entry of a list alone."""

OTHER_SERVICE = next(each for each in FULL.carriers if each.code != FULL.carriers[0].code).service

RULES = (
    _rule("destination_exists", "destination.name", "of no account", {"destination.name": "nobody"}),
    _rule("sku_configured", f"{ITEM}.sku", "of another destination", {f"{ITEM}.sku": SECOND.products[0][0]}),
    _rule("sku_configured", f"{ITEM}.sku", "that nobody has", {f"{ITEM}.sku": "NO-SUCH-SKU"}),
    _rule("component_code_known", f"{COMPONENT}.code", "of no component", {f"{COMPONENT}.code": "spine"}),
    _rule(
        "attribute_configured", f"{COMPONENT}.attributes.gloss", "not set up", {f"{COMPONENT}.attributes.gloss": "yes"}
    ),
    _rule("component.one_file_source", f"{COMPONENT}.fetch", "beside localFile", {f"{COMPONENT}.localFile": True}),
    _rule("stock_code_known", "orderData.stockItems.0.code", "not in stock", {"orderData.stockItems.0.code": "gold"}),
    _rule("shipment_index_points", f"{ITEM}.shipmentIndex", "of no shipment", {f"{ITEM}.shipmentIndex": 7}),
    _rule(
        "shipment_index_points",
        "orderData.stockItems.1.shipmentIndex",
        "of no shipment",
        {"orderData.stockItems.1.shipmentIndex": 2},
    ),
    _rule(
        "source_item_id_unique",
        "orderData.items.1.sourceItemId",
        "used twice",
        {"orderData.items.1.sourceItemId": "item-0"},
    ),
    _rule(
        "shipment_index_unique",
        "orderData.shipments.1.shipmentIndex",
        "used twice",
        {"orderData.shipments.1.shipmentIndex": 0, "orderData.items.1.shipmentIndex": 0},
    ),
    _rule("carrier_alias_known", f"{SHIPMENT}.carrier.alias", "not set up", {f"{SHIPMENT}.carrier.alias": "PIGEON"}),
    _rule(
        "carrier_alias_known",
        f"{SHIPMENT}.carrier.code",
        "not set up",
        {f"{SHIPMENT}.carrier": {"code": "pigeon", "service": "post"}},
    ),
    _rule(
        "carrier_alias_known",
        f"{SHIPMENT}.carrier.code",
        "with a service of another carrier",
        {f"{SHIPMENT}.carrier": {"code": FULL.carriers[0].code, "service": OTHER_SERVICE}},
        f"{SHIPMENT}.carrier.service",
        f"{SHIPMENT}.carrier",
    ),
    _rule(
        "carrier.code_and_service",
        f"{SHIPMENT}.carrier.service",
        "left out",
        {f"{SHIPMENT}.carrier": {"code": FULL.carriers[0].code}},
    ),
    _rule(
        "carrier.code_and_service",
        f"{SHIPMENT}.carrier.code",
        "left out",
        {f"{SHIPMENT}.carrier": {"service": FULL.carriers[0].service}},
    ),
    _rule(
        "carrier.code_and_service",
        f"{SHIPMENT}.carrier.code",
        "empty",
        {f"{SHIPMENT}.carrier": {"code": "", "service": FULL.carriers[0].service}},
    ),
    _rule(
        "carrier.code_and_service",
        f"{SHIPMENT}.carrier.service",
        "empty",
        {f"{SHIPMENT}.carrier": {"code": FULL.carriers[0].code, "service": ""}},
    ),
    _rule(
        "carrier.code_and_service",
        f"{SHIPMENT}.carrier.service",
        "no text",
        {f"{SHIPMENT}.carrier": {"code": FULL.carriers[0].code, "service": 5}},
    ),
    _rule(
        "phone_required_by_carrier",
        f"{SHIPMENT}.shipTo.phone",
        "left out",
        {f"{SHIPMENT}.carrier.alias": PHONE_CARRIER.alias, f"{SHIPMENT}.shipTo.phone": MISSING},
    ),
    _rule(
        "shipment.return_address",
        f"{SHIPMENT}.returnAddress.town",
        "left out",
        {f"{SHIPMENT}.returnAddress.town": MISSING},
    ),
    _rule(
        "title_exists",
        "orderData.items.2.sourceProductId",
        "of no Title",
        {"orderData.items.2.sourceProductId": "9780000000000"},
    ),
    _rule(
        "piazza_without_components",
        "orderData.items.2.components",
        "of a Piazza item",
        {"orderData.items.2.components": [{"code": "text", "fetch": True, "path": "https://artwork.example/text.pdf"}]},
    ),
)

INVALID_EXAMPLES: tuple[InvalidExample, ...] = (
    *(each for field in ORDER_FIELDS for each in _field(*field)),
    *(
        each
        for place in ("shipTo", "returnAddress")
        for name, requirement, values in ADDRESS_FIELDS
        for each in _field(f"{SHIPMENT}.{place}.{name}", requirement, values)
    ),
    *(
        each
        for place in ("shipTo", "returnAddress")
        for each in _field(f"{SHIPMENT}.{place}", "address.structure", NO_OBJECT)
    ),
    *RULES,
    *SECOND_RULES,
)
"""Every way to break an order with one change."""


@st.composite
def broken_orders(draw: st.DrawFn, example: InvalidExample | None = None) -> BrokenOrder:
    """Full orders with exactly one invalid field: order, path, requirement."""
    chosen = example or draw(st.sampled_from(INVALID_EXAMPLES))
    order = draw(full_orders())
    chosen.apply(order, lambda values: draw(st.sampled_from(values)))
    return BrokenOrder(order, chosen.at, chosen.requirement, (*chosen.others, *EQUALLY_RIGHT.get(chosen.at, ())))


def broken_order(example: InvalidExample) -> Order:
    """A full order with one thing broken, the same each time."""
    order = full_order("broken")
    example.apply(order, lambda values: values[0])
    return order
