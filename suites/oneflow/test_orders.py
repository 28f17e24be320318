"""Submitted orders: the receipt, the stored fields, and their ids."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from flowproof.clients import NotFound, ValidationFailed
from flowproof.clients.oneflow import OneFlow, Order
from flowproof.target import Target, Workspace, answered_at

from .profiles import few
from .raw_client import RawClient, comparable, losses
from .strategies import full_orders, minimum_order, orders

Json = Any
MINTED_IDS = r"[0-9a-f]{24}"


def extra_data_of(data: Json) -> Iterator[Json]:
    """The `extraData` of an order's data, its items and their components, in that order."""
    yield data.get("extraData", {})
    for item in data["items"]:
        yield item.get("extraData", {})
        yield from (component.get("extraData", {}) for component in item.get("components", ()))


@pytest.mark.requirement("oneflow.submission.answer", "oneflow.submission.id_kept", "oneflow.order.extra_data_kept")
@pytest.mark.requirement("oneflow.order.get", "oneflow.record.source_order_id")
@few(15)
@given(order=orders())
def test_submitted_order_is_readable_under_its_id(
    oneflow: OneFlow, placed: Callable[..., Order], order: dict[str, Json]
) -> None:
    """
    Any valid order can later be read under the id of its submission, with its numbers and its extraData unchanged.
    """
    sent = copy.deepcopy(order)
    found = placed(sent)

    data = found.raw["orderData"]
    assert isinstance(data, dict)
    assert data["sourceOrderId"] == sent["orderData"]["sourceOrderId"]
    assert [item["sourceItemId"] for item in data["items"]] == [
        item["sourceItemId"] for item in sent["orderData"]["items"]
    ]
    titled = any("sourceProductId" in item for item in sent["orderData"]["items"])
    assert titled or list(extra_data_of(data)) == list(extra_data_of(sent["orderData"]))
    mine, theirs = comparable(found.raw, oneflow.order(found.id).raw)
    assert mine == theirs


@pytest.mark.requirement("oneflow.record.order_data", "oneflow.record.destination", "oneflow.record.items")
@pytest.mark.requirement("oneflow.record.stock_items", "oneflow.record.shipments")
@few(10)
@given(order=full_orders())
def test_order_keeps_every_field_that_was_sent(placed: Callable[..., Order], order: dict[str, Json]) -> None:
    """
    Every field of every table that was sent is in the order as it is read.
    """
    sent = copy.deepcopy(order)
    found = placed(sent)

    assert list(losses(sent, found.raw)) == []


@pytest.mark.requirement("oneflow.record.structure", "oneflow.record.id", "oneflow.record.status")
def test_order_is_read_as_an_object_of_four_parts(placed: Callable[..., Order]) -> None:
    """
    An order is given back with its id of 24 hexadecimal digits, its destination, its source and its data.
    """
    order = placed()

    assert re.fullmatch(MINTED_IDS, order.id)
    assert (order.destination_name, bool(order.source_name), bool(order.status)) == ("printcompanyx", True, True)
    assert {"_id", "destination", "source", "orderData"} <= set(order.raw)


