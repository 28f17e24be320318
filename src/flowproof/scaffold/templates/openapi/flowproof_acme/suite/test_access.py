"""Who is let in: nobody without credentials, where the document asks for them."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

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
    """Without known credentials a request is refused, however valid it is."""
    with refused():
        answer = PLAN.perform(make_acme(target, token=token), operation)

    assert answer.status_code in (401, 403), answer.text[:500]
