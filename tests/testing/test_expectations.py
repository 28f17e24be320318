"""What a test expects of a journal: calls, how often, in which order, and none but these."""

import re
from typing import Any

import pytest

from flowproof.clients.oneflow import OneFlow
from flowproof.errors import ConfigurationError
from flowproof.suites.oneflow.strategies import minimum_order
from flowproof.target import Call, NotAsExpected, Workspace


@pytest.fixture
def placed(workspace: Workspace, oneflow: OneFlow) -> Workspace:
    """A workspace in which the orders A7 and A8 were submitted, and then listed."""
    oneflow.submit(minimum_order("A7"))
    oneflow.submit(minimum_order("A8"))
    oneflow.orders(pagesize=10)
    return workspace


MET: dict[str, tuple[str, dict[str, Any]]] = {
    "a member of the body": ("submitOrder", {"body__orderData__sourceOrderId": "A7", "times": 1}),
    "an index in the body": (
        "submitOrder",
        {"body__orderData__items__0": dict, "at_least": 1},
    ),
    "a part of the body": ("submitOrder", {"body": {"orderData": {"sourceOrderId": "A8"}}, "times": 1}),
    "a pattern": ("submitOrder", {"body__orderData__sourceOrderId": re.compile("A."), "times": 2}),
    "a function": ("submitOrder", {"status": lambda status: status < 300, "times": 2}),
    "a member of the response": ("submitOrder", {"response__timestamp": str, "times": 2}),
    "a value of the query": ("listOrders", {"query__pagesize": "10", "times": 1}),
    "a header": ("submitOrder", {"header__content_type": "application/json", "at_most": 2}),
    "no call": ("cancelOrder", {"times": 0}),
    "any call": ("listOrders", {}),
}


@pytest.mark.parametrize(("operation", "expected"), MET.values(), ids=MET)
def test_calls_that_were_made_are_found(operation: str, expected: dict[str, Any], placed: Workspace) -> None:
    """A call is found by what its request, its answer and its place say, as often as it was made."""
    found = placed.journal.expect(operation, **expected)

    assert {each["operation"] for each in found} <= {operation}
    assert len(found) == expected.get("times", len(found))


def test_failure_shows_the_nearest_exchanges(placed: Workspace) -> None:
    """A call that was not made is reported with the nearest exchanges, nearest first, and what differs in each."""
    with pytest.raises(NotAsExpected) as raised:
        placed.journal.expect("submitOrder", body__orderData__sourceOrderId="A9", status=201, times=1)

    what, first, difference, *_ = str(raised.value).splitlines()
    assert what.endswith("was expected 1 time, and was called 0 times.")
    assert "submitOrder: POST /api/order → 201" in first
    assert difference.strip() == "body__orderData__sourceOrderId is 'A8', expected 'A9'"


def test_failure_of_a_call_too_many_shows_all_of_them(placed: Workspace) -> None:
    """Where a call was made too often, each of them is shown."""
    with pytest.raises(NotAsExpected, match="called 2 times") as raised:
        placed.journal.expect("submitOrder", times=1)

    assert len(raised.value.nearest) == 2


def test_order_of_calls_is_verified(placed: Workspace) -> None:
    """Calls are found in the order in which they came, and in no other."""
    first = Call("submitOrder", body__orderData__sourceOrderId="A7")

    assert [each["number"] for each in placed.journal.expect_order(first, "listOrders")] == [1, 3]
    with pytest.raises(NotAsExpected, match="was expected after"):
        placed.journal.expect_order("listOrders", first)


def test_no_calls_but_these_are_allowed(placed: Workspace) -> None:
    """A call that is none of those that are allowed is shown."""
    placed.journal.expect_only("submitOrder", "listOrders")

    with pytest.raises(NotAsExpected, match=r"1 other call came.\n.*listOrders"):
        placed.journal.expect_only("submitOrder")


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "a wrong operation": ("submitOrders", {}, "Use one such as submitOrder."),
    "a wrong condition": ("submitOrder", {"bodi__id": 1}, "bodi__id is no condition"),
    "contradicting numbers": ("submitOrder", {"times": 1, "at_least": 1}, "times says how often exactly"),
    "an impossible number": ("submitOrder", {"at_least": 3, "at_most": 2}, "No call can be made 3 to 2 times"),
}


@pytest.mark.parametrize(("operation", "expected", "message"), WRONG.values(), ids=WRONG)
def test_wrong_expectations_are_explained(
    operation: str, expected: dict[str, Any], message: str, workspace: Workspace
) -> None:
    """An expectation that cannot be meant is refused with a sentence: it would hold or fail for ever."""
    with pytest.raises(ConfigurationError, match=message):
        workspace.journal.expect(operation, **expected)
