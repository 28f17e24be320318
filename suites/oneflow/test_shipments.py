"""Shipments are created with their order, and their address can be amended."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from flowproof.clients import NotFound, Refused
from flowproof.clients.oneflow import OneFlow, Order
from flowproof.target import Target, Workspace

from .profiles import few
from .raw_client import NOT_FOUND, RawClient, error_of, losses
from .strategies import addresses, minimum_order

Json = Any
ADDRESS: dict[str, Json] = {
    "name": "Wendy Darling",
    "address1": "14 Kensington Gardens",
    "town": "London",
    "postcode": "W8 4PX",
    "isoCountry": "GB",
}

FEDEX = {"code": "fedex", "service": "ground"}


def path_of(order: Order, index: object = 0) -> str:
    """The path of a shipment's update."""
    return f"/api/shipment/{order.source_order_id}/{index}/shipping"


@pytest.mark.requirement("oneflow.shipment.created_with_order", "oneflow.record.shipments")
def test_shipments_come_with_their_order(placed: Callable[..., Order]) -> None:
    """
    An order has its shipments as soon as it exists, each with its index, address and carrier.
    """
    order = minimum_order("")
    order["orderData"]["shipments"] = [order["orderData"]["shipments"][0]] * 2

    shipments = placed(order).shipments

    assert [each.shipment_index for each in shipments] == [0, 1]
    assert all(each.ship_to["name"] == "Peter Pan" and each.carrier for each in shipments)


@pytest.mark.requirement("oneflow.shipment.update", "oneflow.shipment.ship_to", "oneflow.shipping_update.ship_to")
@pytest.mark.requirement("oneflow.shipment.source_order_id", "oneflow.shipment.shipment_index")
@few(10)
@given(address=addresses())
def test_amended_address_is_the_answer(
    oneflow: OneFlow, placed: Callable[..., Order], address: dict[str, Json]
) -> None:
    """
    Any address can be given to a shipment; the shipment then has it, and so does its order.
    """
    order = placed()
    shipment = oneflow.update_shipping(order.source_order_id or "", 0, ship_to=address)

    assert shipment.shipment_index == 0
    assert shipment.source_order_id == order.source_order_id
    assert list(losses([address] * 2, [shipment.ship_to, oneflow.order(order.id).shipments[0].ship_to])) == []


