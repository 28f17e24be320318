"""What the OneFlow client sends and reads, against a scripted HTTP server on loopback."""

import json
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from flowproof.clients import (
    NotInTime,
    UnexpectedAnswer,
)
from flowproof.clients.oneflow import OneFlow, Shipment
from tests.clients.oneflow_answers import (
    ADDRESS,
    NOON,
    NOT_FOUND,
    ORDER,
    ORDER_ID,
    RECEIPT,
    SECRET,
    TOKEN,
    order_json,
    page_json,
)
from tests.clients.scripted import Provider, Reply

# --- what is sent ----------------------------------------------------------------------------------------------------


def test_order_is_sent_as_json_whatever_mapping_it_is(provider: Provider, oneflow: OneFlow) -> None:
    """An order of nested read-only mappings is sent as the same JSON."""
    provider.replies(Reply(200, ORDER))

    oneflow.validate(MappingProxyType({**ORDER, "destination": MappingProxyType({"name": "printcompanyx"})}))

    seen = provider.seen[0]
    assert (json.loads(seen.body), seen.headers["Content-Type"]) == (ORDER, "application/json")


def test_order_with_nan_is_never_sent(provider: Provider, oneflow: OneFlow) -> None:
    """NaN is not JSON, so nothing is sent."""
    with pytest.raises(ValueError, match="JSON compliant"):
        oneflow.submit({"orderData": {"weight": float("nan")}})

    assert provider.seen == []


def test_cancel_sends_no_body(provider: Provider, oneflow: OneFlow) -> None:
    """A cancellation is a PUT without a body and without a content type."""
    provider.replies(Reply(200, order_json(status="cancelled")))

    cancelled = oneflow.cancel("acct", "SO-1")

    seen = provider.seen[0]
    assert (seen.method, seen.body, "Content-Type" in seen.headers) == ("PUT", b"", False)
    assert cancelled.status == "cancelled"


def test_update_shipping_sends_only_what_is_given(provider: Provider, oneflow: OneFlow) -> None:
    """Without a carrier and a tracking number only the address is sent."""
    provider.replies(Reply(200, {"shipmentIndex": 1, "sourceOrderId": "SO-1", "shipTo": ADDRESS}))

    oneflow.update_shipping("SO-1", 1, ship_to=ADDRESS)

    assert (provider.seen[0].path, json.loads(provider.seen[0].body)) == (
        "/api/shipment/SO-1/1/shipping",
        {"shipTo": ADDRESS},
    )


def test_update_shipping_sends_carrier_and_tracking_number(provider: Provider, oneflow: OneFlow) -> None:
    """A carrier and a tracking number are sent under the document's names."""
    provider.replies(Reply(200, {"shipmentIndex": 0}))
    carrier = {"code": "ups", "service": "ground"}

    oneflow.update_shipping("SO-1", 0, ship_to=ADDRESS, carrier=carrier, tracking_number="1Z")

    assert json.loads(provider.seen[0].body) == {"shipTo": ADDRESS, "carrier": carrier, "trackingNumber": "1Z"}


# --- what is read ----------------------------------------------------------------------------------------------------


def test_submission_is_read_as_documented(provider: Provider, oneflow: OneFlow) -> None:
    """The receipt has the id, the URL, the time and the account."""
    provider.replies(Reply(201, RECEIPT))

    receipt = oneflow.submit(ORDER)

    assert (receipt.id, receipt.url, receipt.timestamp, receipt.source_account_id) == tuple(RECEIPT.values())


def test_submission_of_the_synchronous_api_has_the_id(provider: Provider, oneflow: OneFlow) -> None:
    """An older host answers with the order itself, whose id is read."""
    provider.replies(Reply(201, {"order": order_json(), "success": True}))

    assert oneflow.submit(ORDER).id == ORDER_ID


def test_validate_returns_the_order_as_read(provider: Provider, oneflow: OneFlow) -> None:
    """A valid order is returned as the provider reads it."""
    provider.replies(Reply(200, ORDER))

    assert oneflow.validate(ORDER) == ORDER


