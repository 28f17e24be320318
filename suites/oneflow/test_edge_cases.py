"""Where a provider that is right for one order goes wrong: a second shipment, ten items, ids that look alike."""

import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given

from flowproof.clients import Forbidden, NotFound, Refused, ValidationFailed
from flowproof.clients.oneflow import OneFlow, Order
from flowproof.edge_cases import (
    COMPOSED,
    DECOMPOSED,
    EACH_TIME,
    PLACES,
    UNUSUAL,
    near_misses,
    page_sizes,
    unusual_texts,
)
from flowproof.target import Target, Workspace

from .invalid_examples import INVALID_EXAMPLES, InvalidExample, broken_order
from .profiles import few
from .raw_client import NOT_FOUND, RawClient, losses, undisturbed
from .strategies import minimum_order

Json = Any
ADDRESS = {"name": "Wendy", "address1": "14 Kensington Gardens", "town": "London", "postcode": "W8", "isoCountry": "GB"}
TEN = 10
LOOKS_ALIKE = [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED), ("Cafe", "cafe"), ("Cafe", "Cafe "), ("Cafe ", "Cafe")]


def shipped_in(*indexes: int) -> dict[str, Json]:
    """An order with a shipment of each index, in that order, and an item in each."""
    order = minimum_order("")
    item, shipment = order["orderData"]["items"][0], order["orderData"]["shipments"][0]
    order["orderData"]["items"] = [{**item, "sourceItemId": f"in {each}", "shipmentIndex": each} for each in indexes]
    order["orderData"]["shipments"] = [
        {**shipment, "shipmentIndex": each, "shipTo": {**shipment["shipTo"], "name": f"Nr. {each}"}} for each in indexes
    ]
    return order


# ---- Each breakage of an order, at its submission ----


@pytest.mark.requirement("oneflow.submission.invalid_not_found")
@pytest.mark.parametrize("half", [0, 1])
def test_no_broken_order_becomes_one(oneflow: OneFlow, placed: Callable[..., Order], half: int) -> None:
    """
    Whichever one thing is broken in an order that is submitted, no order comes of it.
    """
    sent = {str(each): oneflow.submit(broken_order(each)).id for each in INVALID_EXAMPLES[half::2]}
    placed()  # (what was submitted before is processed by now)

    became = []
    for called, order_id in sent.items():
        try:
            became.append((called, oneflow.order(order_id).status))
        except NotFound:
            continue
    assert became == []


@pytest.mark.requirement("oneflow.submission.error_recorded", "oneflow.submission.invalid_not_found")
@pytest.mark.parametrize(
    "example",
    [pytest.param(each, id=str(each), marks=pytest.mark.requirement(each.requirement)) for each in INVALID_EXAMPLES],
)
def test_each_breakage_is_a_submission_error(workspace: Workspace, oneflow: OneFlow, example: InvalidExample) -> None:
    """
    Each thing that can be broken in an order is a submission error with its path, as it is at validation.
    """
    receipt = oneflow.submit(broken_order(example))
    workspace.clock.advance(60)

    (kept,) = workspace.control("GET", "oneflow/submission-errors")["submissionErrors"]
    assert kept["_id"] == receipt.id
    assert example.at in {each["path"] for each in kept["errors"]}


# ---- The second entry and the tenth ----


@pytest.mark.requirement("oneflow.shipment.shipment_index", "oneflow.order.shipment.shipment_index")
@pytest.mark.requirement("oneflow.shipment.items", "oneflow.shipment.update")
@pytest.mark.parametrize("indexes", [(1, 0), (5,), (7, 3, 5)], ids=str)
def test_shipment_is_found_by_its_index_not_its_place(
    oneflow: OneFlow, placed: Callable[..., Order], indexes: tuple[int, ...]
) -> None:
    """
    A shipment is amended under its index, wherever it stands in the order, with its own items, and no other is.
    """
    order = placed(shipped_in(*indexes))
    number = order.source_order_id or ""

    for each in indexes:
        answered = oneflow.update_shipping(number, each, ship_to={**ADDRESS, "name": f"New {each}"})
        items = answered.raw["items"]
        assert isinstance(items, list)
        assert (answered.shipment_index, [item["sourceItemId"] for item in items]) == (each, [f"in {each}"])
    shipments = {each.shipment_index: each.ship_to["name"] for each in oneflow.order(order.id).shipments}
    assert shipments == {each: f"New {each}" for each in indexes}


