"""The life of an order on the clock: received, print ready, shipped, or errored."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from flowproof.clients import ValidationFailed
from flowproof.clients.oneflow import OneFlow, Order
from flowproof.target import Workspace

from .strategies import minimum_order

Json = Any


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
    The log of a shipped order has its steps in the order of their times, each at its own.
    """
    receipt = oneflow.submit(minimum_order("1"))
    workspace.clock.advance(7 * 86_400)
    logs = oneflow.order(receipt.id).raw["logs"]

    assert isinstance(logs, list)
    times = [datetime.fromisoformat(each["timestamp"]) for each in logs]
    assert (len(times), times) == (3, sorted(set(times)))


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


@pytest.mark.requirement("oneflow.order.errored", "oneflow.order.component.path", "oneflow.order.attachment.path")
@pytest.mark.parametrize(
    "path", ["not a url", "text.pdf", "//www.site.com/text.pdf", "http://", "http://[1", "http://a b/c"]
)
@pytest.mark.parametrize("file", ["component", "attachment"])
def test_file_that_is_at_no_url_cannot_be_fetched(workspace: Workspace, oneflow: OneFlow, path: str, file: str) -> None:
    """
    A file to be fetched, or an attachment, whose path is no URL makes its order errored.
    """
    order = minimum_order("1")
    if file == "component":
        order["orderData"]["items"][0]["components"][0]["path"] = path
    else:
        order["orderData"]["shipments"][0]["attachments"] = [{"path": path}]

    receipt = oneflow.submit(order)
    workspace.clock.advance(7 * 86_400)

    assert oneflow.order(receipt.id).status == "error"


@pytest.mark.requirement("oneflow.order.errored", "oneflow.order.component.local_file")
def test_local_file_needs_no_url(workspace: Workspace, oneflow: OneFlow, placed: Callable[..., Order]) -> None:
    """
    The path of a local file may be any text, since nothing is fetched from it.
    """
    sent = minimum_order("")
    sent["orderData"]["items"][0]["components"] = [{"code": "text", "path": "shelf 7/text.pdf", "localFile": True}]
    order = placed(sent)
    workspace.clock.advance(workspace.seed("oneflow")["settings"]["print_ready_s"])

    assert oneflow.order(order.id).status == "printready"


@pytest.mark.requirement("oneflow.order.minimum_example")
def test_setting_accepts_the_minimum_order(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    With `accept_minimum_order` the document's minimum order becomes an order, twice, and gets the ids that it lacks.
    """
    seed = workspace.seed("oneflow")
    workspace.replace_seed("oneflow", {**seed, "settings": {**seed["settings"], "accept_minimum_order": True}})
    order = minimum_order("")
    del order["orderData"]["sourceOrderId"], order["orderData"]["items"][0]["sourceItemId"]

    receipts = [oneflow.submit(order) for _ in range(2)]
    workspace.clock.advance(60)
    kept = [oneflow.order(each.id) for each in receipts]

    assert [each.source_order_id for each in kept] == [each.id for each in receipts]
    assert [each.items[0].source_item_id for each in kept] == [f"{each.id}-1" for each in receipts]


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


@pytest.mark.requirement("oneflow.order.lifecycle", "oneflow.order.cancel")
def test_order_cancelled_when_print_ready_does_not_ship(
    workspace: Workspace, oneflow: OneFlow, placed: Callable[..., Order]
) -> None:
    """
    An order that is cancelled when it is print ready, and so already waits for its dispatch, does not ship.
    """
    order = placed()
    workspace.clock.advance(workspace.seed("oneflow")["settings"]["print_ready_s"])
    before = oneflow.order(order.id).status
    oneflow.cancel(order.source_name or "", order.source_order_id or "")
    workspace.clock.advance(7 * 86_400)

    assert (before, oneflow.order(order.id).status) == ("printready", "cancelled")


@pytest.mark.requirement("oneflow.order.errored", "oneflow.order.component.preflight", "oneflow.order.cancel")
@pytest.mark.parametrize(("preflight", "status"), [(False, "printready"), (True, "error")])
def test_file_is_preflighted_only_where_asked(
    workspace: Workspace, oneflow: OneFlow, placed: Callable[..., Order], preflight: bool, status: str
) -> None:
    """
    A bad file harms only an order that asks for its preflight; that order can still be cancelled.
    """
    seed = workspace.seed("oneflow")
    bad = "https://artwork.example/bad.pdf"
    workspace.replace_seed("oneflow", {**seed, "settings": {**seed["settings"], "artwork_failing_preflight": [bad]}})
    sent = minimum_order("")
    sent["orderData"]["items"][0]["components"] = [{"code": "text", "path": bad, "fetch": True, "preflight": preflight}]

    order = placed(sent)
    workspace.clock.advance(seed["settings"]["print_ready_s"])
    before = oneflow.order(order.id).status
    cancelled = oneflow.cancel(order.source_name or "", order.source_order_id or "")

    assert (before, cancelled.status) == (status, "cancelled")
