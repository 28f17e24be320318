"""Cancelling orders by `sourceOrderId`."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients import Forbidden, Refused
from flowproof.clients.oneflow import OneFlow, Order
from flowproof.target import Target, Workspace

from .profiles import few
from .raw_client import NOT_FOUND, RawClient, comparable
from .strategies import minimum_order


@pytest.mark.requirement("oneflow.order.cancel", "oneflow.record.status")
def test_cancelled_order_is_the_answer(oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    An order is cancelled by its sender's name and number, and stays cancelled.
    """
    order = placed()
    cancelled = oneflow.cancel(order.source_name or "", order.source_order_id or "")

    assert (cancelled.id, cancelled.status) == (order.id, "cancelled")
    assert oneflow.order(order.id).status == "cancelled"
    mine, theirs = comparable(order.raw, cancelled.raw)
    assert mine == theirs


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
    raw: RawClient, placed: Callable[..., Order], body: bytes, content_type: str | None
) -> None:
    """
    Whatever body comes with it, or none, an order is cancelled.
    """
    order = placed()
    path = f"/api/order/{order.source_name}/{order.source_order_id}/cancel"
    answer = raw.send("PUT", path, body=body, headers={"Content-Type": content_type})

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
def test_cancelling_what_does_not_exist_is_not_found(
    raw: RawClient, placed: Callable[..., Order], account: str
) -> None:
    """
    Cancelling an order that does not exist, or one of an account that does not, is answered 404 to the letter.
    """
    name = placed().source_name if account == "own" else account
    answer = raw.send("PUT", f"/api/order/{name}/no-such-order/cancel")

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
def test_unusual_source_order_id_is_cancelled(oneflow: OneFlow, new_id: Callable[[], str], number: str) -> None:
    """
    An order is cancelled by whatever number it has, blanks, slashes and percent signs included.
    """
    unusual = f"{number} {new_id()}"
    order = oneflow.wait_for_order(oneflow.submit(minimum_order(unusual)).id)

    assert oneflow.cancel(order.source_name or "", unusual).status == "cancelled"
