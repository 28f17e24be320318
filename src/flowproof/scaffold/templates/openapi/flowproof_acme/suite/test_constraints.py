"""Every constraint of a request's body, broken once."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from flowproof.openapi_suite.plan import Breakage

from ..client import Acme
from .plan import PLAN

Block = Callable[[], AbstractContextManager[None]]
BREAKAGES = [
    pytest.param(each, id=f"{each.operation} {each.what}", marks=pytest.mark.requirement(each.requirement))
    for each in PLAN.breakages()
]


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_broken_constraint_is_refused(acme: Acme, refused: Block, breakage: Breakage) -> None:
    """A body that breaks one constraint of its schema is refused."""
    request = PLAN.request_for(acme, breakage.operation)
    body = json.dumps(breakage.value).encode()
    with refused():
        answer = acme.send(request.method, request.path, query=request.query, headers=request.headers, body=body)

    assert 400 <= answer.status_code < 500, answer.text[:500]
