"""Orders: validated, submitted, read, listed and cancelled."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients import Forbidden, NotFound, Refused, ValidationFailed
from flowproof.clients.oneflow import OneFlow, Order
from flowproof.target import Target, Workspace

from .profiles import NETWORKED, few
from .strategies import (
    BREAKAGES,
    Breakage,
    broken_orders,
    decorated_orders,
    full_orders,
    minimum_order,
    orders,
    piazza_orders,
)
from .wire import NOT_FOUND, Wire, error_of

Json = Any
MINTED_IDS = r"[0-9a-f]{24}"


def breakages(operation: Callable[[Breakage], bool] = lambda _: True) -> list[Any]:
    """Every way to break an order as a parameter, marked with the requirement that is then not met."""
    return [
        pytest.param(each, id=str(each), marks=pytest.mark.requirement(each.requirement))
        for each in BREAKAGES
        if operation(each)
    ]


def extra_data_of(data: Json) -> Iterator[Json]:
    """What is in `extraData` of an order's data, its items and their components, in that order."""
    yield data.get("extraData", {})
    for item in data["items"]:
        yield item.get("extraData", {})
        yield from (component.get("extraData", {}) for component in item.get("components", ()))


# ---- Validate ----


@pytest.mark.requirement("oneflow.validation.success", "oneflow.order.structure")
@NETWORKED
@given(order=orders())
def test_valid_order_is_accepted_as_sent(oneflow: OneFlow, order: dict[str, Json]) -> None:
    """
    Any order that the documents allow is found valid, and comes back as it was sent.
    """
    assert oneflow.validate(order) == order


@pytest.mark.requirement("oneflow.validation.success", "oneflow.order.item.source_product_id")
@few(10)
@given(order=piazza_orders())
def test_piazza_order_is_accepted(oneflow: OneFlow, order: dict[str, Json]) -> None:
    """
    An order whose items name Titles, and no SKU or components, is valid.
    """
    assert oneflow.validate(order) == order


@pytest.mark.requirement("oneflow.order.unknown_fields")
@few(10)
@given(order=decorated_orders())
def test_unknown_fields_are_ignored(oneflow: OneFlow, order: dict[str, Json]) -> None:
    """
    Fields that the order structure does not name, at whatever level, make no order invalid.
    """
    assert oneflow.validate(order)["destination"]


@pytest.mark.requirement("oneflow.validation.failure", "oneflow.validation.entries")
@pytest.mark.parametrize("breakage", breakages())
@few(3)
@given(data=st.data())
def test_broken_field_is_refused_with_its_path(oneflow: OneFlow, breakage: Breakage, data: st.DataObject) -> None:
    """
    An order with one thing broken is refused, and the entries name the path of what is broken.
    """
    broken = data.draw(broken_orders(breakage))

    with pytest.raises(ValidationFailed) as refused:
        oneflow.validate(broken.order)

    assert broken.path in {entry.path for entry in refused.value.validations}


@pytest.mark.requirement("oneflow.validation.failure", "oneflow.validation.envelope")
def test_refusal_of_an_order_has_its_own_code(oneflow: OneFlow) -> None:
    """
    An invalid order is answered 400 with code 208.
    """
    with pytest.raises(ValidationFailed) as refused:
        oneflow.validate({})

    assert (refused.value.status, refused.value.code) == (400, 208)


@pytest.mark.requirement("oneflow.validation.failure")
def test_every_finding_has_an_entry(oneflow: OneFlow, new_id: Callable[[], str]) -> None:
    """
    An order with three things broken is refused with an entry for each of them.
    """
    order = minimum_order(new_id())
    del order["destination"]["name"]
    order["orderData"]["items"][0]["quantity"] = 0
    order["orderData"]["shipments"][0]["shipTo"]["isoCountry"] = "USA"

    with pytest.raises(ValidationFailed) as refused:
        oneflow.validate(order)

    assert sorted(entry.path for entry in refused.value.validations) == [
        "destination.name",
        "orderData.items.0.quantity",
        "orderData.shipments.0.shipTo.isoCountry",
    ]


