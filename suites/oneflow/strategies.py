"""
Orders as OneFlow's documents allow them.

This is the suite's own knowledge of what makes an order valid: no schema and no validator of this project decides it.
"""

import copy
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .setup import DESTINATIONS, Carrier, Destination

__all__ = [
    "FULL",
    "SECOND",
    "Json",
    "Order",
    "addresses",
    "decorated_orders",
    "extra_data",
    "full_order",
    "full_orders",
    "minimum_order",
    "orders",
    "piazza_orders",
]

Json = Any
Order = dict[str, Json]

names = st.text(min_size=1, max_size=20)
texts = st.text(max_size=20)
unique_names = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=12)
paths = unique_names.map("https://artwork.example/{}.pdf".format)
numbers = st.integers(0, 10_000) | st.floats(0, 10_000, allow_nan=False)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6) | texts


EXTRA_VALUES = scalars | st.lists(scalars, max_size=3) | st.dictionaries(texts, scalars, max_size=3)
EXTRA_DATA = st.dictionaries(texts, EXTRA_VALUES, max_size=3)


def extra_data() -> SearchStrategy[dict[str, Json]]:
    """Any JSON object."""
    return EXTRA_DATA


@cache
def addresses(*, with_phone: bool = False) -> SearchStrategy[dict[str, Json]]:
    """Addresses; `country`, `email` and `phone` are in the document's examples only."""
    required: dict[str, SearchStrategy[Json]] = dict.fromkeys(["name", "address1", "town", "postcode"], names)
    required["isoCountry"] = st.sampled_from(["US", "GB", "de", "UK"])
    optional = dict.fromkeys(["companyName", "address2", "address3", "state", "country", "email"], texts)
    phones = {"phone": st.integers(10**7, 10**12).map("+{}".format)}
    if with_phone:
        return st.fixed_dictionaries({**required, **phones}, optional=optional)
    return st.fixed_dictionaries(required, optional={**optional, **phones})


@st.composite
def orders(draw: st.DrawFn, destination: Destination | None = None, *, piazza: bool = False) -> Order:
    """Valid orders, from the smallest to those with every field of every table; on request of Piazza items only."""
    chosen = destination or draw(st.sampled_from([each for each in DESTINATIONS if each.titles or not piazza]))
    shipments = draw(_shipment_lists(chosen))
    indexes = list(range(len(shipments)))
    if draw(st.booleans()):
        indexes = draw(st.lists(st.integers(0, 99), min_size=len(shipments), max_size=len(shipments), unique=True))
        shipments = [{**each, "shipmentIndex": index} for each, index in zip(shipments, indexes, strict=True)]
    data = draw(_order_data(chosen))
    items = draw(_piazza_item_lists(chosen) if piazza else _item_lists(chosen))
    # Left out, the index is 0: only where there is a shipment of that index.
    places = st.sampled_from([*indexes, *([None] if 0 in indexes else [])])
    for each in (*items, *data.get("stockItems", ())):
        place = draw(places)
        if place is not None:
            each["shipmentIndex"] = place
    return {"destination": {"name": chosen.name}, "orderData": {**data, "items": items, "shipments": shipments}}


def piazza_orders() -> SearchStrategy[Order]:
    """Valid orders whose every item names a Title."""
    return orders(piazza=True)


@cache
def _order_data(destination: Destination) -> SearchStrategy[dict[str, Json]]:
    optional: dict[str, SearchStrategy[Json]] = {"customerName": texts, "extraData": EXTRA_DATA}
    if destination.stock:
        described = {"name": texts, "quantity": st.integers(1, 1_000), "unitPrice": numbers}
        stock = st.fixed_dictionaries({"code": st.sampled_from(destination.stock)}, optional=described)
        optional["stockItems"] = st.lists(stock, max_size=2)
    return st.fixed_dictionaries({"sourceOrderId": unique_names}, optional=optional)


@cache
def _item_lists(destination: Destination) -> SearchStrategy[list[dict[str, Json]]]:
    kinds = [
        _item({"sku": st.just(sku), "components": _component_lists(destination, codes)})
        for sku, codes in destination.products
    ]
    return _lists_of_items(st.one_of(*kinds, *_piazza_items(destination)))


