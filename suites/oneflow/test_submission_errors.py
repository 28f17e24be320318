"""Submission errors: invalid orders are read, edited and submitted again as in the production UI."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given

from flowproof.clients import NotFound
from flowproof.clients.oneflow import OneFlow
from flowproof.target import ControlRefused, Workspace

from .invalid_examples import BrokenOrder, broken_orders
from .profiles import few
from .raw_client import RawClient
from .strategies import minimum_order, orders

Json = Any
LONG_S = 60


def errors_of(workspace: Workspace) -> Sequence[Json]:
    """A workspace's submission errors, newest first."""
    found: Sequence[Json] = workspace.control("GET", "oneflow/submission-errors")["submissionErrors"]
    return found


def resubmit(workspace: Workspace, submission_id: str) -> Json:
    """Submit a submission again, and wait until it is processed."""
    answered = workspace.control("POST", f"oneflow/submission-errors/{submission_id}/resubmit")
    workspace.clock.advance(LONG_S)
    return answered


def invalid_order() -> dict[str, Json]:
    """An order whose destination does not exist."""
    return {**minimum_order("1"), "destination": {"name": "nobody"}}


@pytest.mark.requirement("oneflow.submission.error_recorded", "oneflow.submission.invalid_not_found")
@pytest.mark.requirement("oneflow.submission.answer")
@few(15)
@given(broken=broken_orders())
def test_invalid_submission_becomes_an_error(workspace: Workspace, oneflow: OneFlow, broken: BrokenOrder) -> None:
    """
    An invalid order is answered as any other, is never found as an order, and is kept with the path that is broken.
    """
    receipt = oneflow.submit(broken.order)
    workspace.clock.advance(LONG_S)

    with pytest.raises(NotFound):
        oneflow.order(receipt.id)
    newest = errors_of(workspace)[0]
    assert (newest["_id"], newest["order"]) == (receipt.id, broken.order)
    assert broken.path in {each["path"] for each in newest["errors"]}


@pytest.mark.requirement("oneflow.submission.error_recorded")
@few(5)
@given(order=orders())
def test_valid_submission_leaves_no_error(workspace: Workspace, oneflow: OneFlow, order: dict[str, Json]) -> None:
    """
    A valid order leaves no submission error.
    """
    order["orderData"]["sourceOrderId"] = f"{workspace.clock.now().timestamp()}"
    receipt = oneflow.submit(order)
    workspace.clock.advance(LONG_S)

    assert oneflow.order(receipt.id).id == receipt.id
    assert errors_of(workspace) == []


