"""What a test expects of a journal: calls, how often, in which order, and none but these."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flowproof.cli import main
from flowproof.clients.oneflow import OneFlow
from flowproof.errors import ConfigurationError
from flowproof.suites.oneflow.strategies import minimum_order
from flowproof.target import Call, ControlRefused, NotAsExpected, Workspace


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


A7 = {"operation": "submitOrder", "body__orderData__sourceOrderId": "A7"}
HELD: dict[str, Any] = {
    "calls": {"calls": [{**A7, "times": 1}, {"operation": "submitOrder", "times": 2}, "listOrders"]},
    "a pattern": {
        "calls": [{"operation": "submitOrder", "body__orderData__sourceOrderId": {"$match": "^A"}, "times": 2}]
    },
    "any value": {"calls": [{"operation": "submitOrder", "response__timestamp": {"$any": True}, "times": 2}]},
    "a part of the body": {"calls": [{"operation": "submitOrder", "body": {"orderData": {"sourceOrderId": "A8"}}}]},
    "order": {"order": [A7, "submitOrder", "listOrders"]},
    "only": {"only": ["submitOrder", "listOrders"]},
}
FAILED: dict[str, tuple[Any, str, str]] = {
    "calls": ({"calls": [{**A7, "times": 2}]}, "was expected 2 times, and was called 1 time.", "'A8', expected 'A7'"),
    "any value": (
        {"calls": [{"operation": "listOrders", "query__sort": {"$any": True}}]},
        "was called 0 times",
        "query__sort is missing, expected any value",
    ),
    "order": ({"order": ["listOrders", A7]}, "was expected after", "submitOrder"),
    "only": ({"only": ["submitOrder"]}, "1 other call came", "listOrders"),
}


def verified(workspace: Workspace, expected: Any) -> Any:
    """What the control API says of an expectation."""
    return workspace.control("POST", "journal/verification", expected)


@pytest.mark.parametrize("expected", HELD.values(), ids=HELD)
def test_control_api_verifies_calls(expected: Any, placed: Workspace) -> None:
    """The control API finds the calls that Python finds: as often, in that order, and no others."""
    assert verified(placed, expected) == {"met": True, "failures": []}


@pytest.mark.parametrize(("expected", "what", "difference"), FAILED.values(), ids=FAILED)
def test_control_api_shows_the_nearest_exchanges(expected: Any, what: str, difference: str, placed: Workspace) -> None:
    """What does not hold is a sentence, with the nearest exchanges and what differs in each."""
    found = verified(placed, expected)

    assert not found["met"]
    (failure,) = found["failures"]
    assert what in failure["what"]
    assert any(difference in each for each in failure["nearest"])


NO_EXPECTATIONS: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "expected"),
    "another member": ({"call": []}, "call"),
    "a wrong operation": ({"calls": ["submitOrders"]}, "Use one such as submitOrder."),
    "a wrong condition": ({"only": [{"operation": "submitOrder", "bodi__id": 1}]}, "bodi__id is no condition"),
    "no operation": ({"order": [{"status": 200}]}, "operation"),
    "a broken pattern": ({"calls": [{**A7, "path": {"$match": "("}}]}, "is no pattern"),
    "contradicting numbers": ({"calls": [{**A7, "times": 1, "at_most": 1}]}, "times says how often exactly"),
}


@pytest.mark.parametrize(("expected", "message"), NO_EXPECTATIONS.values(), ids=NO_EXPECTATIONS)
def test_control_api_explains_wrong_expectations(expected: Any, message: str, workspace: Workspace) -> None:
    """An expectation that cannot be meant is a problem with a sentence."""
    with pytest.raises(ControlRefused, match=message) as raised:
        verified(workspace, expected)

    assert raised.value.status == 422


def test_command_verifies_calls(placed: Workspace, tmp_path: Path) -> None:
    """`flowproof journal --expect` ends with 0 where the journal holds the calls, else with 1 and the nearest ones."""

    def run(expected: str) -> Result:
        place = ["--server", placed.server.url, "--workspace", placed.id]
        return CliRunner().invoke(main, ["journal", *place, "--expect", expected])

    file = tmp_path / "expected.json"
    file.write_text(json.dumps(HELD["order"]))
    failed, held, broken = run(json.dumps(FAILED["calls"][0])), run(str(file)), run("{")

    assert (held.exit_code, failed.exit_code, broken.exit_code) == (0, 1, 2)
    assert "was expected 2 times" in failed.stdout
    assert "expected 'A7'" in failed.stdout
    assert "The expectation is no JSON" in broken.stderr
