"""What OneFlow keeps silent about a submission stands in the journal, the log and the explanations."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest

from flowproof.clients import NotFound, Refused
from flowproof.clients.oneflow import OneFlow
from flowproof.suites.oneflow.strategies import minimum_order
from flowproof.target import Workspace

DOCUMENTED = ("sourceOrderId", "sourceItemId")
MINIMUM = "oneflow.order.minimum_example"
PATHS = ["/orderData/items/0/sourceItemId", "/orderData/sourceOrderId"]


def documented_minimum_order() -> Any:
    """The document's own minimum order, which its tables refuse."""
    order = minimum_order("1")
    del order["orderData"]["sourceOrderId"], order["orderData"]["items"][0]["sourceItemId"]
    return order


def entry_of(workspace: Workspace, operation: str) -> Mapping[str, Any]:
    """The last exchange of an operation."""
    return [each for each in workspace.journal.entries() if each["operation"] == operation][-1]


def test_failed_submission_names_its_findings_everywhere(
    workspace: Workspace, oneflow: OneFlow, caplog: pytest.LogCaptureFixture
) -> None:
    """Submission, reading, log and journal name the findings of an order that was answered 201 and refused later."""
    caplog.set_level(logging.INFO, "flowproof.mock")
    workspace.clock.freeze()
    receipt = oneflow.submit(documented_minimum_order())
    workspace.clock.advance(60)
    with pytest.raises(NotFound):
        oneflow.order(receipt.id)

    submitted, read = entry_of(workspace, "submitOrder"), entry_of(workspace, "getOrder")

    assert sorted(each["pointer"] for each in submitted["findings"]) == PATHS
    assert submitted["requirement"] in {"oneflow.order.source_order_id", "oneflow.order.item.source_item_id"}
    assert receipt.id in submitted["explanation"]
    assert MINIMUM in submitted["explanation"]
    assert "accept_minimum_order" in submitted["explanation"]
    reasons = ("orderData.sourceOrderId is required", "orderData.items.0.sourceItemId is required")
    assert all(reason in read["explanation"] and reason in read["findings"][0]["got"] for reason in reasons)
    assert submitted["id"] in read["explanation"]
    logged = [each.getMessage() for each in caplog.records]
    assert any(each.startswith(submitted["id"]) and "#/orderData/sourceOrderId" in each for each in logged)
    assert any(each.startswith(read["id"]) and reasons[0] in each for each in logged)


def test_failed_submission_counts_as_refused(workspace: Workspace, oneflow: OneFlow) -> None:
    """The last refused exchange, which `flowproof explain` shows, may be a submission that was answered 201."""
    oneflow.submit(documented_minimum_order())
    before = workspace.journal.last_refused()
    workspace.clock.advance(60)
    refused = workspace.journal.last_refused()

    assert before is None
    assert refused is not None
    assert (refused["operation"], refused["response"]["status"]) == ("submitOrder", 201)


@pytest.mark.parametrize("call", ["order", "cancel", "update"])
def test_missing_order_is_known_by_its_submission(workspace: Workspace, oneflow: OneFlow, call: str) -> None:
    """Whoever asks for an order by either id learns that its submission waits, and later why it failed."""
    workspace.clock.freeze()
    receipt = oneflow.submit({**minimum_order("1"), "destination": {"name": "nobody"}})
    calls: dict[str, Callable[[], Any]] = {
        "order": lambda: oneflow.order(receipt.id),
        "cancel": lambda: oneflow.cancel("brandx", "1"),
        "update": lambda: oneflow.update_shipping(
            "1", 0, ship_to=minimum_order("1")["orderData"]["shipments"][0]["shipTo"]
        ),
    }
    texts = []
    for seconds in (0, 60):
        workspace.clock.advance(seconds)
        with suppress(NotFound):
            calls[call]()
        texts.append(workspace.journal.entries()[-1]["explanation"])

    assert "is processed at" in texts[0]
    assert "advance the clock" in texts[0]
    assert "destination.name Destination account not found" in texts[1]
    assert f"submission-errors/{receipt.id}" in texts[1]


def test_broken_rule_is_worded_twice(workspace: Workspace, oneflow: OneFlow) -> None:
    """A finding says in plain words what was expected, and the answer keeps the provider's own message."""
    with pytest.raises(Refused) as refused:
        oneflow.validate({**minimum_order("1"), "destination": {"name": "nobody"}})

    entry = workspace.journal.entries()[-1]
    assert [(each["pointer"], each["expected"], each["got"]) for each in entry["findings"]] == [
        ("/destination/name", "a destination account that exists", "'nobody'")
    ]
    assert "Destination account not found" in entry["response"]["body"]["text"]
    assert "Destination account not found" in str(refused.value)


def test_unknown_order_has_no_invented_explanation(workspace: Workspace, oneflow: OneFlow) -> None:
    """An id that nobody was given is only an id that no order has."""
    with pytest.raises(NotFound):
        oneflow.order("0" * 24)

    entry = workspace.journal.entries()[-1]
    assert (entry["explanation"], entry["findings"][0]["got"]) == ("", repr("0" * 24))


def test_refused_validation_names_the_minimum_example(workspace: Workspace, oneflow: OneFlow) -> None:
    """The explanation of a refused minimum order names its requirement and the setting that accepts it."""
    with pytest.raises(Refused):
        oneflow.validate(documented_minimum_order())

    explanation = workspace.journal.entries()[-1]["explanation"]
    assert MINIMUM in explanation
    assert "accept_minimum_order" in explanation


def test_findings_of_another_workspace_stay_there(
    workspace: Workspace,
    make_workspace: Callable[..., Workspace],
    make_oneflow: Callable[..., OneFlow],
    oneflow: OneFlow,
) -> None:
    """A submission that a snapshot brings into another workspace leaves that workspace's own exchanges as they are."""
    workspace.clock.freeze()
    oneflow.submit({**minimum_order("1"), "destination": {"name": "nobody"}})
    other = make_workspace()
    make_oneflow(other).orders()
    other.restore(workspace.snapshot())
    other.clock.advance(60)

    assert [each["findings"] for each in other.journal.entries()] == [[]]
    assert len(other.control("GET", "oneflow/submission-errors")["submissionErrors"]) == 1


def test_setting_lets_the_minimum_order_pass_validation(workspace: Workspace) -> None:
    """Where `accept_minimum_order` is on, the document's minimum order is valid, and answered as it was sent."""
    seed, keys = workspace.seed("oneflow"), workspace.credentials("oneflow")
    workspace.replace_seed("oneflow", {**seed, "settings": {**seed["settings"], "accept_minimum_order": True}})
    with OneFlow(workspace.url("oneflow"), keys.key, keys.secret) as client:
        validated = [client.validate(documented_minimum_order()) for _ in range(2)]

    assert validated == [documented_minimum_order()] * 2