@pytest.mark.requirement("oneflow.order.structure", "oneflow.validation.failure")
@pytest.mark.parametrize("body", ["[]", '"order"', "1", "null", "true"])
def test_order_is_one_object(wire: Wire, body: str) -> None:
    """
    A body that is JSON, but no object, is refused as an invalid order.
    """
    answer = wire.send("POST", "/api/order/validate", body=body.encode())

    assert (answer.status_code, error_of(answer)["code"]) == (400, 208)


@pytest.mark.requirement("oneflow.order.minimum_example")
@pytest.mark.parametrize("field", ["sourceOrderId", "sourceItemId"])
def test_document_minimum_order_is_refused(oneflow: OneFlow, new_id: Callable[[], str], field: str) -> None:
    """
    The document's minimum order is refused for each of the two fields that its own tables require.
    """
    order = minimum_order(new_id())
    del (order["orderData"] if field == "sourceOrderId" else order["orderData"]["items"][0])[field]

    with pytest.raises(ValidationFailed):
        oneflow.validate(order)


@pytest.mark.requirement("oneflow.order.carrier.code_and_service", "oneflow.order.carrier.alias")
def test_carrier_may_be_named_by_code_and_service(oneflow: OneFlow, new_id: Callable[[], str]) -> None:
    """
    A carrier is named by code and service as well as by its alias.
    """
    order = minimum_order(new_id())
    order["orderData"]["shipments"][0]["carrier"] = {"code": "custom", "service": "economy"}

    assert oneflow.validate(order) == order


@pytest.mark.requirement("oneflow.validation.no_order")
def test_validation_creates_nothing(oneflow: OneFlow, placed: Callable[..., Order], new_id: Callable[[], str]) -> None:
    """
    An order that was validated is no order yet: it can be validated again, and submitted.
    """
    order = minimum_order(new_id())
    oneflow.validate(order)
    oneflow.validate(order)

    receipt = oneflow.submit(order)

    assert oneflow.wait_for_order(receipt.id).source_order_id == order["orderData"]["sourceOrderId"]


# ---- Submit ----


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
    assert oneflow.order(found.id) == found


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


def losses(sent: Json, kept: Json, path: str = "") -> Iterator[str]:
    """Where what was sent is not in what was kept; what was added is no loss."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        for name, each in sent.items():
            yield from losses(each, kept.get(name), f"{path}.{name}")
    elif isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        for index, each in enumerate(sent):
            yield from losses(each, kept[index], f"{path}.{index}")
    elif sent != kept:
        yield f"{path}: {sent!r} became {kept!r}"


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

    assert (kept, type(kept)) == (default, type(default))


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
def test_submission_is_answered_whatever_it_is(wire: Wire, body: str) -> None:
    """
    Any JSON that is submitted is answered 201 with id, URL, time and account, valid or not.
    """
    answer = wire.send("POST", "/api/order", body=body.encode())

    assert answer.status_code == 201
    assert sorted(answer.json()) == ["_id", "sourceAccountId", "timestamp", "url"]


@pytest.mark.requirement("oneflow.submission.timestamp")
def test_submission_is_stamped_with_its_moment(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    The timestamp of a submission is its moment, in UTC with milliseconds.
    """
    workspace.clock.freeze("2017-04-08T13:41:19.998Z")

    assert oneflow.submit(minimum_order("1")).timestamp == "2017-04-08T13:41:19.998Z"


@pytest.mark.requirement("oneflow.submission.id")
def test_every_submission_has_an_id_of_its_own(oneflow: OneFlow, new_id: Callable[[], str]) -> None:
    """
    Submissions have ids of their own, also those of the same order.
    """
    order = minimum_order(new_id())

    assert len({oneflow.submit(order).id for _ in range(3)}) == 3


