"""A recorded conversation on the mock again: nothing differs, unless the mock has come to lie."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowproof.cases import read_cases
from flowproof.conformance import Finding
from flowproof.drift import Difference
from flowproof.kernel.http.response import WireResponse
from tests import tree

from .conversations import make_mock

# A recording does not say whose credentials a refused request had, nor which part of a signature it lacked.
OTHER_CREDENTIALS = {
    "dots_eco": {"forbidden_before_invalid", "list_refused", "wrong_auth_token"},
    "flow1st": {"order_without_signature"},
}
# What the journal of the mock has redacted in requests: they cannot be sent again.
LOST = "the recording does not have a secret of its request"


@pytest.mark.parametrize("slug", tree.every_slug())
def test_recorded_conversation_is_answered_the_same_again(slug: str) -> None:
    """Each documented example, recorded from the mock's journal and sent to it again, finds no difference."""
    with make_mock(slug) as mock:
        compared, different = 0, []
        for case in read_cases(slug):
            if case.id in OTHER_CREDENTIALS.get(slug, ()):
                continue
            found = mock.drift(mock.convert(mock.record(case), kept=("app_token",)).case)
            lost = any(why == LOST for why in found.left_out.values())
            compared += len(found.outcomes)
            if not lost and (found.left_out or not found.is_none):
                different.append((case.id, found))

    assert different == []
    assert compared > len(read_cases(slug))


@pytest.mark.parametrize("slug", tree.every_slug())
def test_recorded_case_keeps_to_the_schema_of_cases(slug: str) -> None:
    """A case made of a recording is what fixtures/case.schema.json says a case is."""
    judge = Draft202012Validator(json.loads((tree.ROOT / "fixtures" / "case.schema.json").read_text(encoding="utf-8")))
    with make_mock(slug) as mock:
        found = [mock.convert(mock.record(case)).case for case in read_cases(slug)]

    assert [error.message for case in found for error in judge.iter_errors(case)] == []


def lying(lies: dict[str, Callable[[Any], int | None]]) -> Callable[..., WireResponse]:
    """An answer filter: for an operation, a change of the body's value, which returns another status or None."""

    def answer_filter(
        _slug: str, operation: str | None, answer: WireResponse, _findings: Sequence[Finding]
    ) -> WireResponse:
        if operation not in lies or answer.status >= 400:
            return answer
        value = json.loads(answer.body)
        status = lies[operation](value)
        return replace(answer, body=json.dumps(value).encode(), status=status or answer.status)

    return answer_filter


def says_printed(value: Any) -> None:
    """A lie in a value."""
    value["orderData"]["status"] = "printed"


def forgets_the_time(value: Any) -> None:
    """A lie by a missing member."""
    del value["timestamp"]


def says_accepted(_value: Any) -> int:
    """A lie in the status."""
    return 202


def test_three_lies_of_a_mock_are_named_and_no_other_difference() -> None:
    """A mock that lies in a status, a value and a missing member: exactly these three are found, by operation."""
    (case,) = (each for each in read_cases("oneflow") if each.id == "full_order")

    with make_mock("oneflow") as mock:
        recorded = mock.convert(mock.record(case)).case
        mock.hooks.answer_filter = lying(
            {"validateOrder": says_accepted, "submitOrder": forgets_the_time, "getOrder": says_printed}
        )
        found = mock.drift(recorded)

    assert [(each.operation, each.status, each.differences) for each in found.outcomes if each.differences] == [
        ("validateOrder", 200, (Difference("status", "status", "200", "202"),)),
        ("submitOrder", 201, (Difference("missing", "/timestamp", "string", "nothing"),)),
        ("getOrder", 200, (Difference("value", "/orderData/status", '"received"', '"printed"'),)),
    ]
