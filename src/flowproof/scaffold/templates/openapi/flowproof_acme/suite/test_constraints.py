"""Every constraint of a request's body, broken twice: what is refused once is refused again."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from flowproof.edge_cases import EACH_TIME
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
    """A body that breaks one constraint of its schema is refused each time."""
    request = PLAN.request_for(acme, breakage.operation)
    body = json.dumps(breakage.value).encode()
    with refused():
        answers = [
            acme.send(request.method, request.path, query=request.query, headers=request.headers, body=body)
            for _ in EACH_TIME
        ]

    assert [each.status_code // 100 for each in answers] == [4, 4], [each.text[:500] for each in answers]