@pytest.mark.requirement("oneflow.submission.url")
def test_url_of_a_submission_names_its_id(oneflow: OneFlow, new_id: Callable[[], str]) -> None:
    """
    The URL where a submission is stored ends with its id.
    """
    receipt = oneflow.submit(minimum_order(new_id()))

    assert (receipt.url or "").endswith(f"/{receipt.id}")


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
def test_order_submitted_twice_exists_once(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    Of two submissions with the same number the first becomes an order, the second none.
    """
    first, second = oneflow.submit(minimum_order("1")), oneflow.submit(minimum_order("1"))
    workspace.clock.advance(60)

    assert [order.id for order in oneflow.orders().orders] == [first.id]
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

    assert make_oneflow(target, role="other").validate(order) == order


# ---- Read and list ----


@pytest.mark.requirement("oneflow.order.not_found", "oneflow.order.id_format")
@pytest.mark.parametrize(
    "order_id",
    [
        "5910757faab8ec6f60127999",
        "0" * 24,
        "x" * 24,
        "5910757FAAB8EC6F60127999",
        "591",
        "validate",
        "..",
        "%00",
        "a%2Fb",
    ],
)
def test_order_that_does_not_exist_is_not_found(wire: Wire, order_id: str) -> None:
    """
    An id that no order has, in whatever form, is answered 404 with the documented body to the letter.
    """
    answer = wire.send("GET", f"/api/order/{order_id}".replace("/..", "/%2E%2E"))

    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.requirement("oneflow.order.not_found")
@few(10)
@given(order_id=st.from_regex(MINTED_IDS, fullmatch=True))
def test_guessed_id_is_not_found(oneflow: OneFlow, order_id: str) -> None:
    """
    An id that is merely well formed finds nothing.
    """
    with pytest.raises(NotFound):
        oneflow.order(order_id)


@pytest.mark.requirement("oneflow.auth.forbidden", "oneflow.auth.identity", "oneflow.error.body")
def test_order_of_another_account_is_forbidden(
    target: Target, placed: Callable[..., Order], make_oneflow: Callable[..., OneFlow]
) -> None:
    """
    An account that asks for another account's order is answered 403.
    """
    with pytest.raises(Forbidden) as refused:
        make_oneflow(target, role="other").order(placed().id)

    assert (refused.value.status, refused.value.code) == (403, 403)


@pytest.mark.requirement("oneflow.auth.identity")
def test_list_has_the_own_orders_only(
    target: Target, placed: Callable[..., Order], make_oneflow: Callable[..., OneFlow]
) -> None:
    """
    An account's list has none of another account's orders.
    """
    order = placed()

    assert order.id not in {each.id for each in make_oneflow(target, role="other").all_orders()}


@pytest.mark.requirement("oneflow.order.list_newest_first", "oneflow.order.list_envelope")
def test_list_begins_with_the_newest(wire: Wire, placed: Callable[..., Order]) -> None:
    """
    The list has the newest order first, whatever others there are.
    """
    placed_ids = [placed().id for _ in range(3)]

    page = wire.send("GET", "/api/order", query="pagesize=100").json()

    assert page["success"] is True
    assert [order["_id"] for order in page["data"] if order["_id"] in placed_ids] == placed_ids[::-1]


@pytest.mark.requirement("oneflow.order.list_newest_first", "oneflow.order.list_paging")
def test_first_page_has_the_ten_newest(workspace: Workspace, wire: Wire, placed: Callable[..., Order]) -> None:
    """
    Without parameters the list is the first page, with the ten newest orders.
    """
    placed_ids = [placed().id for _ in range(12)]

    page = wire.send("GET", "/api/order").json()

    assert [order["_id"] for order in page["data"]] == placed_ids[:-11:-1]


@pytest.mark.requirement("oneflow.order.list_paging", "oneflow.order.list_page", "oneflow.order.list_pagesize")
@few(10)
@given(pagesize=st.integers(1, 8))
def test_pages_make_up_the_whole_list(workspace: Workspace, oneflow: OneFlow, pagesize: int) -> None:
    """
    In pages of whatever size the list has every order once, the newest first.
    """
    while len(oneflow.orders(pagesize=100).orders) < 5:
        oneflow.wait_for_order(oneflow.submit(minimum_order(f"{workspace.clock.now():%s%f}")).id)
    whole = [order.id for order in oneflow.orders(pagesize=100).orders]

    assert [order.id for order in oneflow.all_orders(pagesize)] == whole
    assert sorted(set(whole)) == sorted(whole)


@pytest.mark.requirement("oneflow.order.list_envelope")
def test_list_counts_orders_and_pages(workspace: Workspace, oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    The list says how many orders there are on how many pages.
    """
    for _ in range(5):
        placed()
    page = oneflow.orders(page=2, pagesize=2)

    assert (page.count, page.page, page.pages, len(page.orders)) == (5, 2, 3, 2)


@pytest.mark.requirement("oneflow.order.list_page")
@pytest.mark.parametrize("page", [1_000, 10**12, 10**30])
def test_page_beyond_the_last_is_empty(oneflow: OneFlow, page: int) -> None:
    """
    A page beyond the last one is empty, however far beyond.
    """
    assert oneflow.orders(page=page).orders == ()


@pytest.mark.requirement("oneflow.order.list_page", "oneflow.order.list_pagesize", "oneflow.error.bad_request")
@pytest.mark.parametrize("name", ["page", "pagesize"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "one", "", "1e1", "0x1", "%D9%A1", "1,2"])
def test_page_that_is_no_number_is_refused(wire: Wire, name: str, value: str) -> None:
    """
    A page or page size that is no integer from 1 is answered 400 with the documented body.
    """
    answer = wire.send("GET", "/api/order", query=f"{name}={value}")

    assert (answer.status_code, error_of(answer)["code"]) == (400, 400)


# ---- Cancel ----


@pytest.mark.requirement("oneflow.order.cancel", "oneflow.record.status")
def test_cancelled_order_is_the_answer(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    An order is cancelled by its sender's name and number, and stays cancelled.
    """
    order = placed()
    cancelled = oneflow.cancel(order.source_name or "", order.source_order_id or "")

    assert (cancelled.id, cancelled.status) == (order.id, "cancelled")
    assert oneflow.order(order.id) == cancelled


@pytest.mark.requirement("oneflow.order.cancel_body")
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "application/json"),
        (b"{}", None),
        (b"<xml/>", "text/xml"),
        (b"{not json", "application/json"),
        (b"", None),
    ],
)
def test_cancelling_ignores_the_body(
    wire: Wire, placed: Callable[..., Order], body: bytes, content_type: str | None
) -> None:
    """
    Whatever body comes with it, or none, an order is cancelled.
    """
    order = placed()
    path = f"/api/order/{order.source_name}/{order.source_order_id}/cancel"
    answer = wire.send("PUT", path, body=body, headers={"Content-Type": content_type})

    assert answer.json()["orderData"]["status"] == "cancelled"


@pytest.mark.requirement("oneflow.order.cancel_twice", "oneflow.error.body", "oneflow.error.bad_request")
def test_second_cancellation_is_refused(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    An order that is cancelled already cannot be cancelled: 400, with the reason.
    """
    order = placed()
    oneflow.cancel(order.source_name or "", order.source_order_id or "")

    with pytest.raises(Refused) as refused:
        oneflow.cancel(order.source_name or "", order.source_order_id or "")

    assert (refused.value.status, refused.value.code) == (400, 400)


@pytest.mark.requirement("oneflow.order.cancel_shipped")
def test_shipped_order_cannot_be_cancelled(
    workspace: Workspace, oneflow: OneFlow, placed: Callable[..., Order]
) -> None:
    """
    An order that has shipped cannot be cancelled: 400.
    """
    order = placed()
    workspace.clock.advance(7 * 86_400)

    with pytest.raises(Refused) as refused:
        oneflow.cancel(order.source_name or "", order.source_order_id or "")

    assert refused.value.status == 400


@pytest.mark.requirement("oneflow.order.not_found")
@pytest.mark.parametrize("account", ["own", "nobody"])
def test_cancelling_what_does_not_exist_is_not_found(wire: Wire, placed: Callable[..., Order], account: str) -> None:
    """
    Cancelling an order that does not exist, or one of an account that does not, is answered 404 to the letter.
    """
    name = placed().source_name if account == "own" else account
    answer = wire.send("PUT", f"/api/order/{name}/no-such-order/cancel")

    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


@pytest.mark.requirement("oneflow.auth.forbidden", "oneflow.auth.identity")
def test_order_of_another_account_cannot_be_cancelled(
    target: Target, oneflow: OneFlow, placed: Callable[..., Order], make_oneflow: Callable[..., OneFlow]
) -> None:
    """
    Cancelling another account's order is answered 403, and the order stays as it is.
    """
    order = placed()

    with pytest.raises(Forbidden):
        make_oneflow(target, role="other").cancel(order.source_name or "", order.source_order_id or "")

    assert oneflow.order(order.id).status != "cancelled"


@pytest.mark.requirement("oneflow.auth.path", "oneflow.order.cancel")
@few(10)
@given(number=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12))
def test_unusual_source_order_id_is_cancelled(workspace: Workspace, oneflow: OneFlow, number: str) -> None:
    """
    An order is cancelled by whatever number it has, blanks, slashes and percent signs included.
    """
    unusual = f"{number} {workspace.clock.advance(1):%s}"
    order = oneflow.wait_for_order(oneflow.submit(minimum_order(unusual)).id)

    assert oneflow.cancel(order.source_name or "", unusual).status == "cancelled"


# ---- An order's life ----


@pytest.mark.requirement("oneflow.order.lifecycle", "oneflow.record.status")
def test_order_becomes_print_ready_and_ships(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A valid order is received, becomes print ready and ships, each step at its time on the workspace's clock.
    """
    settings = workspace.seed("oneflow")["settings"]
    workspace.clock.freeze()
    receipt = oneflow.submit(minimum_order("1"))

    seen = []
    for step in ("processing_s", "print_ready_s", "ship_s"):
        workspace.clock.advance(settings[step])
        seen.append(oneflow.order(receipt.id).status)

    assert seen == ["received", "printready", "shipped"]


@pytest.mark.requirement("oneflow.order.lifecycle", "oneflow.record.logs")
def test_order_tells_when_it_took_each_step(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    The log of a shipped order has its steps in the order of their times.
    """
    receipt = oneflow.submit(minimum_order("1"))
    workspace.clock.advance(7 * 86_400)
    logs = oneflow.order(receipt.id).raw["logs"]

    assert isinstance(logs, list)
    times = [datetime.fromisoformat(each["timestamp"]) for each in logs]
    assert (len(times), times) == (3, sorted(times))


@pytest.mark.requirement("oneflow.order.errored", "oneflow.record.files")
@pytest.mark.parametrize(
    ("setting", "component"),
    [
        ("artwork_unavailable", {"fetch": True}),
        ("artwork_failing_preflight", {"fetch": True, "preflight": True}),
    ],
)
def test_bad_artwork_makes_an_order_errored(
    workspace: Workspace, oneflow: OneFlow, setting: str, component: dict[str, Json]
) -> None:
    """
    An order with a file that cannot be fetched, or that fails its preflight, becomes errored and does not ship.
    """
    seed = workspace.seed("oneflow")
    bad = "https://artwork.example/bad.pdf"
    workspace.replace_seed("oneflow", {**seed, "settings": {**seed["settings"], setting: [bad]}})
    order = minimum_order("1")
    order["orderData"]["items"][0]["components"] = [{"code": "text", "path": bad, **component}]

    receipt = oneflow.submit(order)
    workspace.clock.advance(7 * 86_400)

    assert oneflow.order(receipt.id).status == "error"


@pytest.mark.requirement("oneflow.order.errored")
def test_artwork_is_waited_for_twelve_hours(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A file that cannot be fetched makes its order errored after twelve hours, and not before.
    """
    seed = workspace.seed("oneflow")
    path = "http://www.site.com/text.pdf"
    workspace.replace_seed("oneflow", {**seed, "settings": {**seed["settings"], "artwork_unavailable": [path]}})
    receipt = oneflow.submit(minimum_order("1"))

    workspace.clock.advance(11.9 * 3600)
    before = oneflow.order(receipt.id).status
    workspace.clock.advance(0.2 * 3600)

    assert (before, oneflow.order(receipt.id).status) == ("received", "error")


@pytest.mark.requirement("oneflow.order.lifecycle", "oneflow.order.cancel")
def test_cancelled_order_goes_no_further(workspace: Workspace, oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    A cancelled order neither becomes print ready nor ships.
    """
    order = placed()
    oneflow.cancel(order.source_name or "", order.source_order_id or "")
    workspace.clock.advance(7 * 86_400)

    assert oneflow.order(order.id).status == "cancelled"


@pytest.mark.requirement("oneflow.order.sku_configured", "oneflow.order.destination_exists")
def test_account_set_up_decides_what_is_valid(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A destination and its SKU are valid as soon as they are set up, and no longer than that.
    """
    seed = workspace.seed("oneflow")
    order = minimum_order("1")
    order["destination"]["name"] = "newcomer"
    newcomer = {**seed["destinations"][0], "name": "newcomer", "_id": "f" * 24}

    with pytest.raises(ValidationFailed):
        oneflow.validate(order)
    workspace.replace_seed("oneflow", {**seed, "destinations": [newcomer]})

    assert oneflow.validate(order) == order