@cache
def _piazza_item_lists(destination: Destination) -> SearchStrategy[list[dict[str, Json]]]:
    return _lists_of_items(st.one_of(*_piazza_items(destination)))


def _lists_of_items(items: SearchStrategy[dict[str, Json]]) -> SearchStrategy[list[dict[str, Json]]]:
    return st.lists(items, min_size=1, max_size=3, unique_by=_source_item_id)


def _source_item_id(item: dict[str, Json]) -> str:
    return str(item["sourceItemId"])


def _piazza_items(destination: Destination) -> list[SearchStrategy[dict[str, Json]]]:
    return [_item({"sourceProductId": st.just(title.source_product_id)}) for title in destination.titles]


def _item(kind: dict[str, SearchStrategy[Json]]) -> SearchStrategy[dict[str, Json]]:
    optional = {
        "description": texts,
        "dispatchAlert": texts,
        "quantity": st.integers(1, 10_000),
        "unitWeight": numbers,
        "barcode": texts,
        "extraData": EXTRA_DATA,
    }
    return st.fixed_dictionaries({"sourceItemId": unique_names, **kind}, optional=optional)


def _component_lists(destination: Destination, codes: tuple[str, ...]) -> SearchStrategy[list[dict[str, Json]]]:
    kinds = st.one_of(*(each for code in codes for each in _components(destination, code)))
    return st.lists(kinds, min_size=1, max_size=len(codes), unique_by=lambda component: str(component["code"]))


def _components(destination: Destination, code: str) -> tuple[SearchStrategy[dict[str, Json]], ...]:
    """A component whose file is fetched, and one whose file is there already."""
    optional: dict[str, SearchStrategy[Json]] = {
        "preflight": st.booleans(),
        "sourceComponentId": texts,
        "duplicate": st.integers(1, 1_000),
        "barcode": texts,
        "extraData": EXTRA_DATA,
    }
    if destination.attributes:
        optional["attributes"] = st.dictionaries(st.sampled_from(destination.attributes), texts, max_size=2)
    yes, no, required = st.just(True), st.just(False), {"code": st.just(code), "path": paths}
    return (
        st.fixed_dictionaries({**required, "fetch": yes}, optional={**optional, "localFile": no}),
        st.fixed_dictionaries({**required, "localFile": yes}, optional={**optional, "fetch": no}),
    )


@cache
def _shipment_lists(destination: Destination) -> SearchStrategy[list[dict[str, Json]]]:
    return st.lists(st.one_of(*map(_shipment, destination.carriers)), min_size=1, max_size=2)


def by_alias_or_code(carrier: Carrier) -> tuple[dict[str, str], dict[str, str]]:
    """The two ways to name a carrier in an order."""
    return {"alias": carrier.alias}, {"code": carrier.code, "service": carrier.service}


def _shipment(carrier: Carrier) -> SearchStrategy[dict[str, Json]]:
    attachment = st.fixed_dictionaries({"path": paths}, optional={"type": texts})
    named = st.sampled_from(by_alias_or_code(carrier)).map(dict)
    return st.fixed_dictionaries(
        {"shipTo": addresses(with_phone=carrier.needs_phone), "carrier": named},
        optional={
            "sourceShipmentId": texts,
            "shipByDate": st.dates().map(lambda day: day.isoformat()),
            "slaDays": st.integers(0, 365),
            "canShipEarly": st.booleans(),
            "returnAddress": addresses(),
            "attachments": st.lists(attachment, max_size=2),
        },
    )


FULL_ADDRESSES = st.fixed_dictionaries(
    {**dict.fromkeys(["name", "address1", "town", "postcode"], names), "isoCountry": st.just("US")}
    | dict.fromkeys(["companyName", "address2", "address3", "state", "country", "email", "phone"], texts)
)
FULL = DESTINATIONS[0]
SECOND = DESTINATIONS[1]