@pytest.mark.requirement("oneflow.submission.error_recorded", "oneflow.submission.asynchronous")
def test_error_appears_when_the_order_is_processed(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A submission error is there as soon as the order is processed, and not before.
    """
    workspace.clock.freeze()
    oneflow.submit(invalid_order())
    before = errors_of(workspace)
    workspace.clock.advance(workspace.seed("oneflow")["settings"]["processing_s"])

    assert (before, len(errors_of(workspace))) == ([], 1)


@pytest.mark.requirement("oneflow.submission.error_recorded")
def test_error_says_who_when_and_why(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A submission error has its account, moment and order, and for each reason name, message, path and requirement.
    """
    receipt = oneflow.submit(invalid_order())
    workspace.clock.advance(LONG_S)
    (kept,) = errors_of(workspace)

    assert (kept["sourceAccountId"], kept["timestamp"]) == (receipt.source_account_id, receipt.timestamp)
    assert [sorted(each) for each in kept["errors"]] == [["message", "name", "path", "requirement"]]
    assert workspace.control("GET", f"oneflow/submission-errors/{receipt.id}") == kept


@pytest.mark.requirement("oneflow.submission.error_recorded")
def test_errors_are_listed_newest_first(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    Submission errors are listed with the newest first.
    """
    submitted = []
    for _ in range(3):
        submitted.append(oneflow.submit(invalid_order()).id)
        workspace.clock.advance(LONG_S)

    assert [each["_id"] for each in errors_of(workspace)] == submitted[::-1]


@pytest.mark.requirement("oneflow.submission.error_resubmit", "oneflow.submission.id_kept")
def test_edited_submission_becomes_an_order(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A submission error that is edited into a valid order and resubmitted becomes an order with its first id.
    """
    receipt = oneflow.submit(invalid_order())
    workspace.clock.advance(LONG_S)
    workspace.control("PUT", f"oneflow/submission-errors/{receipt.id}", minimum_order("1"))

    resubmit(workspace, receipt.id)

    assert oneflow.order(receipt.id).source_order_id == "1"


@pytest.mark.requirement("oneflow.submission.error_resubmit")
def test_editing_alone_submits_nothing(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    An edited submission error stays one until it is resubmitted.
    """
    receipt = oneflow.submit(invalid_order())
    workspace.clock.advance(LONG_S)
    workspace.control("PUT", f"oneflow/submission-errors/{receipt.id}", minimum_order("1"))
    workspace.clock.advance(LONG_S)

    with pytest.raises(NotFound):
        oneflow.order(receipt.id)


@pytest.mark.requirement("oneflow.submission.error_resubmit", "oneflow.submission.asynchronous")
def test_resubmission_is_processed_later(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A resubmission is processed on the workspace's clock, as a submission is.
    """
    receipt = oneflow.submit(invalid_order())
    workspace.clock.advance(LONG_S)
    workspace.control("PUT", f"oneflow/submission-errors/{receipt.id}", minimum_order("1"))
    workspace.clock.freeze()
    workspace.control("POST", f"oneflow/submission-errors/{receipt.id}/resubmit")

    with pytest.raises(NotFound):
        oneflow.order(receipt.id)


@pytest.mark.requirement("oneflow.submission.error_resubmit", "oneflow.submission.error_recorded")
def test_resubmission_that_is_still_invalid_is_an_error_again(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    What is resubmitted with another fault is a submission error again, with the new reason.
    """
    receipt = oneflow.submit(invalid_order())
    workspace.clock.advance(LONG_S)
    edited = minimum_order("1")
    edited["orderData"]["items"][0]["sku"] = "NO-SUCH-SKU"
    workspace.control("PUT", f"oneflow/submission-errors/{receipt.id}", edited)

    resubmit(workspace, receipt.id)

    (kept,) = errors_of(workspace)
    assert [each["path"] for each in kept["errors"]] == ["orderData.items.0.sku"]


@pytest.mark.requirement("oneflow.submission.error_resubmit_once")
def test_resubmission_is_remembered(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A submission error shows that it was resubmitted.
    """
    receipt = oneflow.submit(invalid_order())
    workspace.clock.advance(LONG_S)
    before = errors_of(workspace)[0]["resubmitted"]
    workspace.control("PUT", f"oneflow/submission-errors/{receipt.id}", minimum_order("1"))
    resubmit(workspace, receipt.id)

    assert (before, errors_of(workspace)[0]["resubmitted"]) == (False, True)


@pytest.mark.requirement("oneflow.submission.error_recorded")
def test_unknown_submission_error_is_missing(workspace: Workspace, oneflow: OneFlow) -> None:
    """
    A submission error is found by the submission's id, and by no other.
    """
    submission = oneflow.submit(invalid_order())
    workspace.clock.advance(LONG_S)

    assert workspace.control("GET", f"oneflow/submission-errors/{submission.id}")["_id"] == submission.id
    with pytest.raises(ControlRefused) as refused:
        workspace.control("GET", f"oneflow/submission-errors/{'0' * 24}")

    assert refused.value.status == 404


@pytest.mark.requirement("oneflow.submission.invalid_not_found", "oneflow.submission.error_recorded")
@pytest.mark.parametrize("body", ["[]", "null", '"order"', "1", "{}"])
def test_submission_that_is_no_order_becomes_an_error(workspace: Workspace, raw: RawClient, body: str) -> None:
    """
    Any JSON that is no order becomes a submission error, kept as it was sent.
    """
    submitted = raw.send("POST", "/api/order", body=body.encode()).json()
    workspace.clock.advance(LONG_S)

    (kept,) = errors_of(workspace)
    assert (kept["_id"], kept["order"]) == (submitted["_id"], json.loads(body))
