"""Where a provider that is right once goes wrong: several records, texts that look alike."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from flowproof.edge_cases import near_misses
from flowproof.openapi_suite.several import create_several
from flowproof.target import Target, Workspace

from ..client import Acme
from .plan import PLAN

Block = Callable[[], AbstractContextManager[None]]
COLLECTIONS = [
    pytest.param(path, id=path, marks=pytest.mark.requirement(*PLAN.life_requirements(path, "kept", "read")))
    for path in PLAN.collections()
]
PROTECTED = [
    pytest.param(each.id, id=each.id, marks=pytest.mark.requirement(*PLAN.answered_requirements(each.id, 401)))
    for each in PLAN.protected()[:1]
]


@pytest.mark.parametrize("path", COLLECTIONS)
def test_each_of_several_records_keeps_its_texts(acme: Acme, refused: Block, path: str) -> None:
    """A dozen records have keys and texts of their own, whatever the texts are, and none is listed twice."""
    with refused():
        several = create_several(PLAN, acme, path)

    assert several.keys
    assert several.changed == ()
    assert len(several.listed) == len(set(several.listed))


@pytest.mark.parametrize("path", COLLECTIONS)
def test_another_workspace_has_records_of_its_own(
    acme: Acme,
    refused: Block,
    make_workspace: Callable[..., Workspace],
    make_acme: Callable[..., Acme],
    path: str,
) -> None:
    """On a mock, a record of one workspace is not in another one, which has its own."""
    reading = PLAN.collections()[path]["read"]
    with make_workspace() as elsewhere, refused():
        there = make_acme(elsewhere)
        here_values = PLAN.prepared(acme, reading, seed="here")
        before = PLAN.perform(there, reading, here_values)
        there_values = PLAN.prepared(there, reading, seed="there")
        answers = [
            PLAN.perform(client, reading, values) for client, values in ((acme, here_values), (there, there_values))
        ]

    parameter = PLAN.collection_of(reading).parameter
    assert before.status_code // 100 == 4, before.text[:500]
    assert [str(PLAN.key_of(reading, each.json())) for each in answers] == [
        here_values[parameter],
        there_values[parameter],
    ]


@pytest.mark.parametrize("path", COLLECTIONS)
@pytest.mark.parametrize("change", ["other letter case", "a blank behind", "cut off"])
def test_key_is_taken_to_the_letter(acme: Acme, refused: Block, path: str, change: str) -> None:
    """What nearly is the key of a record has no record."""
    reading = PLAN.collections()[path]["read"]
    values, parameter = PLAN.prepared(acme, reading), PLAN.collection_of(reading).parameter
    found = PLAN.perform(acme, reading, values)
    near = near_misses(values[parameter]).get(change, f"{values[parameter]}0")
    with refused():
        missed = PLAN.perform(acme, reading, {**values, parameter: near})

    assert (found.status_code, missed.status_code // 100) == (PLAN.success(reading), 4), missed.text[:500]


@pytest.mark.parametrize("operation", PROTECTED)
@pytest.mark.parametrize("change", ["other letter case", "cut off", "one more"])
def test_token_is_taken_to_the_letter(
    acme: Acme, target: Target, make_acme: Callable[..., Acme], refused: Block, operation: str, change: str
) -> None:
    """What nearly is the token lets nobody in, also after the token did."""
    let_in = PLAN.perform(acme, operation).status_code
    near = near_misses(str(acme.token)).get(change, f"{acme.token}0")
    with refused():
        stranger = PLAN.perform(make_acme(target, token=near), operation)

    assert let_in not in (401, 403)
    assert stranger.status_code in (401, 403), stranger.text[:500]
