"""Reading and listing orders, each account its own."""

from collections.abc import Callable
from itertools import count, islice, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients import Forbidden, NotFound
from flowproof.clients.oneflow import OneFlow, Order
from flowproof.target import Target, Workspace

from .profiles import few
from .raw_client import NOT_FOUND, RawClient, comparable, error_of, losses, undisturbed
from .strategies import full_orders, minimum_order

MOST = 100  # orders on a page
MINTED_IDS = r"[0-9a-f]{24}"


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
def test_order_that_does_not_exist_is_not_found(raw: RawClient, order_id: str) -> None:
    """
    An id that no order has, in whatever form, is answered 404 with the documented body to the letter.
    """
    answer = raw.send("GET", f"/api/order/{order_id}".replace("/..", "/%2E%2E"))

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
def test_list_begins_with_the_newest(raw: RawClient, placed: Callable[..., Order]) -> None:
    """
    The list has the newest order first, whatever others there are.
    """
    placed_ids = [placed().id for _ in range(3)]

    page = raw.send("GET", "/api/order", query="pagesize=100").json()

    assert page["success"] is True
    assert [order["_id"] for order in page["data"] if order["_id"] in placed_ids] == placed_ids[::-1]


@pytest.mark.requirement("oneflow.order.list_newest_first", "oneflow.order.list_paging")
def test_first_page_has_the_ten_newest(raw: RawClient, placed: Callable[..., Order]) -> None:
    """
    Without parameters the list is the first page, with ten orders, the newest of the account.
    """
    placed_ids = [placed().id for _ in range(12)]

    page = [order["_id"] for order in raw.send("GET", "/api/order").json()["data"]]

    mine = [each for each in page if each in placed_ids]
    assert (len(page), mine) == (10, placed_ids[::-1][: len(mine)])
    assert mine


@pytest.mark.requirement("oneflow.order.list_paging", "oneflow.order.list_page", "oneflow.order.list_pagesize")
@few(10)
@given(pagesize=st.integers(1, 8))
def test_pages_make_up_the_whole_list(oneflow: OneFlow, placed: Callable[..., Order], pagesize: int) -> None:
    """
    In pages of whatever size the list has its newest orders once, the newest first.
    """
    while len(oneflow.orders(pagesize=100).orders) < 5:
        placed()
    newest, found = undisturbed(
        lambda: [order.id for order in oneflow.orders(pagesize=5).orders],
        lambda: [order.id for order in islice(oneflow.all_orders(pagesize), 5)],
    )

    assert (found, len(set(found))) == (newest, 5)


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
@pytest.mark.parametrize("beyond", [1, 1_000, 10**12, 10**30])
def test_page_beyond_the_last_is_empty(oneflow: OneFlow, placed: Callable[..., Order], beyond: int) -> None:
    """
    A page beyond the last one is empty, the next one and however far beyond.
    """
    placed()
    full = takewhile(lambda number: len(oneflow.orders(page=number, pagesize=MOST).orders) == MOST, count(1))
    last = 1 + sum(1 for _ in full)

    assert oneflow.orders(page=last + beyond, pagesize=MOST).orders == ()


@pytest.mark.requirement("oneflow.order.list_page", "oneflow.order.list_pagesize", "oneflow.error.bad_request")
@pytest.mark.parametrize("name", ["page", "pagesize"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "one", "", "1e1", "0x1", "%D9%A1", "1,2"])
def test_page_that_is_no_number_is_refused(raw: RawClient, name: str, value: str) -> None:
    """
    A page or page size that is no integer from 1 is answered 400 with the documented body.
    """
    answer = raw.send("GET", "/api/order", query=f"{name}={value}")

    assert (answer.status_code, error_of(answer)["code"]) == (400, 400)


@pytest.mark.requirement("oneflow.order.list_envelope", "oneflow.order.list_paging")
@pytest.mark.parametrize(("orders", "pages"), [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2)])
def test_last_page_is_counted_only_where_it_has_orders(
    workspace: Workspace, oneflow: OneFlow, orders: int, pages: int
) -> None:
    """
    Where the orders fill their pages exactly, there is no empty page behind them.
    """
    for number in range(orders):
        oneflow.submit(minimum_order(str(number)))
    workspace.clock.advance(60)

    page = oneflow.orders(pagesize=2)

    assert (page.count, page.pages) == (orders, pages)


@pytest.mark.requirement("oneflow.record.structure", "oneflow.record.order_data", "oneflow.record.stock_items")
@pytest.mark.requirement("oneflow.record.destination", "oneflow.record.source", "oneflow.record.shipments")
@few(3)
@given(sent=full_orders())
def test_order_in_the_list_is_the_order(
    oneflow: OneFlow, placed: Callable[..., Order], sent: dict[str, object]
) -> None:
    """
    The list gives an order back as it is read by itself, with every field.
    """
    order = placed(sent)
    listed = next(each for each in oneflow.orders().orders if each.id == order.id)

    mine, theirs = comparable(oneflow.order(order.id).raw, listed.raw)
    assert list(losses(sent, listed.raw)) == []
    assert mine == theirs


@pytest.mark.requirement("oneflow.auth.forbidden", "oneflow.error.body")
def test_forbidden_is_said_in_the_body_too(
    target: Target, placed: Callable[..., Order], make_oneflow: Callable[..., OneFlow]
) -> None:
    """
    The 403 for reading or cancelling another account's order has its status as the error's code.
    """
    order = placed()
    other = RawClient(make_oneflow(target, role="other"), target.credentials("oneflow", "other"))

    answers = [
        other.send("GET", f"/api/order/{order.id}"),
        other.send("PUT", f"/api/order/{order.source_name}/{order.source_order_id}/cancel"),
    ]

    assert [(answer.status_code, error_of(answer)["code"]) for answer in answers] == [(403, 403)] * 2