def test_order_is_read_into_typed_fields(provider: Provider, oneflow: OneFlow) -> None:
    """An order's ids, names and status are fields."""
    provider.replies(Reply(200, order_json()))

    order = oneflow.order(ORDER_ID)

    assert (order.id, order.status, order.source_order_id, order.source_name, order.destination_name) == (
        ORDER_ID,
        "dataready",
        "SO-1",
        "acct",
        "printcompanyx",
    )


def test_items_and_shipments_are_read_into_typed_fields(provider: Provider, oneflow: OneFlow) -> None:
    """An order's items with their components, and its shipments, are values."""
    provider.replies(Reply(200, order_json()))

    order = oneflow.order(ORDER_ID)

    (item,), (shipment,) = order.items, order.shipments
    assert (item.sku, item.quantity, item.components[0].code) == ("SKU-1", 2, "text")
    assert (shipment.shipment_index, shipment.ship_to, shipment.carrier) == (0, ADDRESS, {"alias": "post"})


def test_wrapped_order_reads_like_a_bare_one(provider: Provider, oneflow: OneFlow) -> None:
    """A wrapped order gives the same result."""
    provider.replies(Reply(200, {"order": order_json(), "success": True}), Reply(200, order_json()))

    assert oneflow.order(ORDER_ID) == oneflow.order(ORDER_ID)


def test_unknown_fields_are_kept_in_raw(provider: Provider, oneflow: OneFlow) -> None:
    """Fields without a name in the client are in raw."""
    provider.replies(Reply(200, {**order_json(), "mood": "sunny"}))

    assert oneflow.order(ORDER_ID).raw["mood"] == "sunny"


def test_null_and_missing_read_alike(provider: Provider, oneflow: OneFlow) -> None:
    """An order may have nothing but its id; null reads as missing."""
    provider.replies(Reply(200, {"_id": ORDER_ID, "source": None, "orderData": None}))

    order = oneflow.order(ORDER_ID)

    assert (order.status, order.source_name, order.items) == (None, None, ())


def test_updated_shipment_is_read(provider: Provider, oneflow: OneFlow) -> None:
    """The updated shipment is returned, whatever fields it lacks."""
    body = {"shipmentIndex": 1, "sourceOrderId": "SO-1", "shipTo": ADDRESS, "trackingNumber": "1Z"}
    provider.replies(Reply(200, body))

    shipment = oneflow.update_shipping("SO-1", 1, ship_to=ADDRESS)

    assert shipment == Shipment(
        id=None,
        shipment_index=1,
        source_order_id="SO-1",
        source_shipment_id=None,
        status=None,
        ship_to=ADDRESS,
        carrier={},
        tracking_number="1Z",
        tracking_url=None,
        shipped_date=None,
        raw=body,
    )


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "/_id"),
        ([], ""),
        ({"_id": True}, "/_id"),
        ({"_id": "1", "orderData": []}, "/orderData"),
        ({"_id": "1", "orderData": {"items": {}}}, "/orderData/items"),
        ({"_id": "1", "orderData": {"items": [{}, {"quantity": "2"}]}}, "/orderData/items/1/quantity"),
        ({"order": {"status": "x"}}, "/order/_id"),
    ],
)
def test_answer_of_another_shape_says_where(provider: Provider, oneflow: OneFlow, body: object, where: str) -> None:
    """A field that is missing or of the wrong type is named by its JSON pointer."""
    provider.replies(Reply(200, body))

    with pytest.raises(UnexpectedAnswer) as unexpected:
        oneflow.order(ORDER_ID)

    assert unexpected.value.where == where


@pytest.mark.parametrize("body", [b"", b"<html>oops</html>", b'{"_id": NaN}', b"\xff\xfe\x00", b"[" * 100_000])
def test_body_that_is_not_json_is_unexpected(provider: Provider, oneflow: OneFlow, body: bytes) -> None:
    """A success whose body is not JSON is an unexpected response, and says so."""
    provider.replies(Reply(200, body))

    with pytest.raises(UnexpectedAnswer, match="answered 200, but the answer is not JSON"):
        oneflow.order(ORDER_ID)


# --- paging and waiting ----------------------------------------------------------------------------------------------