@pytest.mark.requirement("oneflow.shipment.items")
def test_shipment_has_its_own_items(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    A shipment is given back with the items that are in it, and no others.
    """
    order = minimum_order("")
    item, shipment = order["orderData"]["items"][0], order["orderData"]["shipments"][0]
    order["orderData"]["items"] = [{**item, "sourceItemId": str(n), "shipmentIndex": n % 2} for n in range(3)]
    order["orderData"]["shipments"] = [shipment, shipment]

    answered = oneflow.update_shipping(placed(order).source_order_id or "", 1, ship_to=ADDRESS).raw["items"]

    assert isinstance(answered, list)
    assert [each["sourceItemId"] for each in answered] == ["1"]


@pytest.mark.requirement("oneflow.shipment.return_address")
def test_shipment_keeps_its_return_address(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    A shipment that has a return address is given back with it, unchanged by the update.
    """
    order = minimum_order("")
    order["orderData"]["shipments"][0]["returnAddress"] = ADDRESS

    answered = oneflow.update_shipping(placed(order).source_order_id or "", 0, ship_to={**ADDRESS, "name": "Hook"})

    assert list(losses(ADDRESS, answered.raw["returnAddress"])) == []
    assert answered.ship_to["name"] == "Hook"


@pytest.mark.requirement("oneflow.shipment.carrier", "oneflow.shipment.carrier_blank_kept")
@pytest.mark.parametrize("carrier", [None, {}, {"code": "", "service": ""}])
def test_carrier_stays_where_none_is_named(
    oneflow: OneFlow, placed: Callable[..., Order], carrier: dict[str, str] | None
) -> None:
    """
    An update without a carrier, or with a blank one, leaves the carrier as it was.
    """
    order = placed()
    oneflow.update_shipping(order.source_order_id or "", 0, ship_to=ADDRESS, carrier=carrier)

    assert oneflow.order(order.id).shipments[0].carrier == order.shipments[0].carrier


@pytest.mark.requirement("oneflow.shipping_update.carrier", "oneflow.shipment.carrier")
@pytest.mark.parametrize("named", [FEDEX, {"alias": "FEDEX_GROUND"}], ids=["code and service", "alias"])
def test_carrier_can_be_changed(oneflow: OneFlow, placed: Callable[..., Order], named: dict[str, str]) -> None:
    """
    An update may name another carrier, by code and service or by its alias.
    """
    address = {**ADDRESS, "phone": "+12345678910"}
    answered = oneflow.update_shipping(placed().source_order_id or "", 0, ship_to=address, carrier=named)

    assert {name: answered.carrier[name] for name in FEDEX} == FEDEX


BROKEN_RULES: dict[str, tuple[str, dict[str, str]]] = {
    "unknown alias": ("oneflow.order.carrier_alias_known", {"alias": "NOPE"}),
    "unknown code and service": ("oneflow.order.carrier_alias_known", {"code": "bogus", "service": "ground"}),
    "known code, unknown service": ("oneflow.order.carrier_alias_known", {"code": "fedex", "service": "air"}),
    "code alone": ("oneflow.order.carrier.code_and_service", {"code": "fedex"}),
    "service alone": ("oneflow.order.carrier.code_and_service", {"code": "", "service": "ground"}),
    "no phone for a carrier that demands it": ("oneflow.order.phone_required_by_carrier", FEDEX),
}


@pytest.mark.parametrize(
    "broken",
    [pytest.param(each, id=each, marks=pytest.mark.requirement(BROKEN_RULES[each][0])) for each in BROKEN_RULES],
)
def test_update_keeps_the_rules_of_an_order(oneflow: OneFlow, placed: Callable[..., Order], broken: str) -> None:
    """
    An update that names a carrier which no order could have is answered 400, and the order stays as it was.
    """
    order = placed()
    with pytest.raises(Refused) as refused:
        oneflow.update_shipping(order.source_order_id or "", 0, ship_to=ADDRESS, carrier=BROKEN_RULES[broken][1])

    assert refused.value.status == 400
    assert oneflow.order(order.id).shipments == order.shipments


@pytest.mark.requirement("oneflow.order.phone_required_by_carrier")
def test_update_keeps_the_phone_of_its_carrier(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    Where the carrier that a shipment has demands a phone number, an address without one is answered 400.
    """
    sent = minimum_order("")
    sent["orderData"]["shipments"][0]["carrier"] = dict(FEDEX)
    sent["orderData"]["shipments"][0]["shipTo"]["phone"] = "+12345678910"

    with pytest.raises(Refused) as refused:
        oneflow.update_shipping(placed(sent).source_order_id or "", 0, ship_to=ADDRESS)

    assert refused.value.status == 400


@pytest.mark.requirement("oneflow.shipping_update.tracking_number", "oneflow.shipment.tracking_number")
def test_tracking_number_is_kept(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    A tracking number that an update brings is given back.
    """
    answered = oneflow.update_shipping(placed().source_order_id or "", 0, ship_to=ADDRESS, tracking_number="12345678")

    assert answered.tracking_number == "12345678"


BROKEN_UPDATES: dict[str, tuple[str, Json]] = {
    "no object": ("oneflow.shipping_update.body", []),
    "text": ("oneflow.shipping_update.body", "shipTo"),
    "null": ("oneflow.shipping_update.body", None),
    "no address": ("oneflow.shipping_update.ship_to", {"trackingNumber": "1"}),
    "address is text": ("oneflow.order.address.structure", {"shipTo": "London"}),
    "address without a town": (
        "oneflow.order.address.town",
        {"shipTo": {key: ADDRESS[key] for key in ADDRESS if key != "town"}},
    ),
    "three letters": ("oneflow.order.address.iso_country", {"shipTo": {**ADDRESS, "isoCountry": "GBR"}}),
    "carrier is text": ("oneflow.shipping_update.carrier", {"shipTo": ADDRESS, "carrier": "fedex"}),
    "code is a number": ("oneflow.shipping_update.carrier", {"shipTo": ADDRESS, "carrier": {"code": 1}}),
    "service is null": ("oneflow.shipping_update.carrier", {"shipTo": ADDRESS, "carrier": {"service": None}}),
    "number": ("oneflow.shipping_update.tracking_number", {"shipTo": ADDRESS, "trackingNumber": 12345678}),
}


@pytest.mark.requirement("oneflow.error.bad_request", "oneflow.error.body")
@pytest.mark.parametrize(
    "broken",
    [pytest.param(each, id=each, marks=pytest.mark.requirement(BROKEN_UPDATES[each][0])) for each in BROKEN_UPDATES],
)
def test_broken_update_changes_nothing(
    raw: RawClient, oneflow: OneFlow, placed: Callable[..., Order], broken: str
) -> None:
    """
    An update that is not as documented is answered 400, and the order stays as it was.
    """
    order = placed()
    answer = raw.send("PUT", path_of(order), body=json.dumps(BROKEN_UPDATES[broken][1]).encode())

    assert (answer.status_code, error_of(answer)["code"]) == (400, 400)
    assert oneflow.order(order.id).shipments == order.shipments


@pytest.mark.requirement("oneflow.shipment.update_not_found", "oneflow.shipment.index_path")
@pytest.mark.parametrize("index", ["1", "99", "-1", "1.0", "first", "0x0", "%D9%A0"])
def test_shipment_that_does_not_exist_is_not_found(raw: RawClient, placed: Callable[..., Order], index: str) -> None:
    """
    An index that no shipment of the order has, in whatever form, is answered 404 with the documented body.
    """
    answer = raw.send("PUT", path_of(placed(), index), body=json.dumps({"shipTo": ADDRESS}).encode())

    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.requirement("oneflow.shipment.update_not_found")
def test_shipment_of_no_order_is_not_found(oneflow: OneFlow, new_id: Callable[[], str]) -> None:
    """
    A shipment of an order that does not exist is answered 404.
    """
    with pytest.raises(NotFound):
        oneflow.update_shipping(new_id(), 0, ship_to=ADDRESS)


@pytest.mark.requirement("oneflow.auth.identity", "oneflow.shipment.update_not_found")
def test_shipment_of_another_account_is_not_found(
    target: Target, placed: Callable[..., Order], make_oneflow: Callable[..., OneFlow]
) -> None:
    """
    An account finds no shipment of another account, since numbers of orders are each account's own.
    """
    with pytest.raises(NotFound):
        make_oneflow(target, role="other").update_shipping(placed().source_order_id or "", 0, ship_to=ADDRESS)


@pytest.mark.requirement("oneflow.shipment.update_closed")
def test_shipment_of_a_cancelled_order_cannot_be_amended(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    A shipment whose order is cancelled cannot be amended: 400.
    """
    order = placed()
    oneflow.cancel(order.source_name or "", order.source_order_id or "")

    with pytest.raises(Refused) as refused:
        oneflow.update_shipping(order.source_order_id or "", 0, ship_to=ADDRESS)

    assert (refused.value.status, oneflow.order(order.id).status) == (400, "cancelled")
    assert oneflow.order(order.id).shipments == order.shipments


@pytest.mark.requirement("oneflow.shipment.update_closed")
def test_closed_shipment_cannot_be_amended(
    workspace: Workspace, oneflow: OneFlow, placed: Callable[..., Order]
) -> None:
    """
    A shipment that has shipped cannot be amended: 400.
    """
    order = placed()
    workspace.clock.advance(7 * 86_400)

    with pytest.raises(Refused) as refused:
        oneflow.update_shipping(order.source_order_id or "", 0, ship_to=ADDRESS)

    assert (refused.value.status, oneflow.order(order.id).status) == (400, "shipped")


@pytest.mark.requirement("oneflow.shipment.update", "oneflow.order.lifecycle")
def test_amended_shipment_ships_to_the_new_address(
    workspace: Workspace, oneflow: OneFlow, placed: Callable[..., Order]
) -> None:
    """
    An order that ships after an update goes to the new address.
    """
    order = placed()
    oneflow.update_shipping(order.source_order_id or "", 0, ship_to=ADDRESS)
    workspace.clock.advance(7 * 86_400)

    shipped = oneflow.order(order.id)
    assert shipped.status == "shipped"
    assert list(losses(ADDRESS, shipped.shipments[0].ship_to)) == []


@pytest.mark.requirement("oneflow.shipment.update")
def test_update_leaves_other_shipments_alone(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    Amending the address of one shipment leaves that of the order's other shipment as it was.
    """
    sent = minimum_order("")
    sent["orderData"]["shipments"] = [sent["orderData"]["shipments"][0]] * 2
    order = placed(sent)

    oneflow.update_shipping(order.source_order_id or "", 1, ship_to=ADDRESS)

    first, second = oneflow.order(order.id).shipments
    assert first.ship_to == order.shipments[0].ship_to
    assert list(losses(ADDRESS, second.ship_to)) == []