@pytest.mark.requirement("oneflow.shipment.update_closed")
def test_no_shipment_of_a_cancelled_order_is_amended(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    None of several shipments of a cancelled order can be amended, the second and the last as little as the first.
    """
    order = placed(shipped_in(0, 1, 2))
    oneflow.cancel(order.source_name or "", order.source_order_id or "")

    for index in (0, 1, 2):
        with pytest.raises(Refused):
            oneflow.update_shipping(order.source_order_id or "", index, ship_to=ADDRESS)
    assert oneflow.order(order.id).shipments == order.shipments


@pytest.mark.requirement("oneflow.shipment.update_not_found", "oneflow.shipment.index_path")
@pytest.mark.parametrize("place", [0, 1])
def test_place_of_a_shipment_is_no_index(oneflow: OneFlow, placed: Callable[..., Order], place: int) -> None:
    """
    Where no shipment has the index 0 or 1, the first and the second are not found under it.
    """
    number = placed(shipped_in(5, 7)).source_order_id or ""

    with pytest.raises(NotFound):
        oneflow.update_shipping(number, place, ship_to=ADDRESS)


@pytest.mark.requirement("oneflow.record.items", "oneflow.record.shipments", "oneflow.order.item.components")
def test_ten_items_stay_in_their_order(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    An order of twelve items and shipments has them as they were sent, each in its place, also in the list.
    """
    sent = shipped_in(*range(TEN + 2))
    order = placed(copy.deepcopy(sent))
    listed = next(each for each in oneflow.orders(pagesize=100).orders if each.id == order.id)

    for found in (order, listed):
        assert [each.raw["sourceItemId"] for each in found.items] == [f"in {each}" for each in range(TEN + 2)]
        assert [each.ship_to["name"] for each in found.shipments] == [f"Nr. {each}" for each in range(TEN + 2)]


@pytest.mark.requirement("oneflow.order.sku_configured", "oneflow.order.item.quantity", "oneflow.validation.entries")
@pytest.mark.parametrize("place", PLACES)
def test_entry_names_the_place_of_its_item(oneflow: OneFlow, place: int) -> None:
    """
    Of ten items the one whose SKU is unknown, or whose quantity is nought, is named by its place.
    """
    order = shipped_in(*range(TEN))
    wrong = {"sku": "NO-SUCH-SKU", "quantity": 0}
    named = []
    for member, value in wrong.items():
        broken = copy.deepcopy(order)
        broken["orderData"]["sourceOrderId"] = "ten"
        broken["orderData"]["items"][place][member] = value
        with pytest.raises(ValidationFailed) as refused:
            oneflow.validate(broken)
        named.append([each.path for each in refused.value.validations])

    assert named == [[f"orderData.items.{place}.{member}"] for member in wrong]


@pytest.mark.requirement("oneflow.order.lifecycle", "oneflow.record.shipments")
def test_every_shipment_of_an_order_ships(workspace: Workspace, oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    When an order ships, its second shipment has status and date as its first has.
    """
    order = placed(shipped_in(0, 1))
    workspace.clock.advance(7 * 86_400)

    shipments: Json = oneflow.order(order.id).raw["orderData"]
    shown = [(each["status"], bool(each.get("shippedDate"))) for each in shipments["shipments"]]
    assert shown == [("shipped", True)] * 2


# ---- Pages ----


@pytest.mark.requirement("oneflow.order.list_paging", "oneflow.order.list_newest_first")
def test_pages_of_every_size_have_each_order_once(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    In pages of one order, nearly full, just full and with room for more, the list has each order once, in its order.
    """
    for _ in range(3):
        placed()

    least = len(_newest(oneflow))
    newest, walks = undisturbed(
        lambda: _newest(oneflow), lambda: {size: _walk(oneflow, size, least) for size in page_sizes(least)}
    )
    assert {size: ids[: len(newest)] for size, ids in walks.items()} == dict.fromkeys(walks, newest)


def _newest(oneflow: OneFlow) -> list[str]:
    return [order.id for order in oneflow.orders(pagesize=TEN + 2).orders]


def _walk(oneflow: OneFlow, size: int, least: int) -> list[str]:
    """The ids of so many pages as have at least so many orders; only the last may be short."""
    pages = [oneflow.orders(page=number, pagesize=size).orders for number in range(1, -(-least // size) + 1)]
    assert {len(page) for page in pages[:-1]} <= {size}
    return [order.id for page in pages for order in page]


@pytest.mark.requirement("oneflow.order.list_envelope", "oneflow.order.cancel")
def test_cancelled_order_still_counts(workspace: Workspace, oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    A cancelled order stays in the list, and in its count.
    """
    order = [placed() for _ in range(3)][1]
    oneflow.cancel(order.source_name or "", order.source_order_id or "")

    page = oneflow.orders(pagesize=2)

    assert (page.count, page.pages) == (3, 2)
    assert order.id in {each.id for each in oneflow.all_orders(2)}


# ---- Texts that look alike ----


@pytest.mark.requirement("oneflow.order.not_found", "oneflow.order.cancel", "oneflow.shipment.update_not_found")
@pytest.mark.parametrize(("number", "other"), LOOKS_ALIKE, ids=ascii)
def test_number_that_looks_alike_is_another(
    raw: RawClient, oneflow: OneFlow, new_id: Callable[[], str], number: str, other: str
) -> None:
    """
    An order is neither cancelled nor amended under a number that looks like its own, in another form of Unicode too.
    """
    unique = new_id()
    order = oneflow.wait_for_order(oneflow.submit(minimum_order(f"{unique}-{number}")).id)
    name, wrong = order.source_name or "", f"{unique}-{other}"

    cancelled = raw.send_decoded("PUT", f"/api/order/{name}/{quote(wrong, safe='')}/cancel")
    with pytest.raises(NotFound):
        oneflow.update_shipping(wrong, 0, ship_to=ADDRESS)

    assert (cancelled.status_code, cancelled.json()) == (404, NOT_FOUND)
    assert oneflow.cancel(name, f"{unique}-{number}").id == order.id


@pytest.mark.requirement("oneflow.order.not_found")
@pytest.mark.parametrize("change", ["other letter case", "a blank before", "a blank behind", "cut off", "one more"])
def test_id_that_looks_alike_is_not_found(raw: RawClient, placed: Callable[..., Order], change: str) -> None:
    """
    An order is found under its id to the letter, and under none that looks like it.
    """
    order_id = placed().id
    wrong = near_misses(order_id, change)[change] if change != "other letter case" else order_id.upper()

    answer = raw.send_decoded("GET", f"/api/order/{quote(wrong, safe='')}")

    assert wrong == order_id or (answer.status_code, answer.json()) == (404, NOT_FOUND)


NEAR_NAMES = ("other letter case", "a blank before", "a blank behind", "cut off", "one more")


@pytest.mark.requirement("oneflow.order.destination_exists", "oneflow.order.sku_configured")
@pytest.mark.requirement("oneflow.order.component_code_known", "oneflow.order.carrier_alias_known")
@pytest.mark.requirement("oneflow.order.stock_code_known", "oneflow.order.title_exists")
@pytest.mark.parametrize("change", NEAR_NAMES)
@pytest.mark.parametrize(
    "at",
    [
        "destination.name",
        "orderData.items.0.sku",
        "orderData.items.0.components.0.code",
        "orderData.items.1.sourceProductId",
        "orderData.stockItems.0.code",
        "orderData.shipments.0.carrier.alias",
    ],
)
def test_name_of_the_set_up_is_taken_to_the_letter(oneflow: OneFlow, at: str, change: str) -> None:
    """
    What nearly is the name of a destination, a SKU, a component, a Title, a stock item or a carrier is none.
    """
    order = minimum_order("near")
    order["orderData"]["items"].append({"sourceItemId": "title", "sourceProductId": "9781718901438"})
    order["orderData"]["stockItems"] = [{"code": "coupon"}]
    *above, last = at.split(".")
    node: Json = order
    for step in above:
        node = node[int(step) if step.isdecimal() else step]
    misses = near_misses(node[last], change)
    if change not in misses:  # (digits have no letter case)
        misses = near_misses(node[last], "one more")
    (node[last],) = misses.values()

    with pytest.raises(ValidationFailed) as refused:
        oneflow.validate(order)

    assert at in {each.path for each in refused.value.validations}


@pytest.mark.requirement("oneflow.order.attribute_configured", "oneflow.order.title_exists")
@pytest.mark.parametrize("change", NEAR_NAMES)
def test_name_of_an_attribute_is_taken_to_the_letter(oneflow: OneFlow, change: str) -> None:
    """
    What nearly is the name of an attribute is none.
    """
    order = minimum_order("near")
    (name,) = near_misses("corners", change).values()
    order["orderData"]["items"][0]["components"][0]["attributes"] = {name: "rounded"}

    with pytest.raises(ValidationFailed):
        oneflow.validate(order)


@pytest.mark.requirement("oneflow.order.extra_data_kept", "oneflow.record.order_data", "oneflow.record.items")
@few(5)
@given(text=unusual_texts())
def test_unusual_text_comes_back_as_it_was_sent(oneflow: OneFlow, placed: Callable[..., Order], text: str) -> None:
    """
    Texts of an order come back as they were sent: not composed, not trimmed, in their letter case, beyond ASCII.
    """
    _keeps(oneflow, placed, [text])


@pytest.mark.requirement("oneflow.order.extra_data_kept", "oneflow.record.order_data", "oneflow.record.items")
@pytest.mark.requirement("oneflow.validation.success", "oneflow.shipment.ship_to")
def test_known_traps_come_back_as_they_were_sent(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    The texts that most often come back changed do not: validated, read, listed, amended and cancelled.
    """
    _keeps(oneflow, placed, list(UNUSUAL.values()))


def _keeps(oneflow: OneFlow, placed: Callable[..., Order], texts: list[str]) -> None:
    sent = minimum_order("unusual")
    data, item = sent["orderData"], sent["orderData"]["items"][0]
    data["extraData"] = {f"x{index}": text for index, text in enumerate(texts)}
    data["customerName"] = item["description"] = f"  {' | '.join(texts)}  "
    data["items"] = [{**item, "sourceItemId": f"{index}-{text}"} for index, text in enumerate(texts)]
    data["shipments"][0]["shipTo"]["name"] = texts[-1]
    validated = oneflow.validate(sent)
    order = placed(sent)
    listed = next(each for each in oneflow.orders(pagesize=100).orders if each.id == order.id)
    number = order.source_order_id or ""
    addresses = [{**ADDRESS, "name": text} for text in texts]
    amended = [oneflow.update_shipping(number, 0, ship_to=each).ship_to for each in addresses]
    cancelled = oneflow.cancel(order.source_name or "", number)

    kept = {"orderData": {name: data[name] for name in ("extraData", "customerName", "items")}}
    assert list(losses(sent["destination"], validated["destination"])) == []
    assert [list(losses(kept, each)) for each in (order.raw, listed.raw, cancelled.raw)] == [[]] * 3
    assert list(losses(addresses, amended)) == []


# ---- The second time, and another workspace ----


@pytest.mark.requirement("oneflow.shipment.update", "oneflow.record.shipments", "oneflow.order.cancel")
def test_every_change_is_seen_by_the_next_reader(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    An order that was read before a change is read and listed with it afterwards, the second time as the first.
    """
    order = placed()
    number, seen = order.source_order_id or "", []
    for name in ("Wendy", "Hook"):
        oneflow.update_shipping(number, 0, ship_to={**ADDRESS, "name": name})
        listed = next(each for each in oneflow.orders().orders if each.id == order.id)
        seen.append([each.shipments[0].ship_to["name"] for each in (oneflow.order(order.id), listed)])
    oneflow.cancel(order.source_name or "", number)
    listed = next(each for each in oneflow.orders().orders if each.id == order.id)

    assert seen == [["Wendy"] * 2, ["Hook"] * 2]
    assert [each.status for each in (oneflow.order(order.id), listed)] == ["cancelled"] * 2


@pytest.mark.requirement("oneflow.order.cancel_twice", "oneflow.order.source_order_id_unique")
@pytest.mark.requirement("oneflow.auth.forbidden", "oneflow.auth.token", "oneflow.validation.failure")
def test_refusal_is_the_same_the_second_time(
    raw: RawClient, target: Target, placed: Callable[..., Order], make_oneflow: Callable[..., OneFlow]
) -> None:
    """
    What is refused once is refused again, also after something else was accepted in between.
    """
    order = placed()
    name, number = order.source_name or "", order.source_order_id or ""
    other = RawClient(make_oneflow(target, role="other"), target.credentials("oneflow", "other"))
    raw.oneflow.cancel(name, number)

    for _ in range(2):
        assert raw.send("PUT", f"/api/order/{name}/{number}/cancel").status_code == 400
        assert raw.send("PUT", f"/api/shipment/{number}/0/shipping", body=b'{"shipTo": {}}').status_code == 400
        with pytest.raises(ValidationFailed):
            raw.oneflow.validate(minimum_order(number))
        assert other.send("GET", f"/api/order/{order.id}").status_code == 403
        assert raw.send("GET", "/api/order/validated").status_code == 404
        assert raw.send("GET", "/api/order", query="page=0").status_code == 400
        assert raw.oneflow.order(order.id).status == "cancelled"


@pytest.mark.requirement("oneflow.auth.header", "oneflow.auth.date", "oneflow.auth.token", "oneflow.auth.algorithm")
@pytest.mark.requirement(
    "oneflow.shipping_update.body", "oneflow.shipping_update.carrier", "oneflow.order.list_pagesize"
)
@pytest.mark.requirement("oneflow.shipping_update.tracking_number", "oneflow.shipment.update_not_found")
def test_each_refusal_comes_each_time(raw: RawClient, placed: Callable[..., Order]) -> None:
    """
    A request that is not signed as it must be, an update that no shipment can have and a page that is none are refused
    with the same status each time.
    """
    number = placed().source_order_id or ""
    shipping = f"/api/shipment/{number}/0/shipping"
    updates = [[], {"shipTo": ADDRESS, "carrier": "fedex"}, {"shipTo": ADDRESS, "trackingNumber": 1}]
    unsigned: list[dict[str, str | None]] = [
        {"authorization": None},
        {"authorization": "nobody:0"},
        {"date": None},
        {"algorithm": "MD5"},
    ]

    answers = [
        [
            *(
                raw.send("GET", "/api/order", headers={f"x-oneflow-{n}": v for n, v in each.items()})
                for each in unsigned
            ),
            *(raw.send("PUT", shipping, body=json.dumps(each).encode()) for each in updates),
            raw.send("PUT", f"/api/shipment/{number}/7/shipping", body=json.dumps({"shipTo": ADDRESS}).encode()),
            *(raw.send("GET", "/api/order", query=f"pagesize={each}") for each in (0, "x")),
        ]
        for _ in EACH_TIME
    ]

    first, second = ([each.status_code for each in refused] for refused in answers)
    assert first == second
    assert set(first) <= {400, 401, 404}


@pytest.mark.requirement("oneflow.auth.identity", "oneflow.order.not_found", "oneflow.order.source_order_id_unique")
def test_another_workspace_has_orders_of_its_own(
    workspace: Workspace,
    oneflow: OneFlow,
    placed: Callable[..., Order],
    make_workspace: Callable[..., Workspace],
    make_oneflow: Callable[..., OneFlow],
) -> None:
    """
    On a mock, an order of one workspace is not found in another, listed there or counted, and its number is free there.
    """
    order = placed()
    number = order.source_order_id or ""
    with make_workspace() as elsewhere, make_oneflow(elsewhere) as there:
        statuses = []
        with pytest.raises((NotFound, Forbidden)) as refused:
            there.order(order.id)
        statuses.append(refused.value.status)
        with pytest.raises((NotFound, Forbidden)) as refused:
            there.cancel(order.source_name or "", number)
        statuses.append(refused.value.status)
        assert list(losses(minimum_order(number), there.validate(minimum_order(number)))) == []
        mine = there.wait_for_order(there.submit(minimum_order(number)).id)
        listed = there.orders()
        there.cancel(mine.source_name or "", number)

    assert statuses == [404, 404]
    assert ([each.id for each in listed.orders], listed.count) == ([mine.id], 1)
    assert oneflow.order(order.id).status != "cancelled"
