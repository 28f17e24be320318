"""
What makes an order of OneFlow valid, and what is kept of one: the document's tables as data, and the other rules.

Knows neither HTTP nor accounts. The messages are ours but for one, since the document prints no others.

Source:
    seed 002, Order Structure and Piazza Orders. Where that is silent: contracts/oneflow.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

Findings = Iterator[tuple[str, str]]
"""Pairs of a path in dots and a message."""


@dataclass(frozen=True, slots=True)
class Field:
    """One row of a table."""

    is_right: Callable[[Any], bool]
    expected: str
    required: bool = False
    default: Any = None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_filled(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_whole(value: Any) -> bool:
    return _is_amount(value) and value == int(value)


def _is_country(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[A-Za-z]{2}", value) is not None


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return False
    try:
        date(*map(int, value.split("-")))
    except ValueError:
        return False
    return True


TEXT = Field(_is_text, "a text")
FILLED = Field(_is_filled, "a text that is not empty", required=True)
OBJECT = Field(_is_object, "an object")
PART = Field(_is_object, "an object", required=True)
LIST = Field(_is_list, "a list")
SOME = Field(lambda value: _is_list(value) and value != [], "a list with something in it", required=True)
INDEX = Field(_is_whole, "a whole number from 0", default=0)
QUANTITY = Field(lambda value: _is_whole(value) and value >= 1, "a whole number from 1", default=1)
FALSE = Field(_is_flag, "true or false", default=False)
TRUE = Field(_is_flag, "true or false", default=True)

ADDRESS = {
    **dict.fromkeys(("name", "address1", "town", "postcode"), FILLED),
    **dict.fromkeys(("companyName", "address2", "address3", "state", "country", "email", "phone"), TEXT),
    "isoCountry": Field(_is_country, "two letters", required=True),
}
COMPONENT = {
    "code": FILLED,
    "path": FILLED,
    **dict.fromkeys(("fetch", "localFile", "preflight"), FALSE),
    **dict.fromkeys(("sourceComponentId", "barcode"), TEXT),
    "duplicate": QUANTITY,
    **dict.fromkeys(("attributes", "extraData"), OBJECT),
}
ITEM = {
    "sourceItemId": FILLED,
    **dict.fromkeys(("description", "dispatchAlert", "barcode"), TEXT),
    "shipmentIndex": INDEX,
    "quantity": QUANTITY,
    "unitWeight": Field(_is_amount, "a number from 0"),
    "extraData": OBJECT,
}
REGULAR_ITEM = {**ITEM, "sku": FILLED, "components": SOME}
PIAZZA_ITEM = {**ITEM, "sku": Field(_is_filled, FILLED.expected), "sourceProductId": FILLED}
STOCK_ITEM = {
    "code": FILLED,
    "name": TEXT,
    "quantity": QUANTITY,
    "shipmentIndex": INDEX,
    "unitPrice": Field(_is_amount, "a number from 0", default=0.0),
}
SHIPMENT = {
    "sourceShipmentId": TEXT,
    "shipmentIndex": Field(_is_whole, INDEX.expected),
    "shipByDate": Field(_is_day, "a day as yyyy-mm-dd"),
    "slaDays": Field(_is_whole, INDEX.expected),
    "canShipEarly": TRUE,
    "shipTo": PART,
    "returnAddress": OBJECT,
    "carrier": PART,
    "attachments": LIST,
}
ATTACHMENT = {"path": FILLED, "type": TEXT}
ORDER_DATA = {
    "sourceOrderId": FILLED,
    "customerName": TEXT,
    "extraData": OBJECT,
    "items": SOME,
    "stockItems": LIST,
    "shipments": SOME,
}
CARRIER = dict.fromkeys(("alias", "code", "service"), TEXT)
UPDATE = {"shipTo": PART, "carrier": OBJECT, "trackingNumber": TEXT}


def findings(order: Any, destinations: Mapping[str, Any], titles: Mapping[tuple[str, str], Any]) -> Findings:
    """
    All that is wrong with an order by itself.

    Args:
        order: As it was sent.
        destinations: Accounts that print, by name, each with what is set up in it.
        titles: Piazza products, by destination and `sourceProductId`.
    """
    if not _is_object(order):
        yield "", "This is no object"
        return
    yield from _check(order, {"destination": PART, "orderData": PART}, "")
    destination, data = _part(order, "destination"), _part(order, "orderData")
    printer = destinations.get(str(destination.get("name")))
    if _is_object(order.get("destination")):
        yield from _check(destination, {"name": FILLED}, "destination")
        if _is_filled(destination.get("name")) and not printer:
            yield "destination.name", "No account has this name"
    if _is_object(order.get("orderData")):
        yield from _check(data, ORDER_DATA, "orderData")
    yield from _list_findings(data, printer, titles)


def _list_findings(data: Mapping[str, Any], printer: Any, titles: Mapping[tuple[str, str], Any]) -> Findings:
    indexes = list(_indexes(data))
    for path, item in _elements(data, "items", "orderData"):
        yield from _item_findings(item, path, printer, titles, indexes)
    for path, stock_item in _elements(data, "stockItems", "orderData"):
        yield from _check(stock_item, STOCK_ITEM, path)
        yield from _index_findings(stock_item, path, indexes)
        yield from _unknown(stock_item, "code", path, printer and [each["code"] for each in printer["stock"]])
    for path, shipment in _elements(data, "shipments", "orderData"):
        yield from _shipment_findings(shipment, path, printer)
    numbers = [each.get("sourceItemId") for _, each in _elements(data, "items", "orderData")]
    yield from _twice([each if _is_filled(each) else None for each in numbers], "orderData.items", "sourceItemId")
    yield from _twice(indexes, "orderData.shipments", "shipmentIndex")


def update_findings(body: Any) -> Findings:
    """All that is wrong with the update of a shipment by itself."""
    yield from _check(body, UPDATE, "")
    if _is_object(body) and _is_object(body.get("shipTo")):
        yield from _check(body["shipTo"], ADDRESS, "shipTo")
    yield from _check(_part(body, "carrier"), CARRIER, "carrier")


def completed(order: Any, titles: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """`orderData` of a valid order as it is kept: the known fields alone, with the tables' defaults."""
    data = order["orderData"]
    return {
        **_known(data, ORDER_DATA),
        "items": [_completed_item(each, order["destination"]["name"], titles) for each in data["items"]],
        **({"stockItems": [_known(each, STOCK_ITEM) for each in data["stockItems"]]} if "stockItems" in data else {}),
        "shipments": [
            _completed_shipment(each, index) for each, index in zip(data["shipments"], _indexes(data), strict=True)
        ],
    }


