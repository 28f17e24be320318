"""Who is let in: nobody without credentials, where the document asks for them."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from flowproof.edge_cases import EACH_TIME
from flowproof.target import Target

from ..client import Acme
from .plan import PLAN

Block = Callable[[], AbstractContextManager[None]]
PROTECTED = [
    pytest.param(each.id, id=each.id, marks=pytest.mark.requirement(*PLAN.answered_requirements(each.id, 401)))
    for each in PLAN.protected()
]


@pytest.mark.parametrize("operation", PROTECTED)
@pytest.mark.parametrize("token", [None, "nobody-has-this-token"], ids=["nothing", "unknown"])
def test_stranger_is_not_let_in(
    target: Target, make_acme: Callable[..., Acme], refused: Block, operation: str, token: str | None
) -> None:
    """Without known credentials a request is refused each time, however valid it is."""
    stranger = make_acme(target, token=token)
    with refused():
        answers = [PLAN.perform(stranger, operation) for _ in EACH_TIME]

    assert {each.status_code for each in answers} <= {401, 403}, [each.text[:500] for each in answers]
