"""Properties of the operations: what the schemas allow is answered as documented, what they do not is refused."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.openapi_suite.properties import PROPERTY, Properties

from ..client import Acme
from .plan import PLAN

Block = Callable[[], AbstractContextManager[None]]
PROPERTIES = Properties(PLAN)


def operations(names: list[str]) -> list[Any]:
    """These operations, marked with their requirements."""
    return [
        pytest.param(each, id=each, marks=pytest.mark.requirement(*PLAN.requirements(each, "operation")))
        for each in names
    ]


@pytest.mark.parametrize("operation", operations(PROPERTIES.names()))
@PROPERTY
@given(data=st.data())
def test_whatever_is_allowed_is_answered(acme: Acme, refused: Block, operation: str, data: st.DataObject) -> None:
    """A request that the schemas allow succeeds as documented, or is refused for a reason that they do not know."""
    drawn = data.draw(PROPERTIES.changes(operation))

    assert PROPERTIES.answer_allowed(acme, refused, operation, drawn) == ""


@pytest.mark.parametrize("operation", operations(PROPERTIES.names_with_body()))
@PROPERTY
@given(data=st.data())
def test_whatever_is_not_allowed_is_refused(acme: Acme, refused: Block, operation: str, data: st.DataObject) -> None:
    """A body with anything at one of its places is refused where its schema does not allow it; no server fails."""
    value = data.draw(PROPERTIES.broken(operation))

    assert PROPERTIES.answer_broken(acme, refused, operation, value) == ""
