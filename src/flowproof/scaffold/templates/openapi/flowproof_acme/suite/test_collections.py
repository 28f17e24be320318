"""The life of the records of each collection, as it was inferred: created, read, listed, removed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from ..client import Acme
from .plan import PLAN

Block = Callable[[], AbstractContextManager[None]]


def lives(verb: str) -> list[Any]:
    """The collections that have an operation of that verb, marked with what it is to keep."""
    kinds = {"read": "kept", "list": "listed", "remove": "removed"}
    return [
        pytest.param(path, id=path, marks=pytest.mark.requirement(*PLAN.life_requirements(path, kinds[verb], verb)))
        for path, verbs in PLAN.collections().items()
        if verb in verbs
    ]


@pytest.mark.parametrize("path", lives("read"))
def test_created_record_can_be_read(acme: Acme, refused: Block, path: str) -> None:
    """What was created is read by its key, twice the same; a key that there is not is not found."""
    reading = PLAN.collections()[path]["read"]
    values = PLAN.prepared(acme, reading)
    read = [PLAN.perform(acme, reading, values) for _ in range(2)]
    parameter = PLAN.collection_of(reading).parameter
    with refused():
        missing = PLAN.perform(acme, reading, {**values, parameter: PLAN.missing_key(reading, values[parameter])})

    assert [each.status_code for each in read] == [PLAN.success(reading)] * 2
    assert read[0].json() == read[1].json()
    assert str(PLAN.key_of(reading, read[0].json())) == values[parameter]
    assert missing.status_code in (404, 410), missing.text[:500]


@pytest.mark.parametrize("path", lives("list"))
def test_created_record_is_listed(acme: Acme, path: str) -> None:
    """What was created is in the list, once."""
    verbs = PLAN.collections()[path]
    values = PLAN.prepared(acme, verbs["read"])
    key = values[PLAN.collection_of(verbs["read"]).parameter]
    read = PLAN.perform(acme, verbs["read"], values).json()
    listed = PLAN.listed_with(acme, path, values, PLAN.record_in(verbs["read"], read))

    assert [each for each in listed if each == key] == [key]


@pytest.mark.parametrize("path", lives("remove"))
def test_removed_record_is_gone(acme: Acme, refused: Block, path: str) -> None:
    """What was removed is not found, and cannot be removed again."""
    verbs = PLAN.collections()[path]
    values = PLAN.prepared(acme, verbs["read"])
    removed = PLAN.perform(acme, verbs["remove"], values)
    with refused():
        after = [PLAN.perform(acme, verbs[verb], values).status_code for verb in ("read", "remove")]

    assert removed.status_code == PLAN.success(verbs["remove"])
    assert set(after) <= {404, 410}, after
