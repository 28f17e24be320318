"""Every operation, by a request that the document allows. Its answer is checked by the contract, too."""

import pytest

from ..client import Acme
from .plan import PLAN

OPERATIONS = [
    pytest.param(
        each.id,
        id=each.id,
        marks=pytest.mark.requirement(
            *PLAN.requirements(each.id, "operation"), *PLAN.answered_requirements(each.id, PLAN.success(each.id))
        ),
    )
    for each in PLAN.operations()
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_is_answered_as_documented(acme: Acme, operation: str) -> None:
    """A request that the document allows is answered with the documented status of success."""
    answer = PLAN.exercise(acme, operation)

    assert answer.status_code == PLAN.success(operation), answer.text[:500]