def known_address(address: Mapping[str, Any]) -> dict[str, Any]:
    """An address without what the document does not name."""
    return _known(address, ADDRESS)


def find_carrier(printer: Mapping[str, Any], carrier: Mapping[str, Any]) -> dict[str, Any] | None:
    """The shipping service that an alias, or else a code with a service, names."""
    names = ("alias",) if "alias" in carrier else ("code", "service")
    for each in printer["carriers"]:
        if all(each[name] == carrier.get(name) for name in names):
            found: dict[str, Any] = each
            return found
    return None


def _completed_item(item: Any, destination: str, titles: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    if "sourceProductId" in item:
        title = titles[destination, item["sourceProductId"]]
        from_title = [{**each, "fetch": True, "localFile": False} for each in title["components"]]
        return {**_known(item, PIAZZA_ITEM), "components": from_title}
    return {**_known(item, REGULAR_ITEM), "components": [_completed_component(each) for each in item["components"]]}


def _completed_component(component: Any) -> dict[str, Any]:
    known = _known(component, COMPONENT)
    return {**known, "preflight": known["preflight"] and not known["localFile"]}


def _completed_shipment(shipment: Any, index: int) -> dict[str, Any]:
    addresses = {name: known_address(shipment[name]) for name in ("shipTo", "returnAddress") if name in shipment}
    carrier = _known(shipment["carrier"], CARRIER)
    return {**_known(shipment, SHIPMENT), **addresses, "carrier": carrier, "shipmentIndex": index}


def _known(value: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    """The named members, or their defaults."""
    completed = {name: value.get(name, field.default) for name, field in fields.items()}
    return {name: each for name, each in completed.items() if each is not None}


def _check(value: Any, fields: Mapping[str, Field], path: str) -> Findings:
    """Each member by itself, and what is no object in a list of objects."""
    if not _is_object(value):
        yield path, "This is no object"
        return
    for name, field in fields.items():
        place = f"{path}.{name}".lstrip(".")
        if name not in value:
            if field.required:
                yield place, "This is missing"
        elif not field.is_right(value[name]):
            yield place, f"This is not {field.expected}"
        elif field in (LIST, SOME):
            strangers = (place for place, each in enumerate(value[name]) if not _is_object(each))
            yield from ((f"{path}.{name}.{each}", "This is no object") for each in strangers)


def _item_findings(item: Any, path: str, printer: Any, titles: Any, indexes: Sequence[Any]) -> Findings:
    is_piazza = "sourceProductId" in item
    yield from _check(item, PIAZZA_ITEM if is_piazza else REGULAR_ITEM, path)
    yield from _index_findings(item, path, indexes)
    if is_piazza:
        known = printer and [title for name, title in titles if name == printer["name"]]
        yield from _unknown(item, "sourceProductId", path, known)
        if "components" in item:
            yield f"{path}.components", "The Title brings the components"
        return
    yield from _unknown(item, "sku", path, printer and [each["code"] for each in printer["skus"]])
    codes = next(
        (each["components"] for each in (printer or {}).get("skus", ()) if each["code"] == item.get("sku")), None
    )
    for place, component in _elements(item, "components", path):
        yield from _check(component, COMPONENT, place)
        yield from _source_findings(component, place)
        yield from _unknown(component, "code", place, codes)
        for name in _part(component, "attributes"):
            if printer and name not in printer["attributes"]:
                yield f"{place}.attributes.{name}", "This attribute is not set up"


def _source_findings(component: Any, path: str) -> Findings:
    fetch, local = component.get("fetch", False), component.get("localFile", False)
    if fetch is False and local is False:
        yield f"{path}.localFile", "The file is neither fetched nor local"
    if fetch is True and local is True:
        yield f"{path}.localFile", "The file is both fetched and local"


def _shipment_findings(shipment: Any, path: str, printer: Any) -> Findings:
    yield from _check(shipment, SHIPMENT, path)
    for name in ("shipTo", "returnAddress"):
        if _is_object(shipment.get(name)):
            yield from _check(shipment[name], ADDRESS, f"{path}.{name}")
    for place, attachment in _elements(shipment, "attachments", path):
        yield from _check(attachment, ATTACHMENT, place)
    if _is_object(shipment.get("carrier")):
        yield from _carrier_findings(shipment, f"{path}.carrier", printer, f"{path}.shipTo.phone")


def _carrier_findings(shipment: Any, path: str, printer: Any, phone_path: str) -> Findings:
    carrier = shipment["carrier"]
    by_service = "alias" not in carrier
    if carrier.keys().isdisjoint(CARRIER):
        yield path, "This names no carrier"
        return
    fields = {"code": FILLED, "service": FILLED} if by_service else {**CARRIER, "alias": FILLED}
    wrong = list(_check(carrier, fields, path))
    yield from wrong
    if wrong or not printer:
        return
    service = find_carrier(printer, carrier)
    if service is None:
        has_code = by_service and carrier["code"] in {each["code"] for each in printer["carriers"]}
        yield f"{path}.{'service' if has_code else 'code' if by_service else 'alias'}", "This is not set up"
    elif service["requiresPhone"] and not _part(shipment, "shipTo").get("phone"):
        yield phone_path, "This carrier needs a phone number"


def _index_findings(item: Any, path: str, indexes: Sequence[Any]) -> Findings:
    index = item.get("shipmentIndex", 0)
    if _is_whole(index) and index not in indexes:
        yield f"{path}.shipmentIndex", "No shipment has this index"


def _indexes(data: Mapping[str, Any]) -> Iterator[Any]:
    """Each shipment's index: its own, or its place."""
    for place, shipment in enumerate(data["shipments"] if _is_list(data.get("shipments")) else ()):
        index = shipment.get("shipmentIndex", place) if _is_object(shipment) else place
        yield index if _is_whole(index) else place


def _twice(values: Sequence[Any], path: str, name: str) -> Findings:
    """Each value that comes again in the list; None is no value."""
    for place, value in enumerate(values):
        if value is not None and value in values[place + 1 :]:
            yield f"{path}.{place}.{name}", "This comes again further on"


def _unknown(value: Any, name: str, path: str, known: Any) -> Findings:
    """A code that is none of those set up; not judged where it is not known what is set up."""
    if known is not None and _is_filled(value.get(name)) and value[name] not in known:
        yield f"{path}.{name}", "This is not set up"


def _part(value: Any, name: str) -> Mapping[str, Any]:
    """An object inside an object; an empty one where there is none."""
    inner = value.get(name) if _is_object(value) else None
    return inner if isinstance(inner, dict) else {}


def _elements(value: Any, name: str, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects of a list with their paths."""
    inner = value.get(name)
    for place, element in enumerate(inner if isinstance(inner, list) else ()):
        if isinstance(element, dict):
            yield f"{path}.{name}.{place}", element