@pytest.mark.requirement("oneflow.order.unknown_fields")
def test_unknown_fields_are_not_kept(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    A field that the order structure does not name is not in the order as it is read.
    """
    order = minimum_order("")
    order["orderData"]["xUnknown"] = order["orderData"]["items"][0]["xUnknown"] = {"colour": "blue"}

    assert "xUnknown" not in json.dumps(dict(placed(order).raw))


DEFAULTS: dict[str, tuple[tuple[str | int, ...], Json]] = {
    "oneflow.order.item.quantity": (("items", 0, "quantity"), 1),
    "oneflow.order.item.shipment_index": (("items", 0, "shipmentIndex"), 0),
    "oneflow.order.component.local_file": (("items", 0, "components", 0, "localFile"), False),
    "oneflow.order.component.preflight": (("items", 0, "components", 0, "preflight"), False),
    "oneflow.order.component.duplicate": (("items", 0, "components", 0, "duplicate"), 1),
    "oneflow.order.stock_item.quantity": (("stockItems", 0, "quantity"), 1),
    "oneflow.order.stock_item.shipment_index": (("stockItems", 0, "shipmentIndex"), 0),
    "oneflow.order.stock_item.unit_price": (("stockItems", 0, "unitPrice"), 0),
    "oneflow.order.shipment.can_ship_early": (("shipments", 0, "canShipEarly"), True),
    "oneflow.order.shipment.shipment_index": (("shipments", 1, "shipmentIndex"), 1),
}


@pytest.mark.requirement("oneflow.order.defaults")
@pytest.mark.parametrize(
    "requirement", [pytest.param(each, id=each, marks=pytest.mark.requirement(each)) for each in DEFAULTS]
)
def test_field_left_out_takes_its_default(placed: Callable[..., Order], requirement: str) -> None:
    """
    A field that is left out has the default of its table in the order as it is read.
    """
    order = minimum_order("")
    order["orderData"]["stockItems"] = [{"code": "coupon"}]
    order["orderData"]["shipments"].append(copy.deepcopy(order["orderData"]["shipments"][0]))
    steps, default = DEFAULTS[requirement]

    kept: Json = placed(order).raw["orderData"]
    for step in steps:
        kept = kept[step]

    assert (kept, isinstance(kept, bool)) == (default, isinstance(default, bool))


@pytest.mark.requirement("oneflow.order.component.fetch", "oneflow.order.preflight_off_for_local")
def test_local_file_is_neither_fetched_nor_preflighted(placed: Callable[..., Order]) -> None:
    """
    For a local file `fetch` defaults to false, and `preflight` becomes false whatever was sent.
    """
    order = minimum_order("")
    component = {"code": "text", "path": "text.pdf", "localFile": True, "preflight": True}
    order["orderData"]["items"][0]["components"] = [component]

    (kept,) = placed(order).items[0].components

    assert {name: kept.raw[name] for name in ("localFile", "fetch", "preflight")} == {
        "localFile": True,
        "fetch": False,
        "preflight": False,
    }


@pytest.mark.requirement("oneflow.order.piazza_without_components", "oneflow.order.item.source_product_id")
def test_components_of_a_title_come_with_it(placed: Callable[..., Order]) -> None:
    """
    A Piazza item is given back with the components of its Title.
    """
    order = minimum_order("")
    order["orderData"]["items"] = [{"sourceItemId": "1", "sourceProductId": "9781718901438"}]

    assert [component.code for component in placed(order).items[0].components] == ["text", "cover"]


@pytest.mark.requirement("oneflow.submission.status", "oneflow.submission.answer", "oneflow.submission.id")
@pytest.mark.requirement("oneflow.submission.url", "oneflow.submission.timestamp")
@pytest.mark.requirement("oneflow.submission.source_account_id")
@pytest.mark.parametrize("body", ["{}", "[]", "null", '"order"', '{"destination": {"name": "nobody"}}'])
def test_submission_is_answered_whatever_it_is(raw: RawClient, body: str) -> None:
    """
    Any JSON that is submitted is answered 201 with id, URL, time and account, valid or not.
    """
    answer = raw.send("POST", "/api/order", body=body.encode())

    assert answer.status_code == 201
    assert {"_id", "sourceAccountId", "timestamp", "url"} <= set(answer.json())


@pytest.mark.requirement("oneflow.submission.timestamp")
def test_submission_is_stamped_with_its_moment(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    The timestamp of a submission is its moment, in UTC with milliseconds.
    """
    workspace.clock.freeze("2017-04-08T13:41:19.998Z")

    assert oneflow.submit(minimum_order("1")).timestamp == "2017-04-08T13:41:19.998Z"


@pytest.mark.requirement("oneflow.submission.timestamp")
def test_timestamp_is_that_of_the_answer(raw: RawClient, new_id: Callable[[], str]) -> None:
    """
    The timestamp of a submission is in UTC with milliseconds, and of the moment of its answer.
    """
    answer = raw.send("POST", "/api/order", body=json.dumps(minimum_order(new_id())).encode())
    text = answer.json()["timestamp"]

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert abs(datetime.fromisoformat(text) - answered_at(answer)) <= timedelta(minutes=1)


@pytest.mark.requirement("oneflow.submission.id")
def test_every_submission_has_an_id_of_its_own(oneflow: OneFlow, new_id: Callable[[], str]) -> None:
    """
    Submissions have ids of their own, also those of the same order.
    """
    order = minimum_order(new_id())

    assert len({oneflow.submit(order).id for _ in range(3)}) == 3


@pytest.mark.requirement("oneflow.submission.url")
def test_every_submission_has_a_url_of_its_own(oneflow: OneFlow, new_id: Callable[[], str]) -> None:
    """
    Two submissions are stored at two URLs.
    """
    urls = {oneflow.submit(minimum_order(new_id())).url for _ in range(2)}

    assert len(urls - {None, ""}) == 2


@pytest.mark.requirement("oneflow.submission.source_account_id", "oneflow.record.source")
def test_order_is_from_the_account_that_sent_it(oneflow: OneFlow, new_id: Callable[[], str]) -> None:
    """
    The account of the submission is the source of the order.
    """
    receipt = oneflow.submit(minimum_order(new_id()))
    source = oneflow.wait_for_order(receipt.id).raw["source"]

    assert isinstance(source, dict)
    assert source.get("id", receipt.source_account_id) == receipt.source_account_id


@pytest.mark.requirement("oneflow.submission.asynchronous")
def test_order_is_processed_after_its_submission(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A submission is answered before it is processed: its order is found only when its time has come.
    """
    processing_s = workspace.seed("oneflow")["settings"]["processing_s"]
    workspace.clock.freeze()
    receipt = oneflow.submit(minimum_order("1"))

    with pytest.raises(NotFound):
        oneflow.order(receipt.id)
    workspace.clock.advance(processing_s)

    assert oneflow.order(receipt.id).id == receipt.id


@pytest.mark.requirement("oneflow.order.source_order_id_unique")
def test_used_source_order_id_is_refused(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    A number that the account has used for an order is refused, in the provider's words.
    """
    used = placed().source_order_id or ""

    with pytest.raises(ValidationFailed) as refused:
        oneflow.validate(minimum_order(used))

    (entry,) = refused.value.validations
    assert (entry.path, entry.message) == ("orderData.sourceOrderId", "Source Order ID already exists")


@pytest.mark.requirement("oneflow.order.source_order_id_unique")
def test_cancelled_order_keeps_its_source_order_id(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    The number of a cancelled order stays used.
    """
    order = placed()
    oneflow.cancel(order.source_name or "", order.source_order_id or "")

    with pytest.raises(ValidationFailed):
        oneflow.validate(minimum_order(order.source_order_id or ""))


@pytest.mark.requirement("oneflow.order.source_order_id_unique", "oneflow.submission.invalid_not_found")
def test_order_submitted_twice_exists_once(oneflow: OneFlow, new_id: Callable[[], str]) -> None:
    """
    Of two submissions with the same number the first becomes an order, the second none.
    """
    order, later = minimum_order(new_id()), minimum_order(new_id())
    first, second, third = (oneflow.submit(each) for each in (order, order, later))
    for each in (first, third):
        oneflow.wait_for_order(each.id)

    listed = [each.id for each in oneflow.orders(pagesize=100).orders]
    assert (first.id in listed, second.id in listed) == (True, False)
    with pytest.raises(NotFound):
        oneflow.order(second.id)


@pytest.mark.requirement("oneflow.order.source_order_id_unique", "oneflow.auth.identity")
def test_accounts_number_their_orders_apart(
    target: Target, oneflow: OneFlow, placed: Callable[..., Order], make_oneflow: Callable[..., OneFlow]
) -> None:
    """
    A number that one account has used is free for another account.
    """
    order = minimum_order(placed().source_order_id or "")

    assert list(losses(order, make_oneflow(target, role="other").validate(order))) == []