def test_orders_asks_for_page_and_pagesize(provider: Provider, oneflow: OneFlow) -> None:
    """A page is requested by number and size, and has the number of pages."""
    provider.replies(Reply(200, page_json(range(3, 6), page=2, pages=33)))

    page = oneflow.orders(2, 3)

    assert parse_qs(urlsplit(provider.seen[0].target).query) == {"page": ["2"], "pagesize": ["3"]}
    assert (page.page, page.pages, page.count, len(page.orders)) == (2, 33, 99, 3)


def test_page_without_data_is_unexpected(provider: Provider, oneflow: OneFlow) -> None:
    """A page without a list of orders is an error."""
    provider.replies(Reply(200, {"success": True}))

    with pytest.raises(UnexpectedAnswer) as unexpected:
        oneflow.orders()

    assert unexpected.value.where == "/data"


@pytest.mark.parametrize("pages", [3, None])
def test_all_orders_visits_each_once(provider: Provider, oneflow: OneFlow, pages: int | None) -> None:
    """All orders are returned once, although new orders push others to later pages."""
    provider.replies(
        Reply(200, page_json(range(4), page=1, pages=pages)),
        Reply(200, page_json(range(2, 6), page=2, pages=pages)),
        Reply(200, page_json(range(6, 8), page=3, pages=pages)),
        Reply(200, page_json(range(0), page=4, pages=pages)),
    )

    ids = [int(order.id, 16) for order in oneflow.all_orders(pagesize=4)]

    assert ids == list(range(8))


def test_all_orders_ends_where_a_provider_ignores_the_page(provider: Provider, oneflow: OneFlow) -> None:
    """The iterator ends where the provider answers every page with the first."""
    provider.replies(Reply(200, page_json(range(4), page=1, pages=None)))

    assert len(list(oneflow.all_orders())) == 4


def test_all_orders_asks_for_no_page_before_it_is_wanted(provider: Provider, oneflow: OneFlow) -> None:
    """The second page is requested only after the first is used up."""
    provider.replies(Reply(200, page_json(range(4), page=1, pages=9)))

    next(oneflow.all_orders())

    assert len(provider.seen) == 1


def test_wait_for_order_polls_until_it_is_found(provider: Provider, oneflow: OneFlow, sleeps: list[float]) -> None:
    """The client polls until the order is found."""
    provider.replies(Reply(404, NOT_FOUND), Reply(404, NOT_FOUND), Reply(200, order_json()))

    order = oneflow.wait_for_order(ORDER_ID, timeout_s=10, poll_s=2)

    assert (order.id, sleeps) == (ORDER_ID, [2, 2])


@pytest.mark.parametrize("until", ["printready", {"printready", "shipped"}, lambda order: order.status == "printready"])
def test_wait_for_order_waits_for_a_status(provider: Provider, oneflow: OneFlow, until: Any) -> None:
    """One status, several, or a condition: the order is returned once it fits."""
    provider.replies(Reply(200, order_json(status="print")), Reply(200, order_json(status="printready")))

    assert oneflow.wait_for_order(ORDER_ID, until=until, timeout_s=10).status == "printready"


def test_wait_for_order_ends_when_time_is_over(provider: Provider, oneflow: OneFlow, sleeps: list[float]) -> None:
    """Waiting ends after the timeout, even while the clock stands still."""
    provider.replies(Reply(404, NOT_FOUND))

    with pytest.raises(NotInTime, match="the order is not found yet after 5 s"):
        oneflow.wait_for_order(ORDER_ID, timeout_s=5, poll_s=2)

    assert sleeps == [2, 2, 1]


def test_wait_for_order_counts_the_time_of_slow_answers(provider: Provider) -> None:
    """The time of slow responses counts as waiting."""
    provider.replies(Reply(200, order_json(status="received")))
    minutes = iter(range(60))
    sleeps: list[float] = []

    with (
        OneFlow(
            provider.url, TOKEN, SECRET, now=lambda: NOON.replace(minute=next(minutes)), sleep=sleeps.append
        ) as oneflow,
        pytest.raises(NotInTime, match="status 'received'"),
    ):
        oneflow.wait_for_order(ORDER_ID, until={"shipped"}, timeout_s=100, poll_s=1)

    assert sleeps == []