def minimum_order(source_order_id: str) -> Order:
    """The document's minimum order, completed with the two fields that its own tables require."""
    sku, codes = FULL.products[0]
    component = {"code": codes[0], "fetch": True, "path": "http://www.site.com/text.pdf"}
    carrier = next(each for each in FULL.carriers if not each.needs_phone)
    ship_to = {
        "name": "Peter Pan",
        "companyName": "Disney Corporation",
        "address1": "17 Disney Way",
        "town": "Los Angeles",
        "postcode": "34757",
        "isoCountry": "US",
    }
    return {
        "destination": {"name": FULL.name},
        "orderData": {
            "sourceOrderId": source_order_id,
            "items": [{"sourceItemId": f"{source_order_id}-1", "sku": sku, "components": [component]}],
            "shipments": [{"shipTo": ship_to, "carrier": {"alias": carrier.alias}}],
        },
    }


def full_order(source_order_id: str) -> Order:
    """A valid order with at least two of everything and every field, so that any field can be made invalid."""
    order = minimum_order(source_order_id)
    (sku, codes), data = FULL.products[0], order["orderData"]
    address = {
        **data["shipments"][0]["shipTo"],
        **dict.fromkeys(["address2", "address3", "state", "country", "email", "phone"], "x"),
    }
    data |= {"customerName": "x", "extraData": {}}
    data["items"] = [_full_item(number, sku, codes) for number in (0, 1)] + [
        {"sourceItemId": "piazza", "sourceProductId": FULL.titles[0].source_product_id, "shipmentIndex": 0}
    ]
    data["stockItems"] = [
        {"code": FULL.stock[0], "name": "x", "quantity": 1, "shipmentIndex": index, "unitPrice": 0.25}
        for index in (0, 1)
    ]
    data["shipments"] = [
        {
            "sourceShipmentId": "x",
            "shipmentIndex": index,
            "shipByDate": "2030-02-28",
            "slaDays": 1,
            "canShipEarly": True,
            "shipTo": dict(address),
            "returnAddress": dict(address),
            "carrier": named,
            "attachments": [{"path": "https://artwork.example/slip.pdf", "type": "insert"}],
        }
        for index, named in enumerate(by_alias_or_code(FULL.carriers[0]))
    ]
    return order


@st.composite
def full_orders(draw: st.DrawFn) -> Order:
    """Full orders with any texts."""
    order = full_order(draw(unique_names))
    data = order["orderData"]
    data |= {"customerName": draw(texts), "extraData": draw(EXTRA_DATA)}
    for each in data["shipments"]:
        each["sourceShipmentId"] = draw(texts)
        each |= {"shipTo": draw(FULL_ADDRESSES), "returnAddress": draw(FULL_ADDRESSES)}
    return order


def _full_item(number: int, sku: str, codes: tuple[str, ...]) -> dict[str, Json]:
    return {
        "sourceItemId": f"item-{number}",
        "sku": sku,
        "description": "Photo Book",
        "shipmentIndex": number,
        "dispatchAlert": "please wrap",
        "quantity": 1,
        "unitWeight": 100,
        "barcode": "13243124",
        "extraData": {},
        "components": [
            {
                "code": code,
                "path": "https://artwork.example/text.pdf",
                "fetch": True,
                "localFile": False,
                "preflight": False,
                "sourceComponentId": "c",
                "duplicate": 1,
                "barcode": "b",
                "attributes": {FULL.attributes[0]: "rounded"},
                "extraData": {},
            }
            for code in codes
        ],
    }


@st.composite
def decorated_orders(draw: st.DrawFn) -> Order:
    """Valid orders with unknown fields at every level."""
    order = draw(full_orders())
    value = draw(scalars | extra_data())

    def decorate(node: Json, *, inside_free_form: bool) -> None:
        if isinstance(node, list):
            for each in node:
                decorate(each, inside_free_form=inside_free_form)
        elif isinstance(node, dict) and not inside_free_form:
            for name, each in node.items():
                decorate(each, inside_free_form=name in {"extraData", "attributes"})
            node["xUnknown"] = copy.deepcopy(value)

    decorate(order, inside_free_form=False)
    return order
