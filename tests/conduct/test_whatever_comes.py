"""Any journal of any provider can be judged, always with the same result."""

import json
import re
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowproof.conduct import judge, read_journal
from flowproof.conformance import Contract, Operation, load_contract
from flowproof.conformance.schema_walk import SchemaWalk
from flowproof.providers import find_kit
from tests import tree

FAULTS: list[list[dict[str, Any]]] = [
    [],
    [{"id": "fault-1", "fault": "reset", "moment": "after"}],
    [{"id": "fault-1", "fault": "status", "status": 503}],
]
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)


def names_in(contract: Contract) -> list[str]:
    """The names of all members in the contract's schemas."""
    walk = SchemaWalk(contract)
    found = {
        step
        for operation in contract.operations.all
        for pointer in operation.bodies.values()
        for steps in walk.locations(contract.schemas.uri_of_pointer(pointer))
        for step in steps
    }
    return sorted({*found, "_id", "access_token", "data", "error", "items", "pages"} - {"*"})


def bodies(names: list[str]) -> st.SearchStrategy[str]:
    """JSON with the contract's names in wrong places, or text that is not JSON."""
    values = st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(names), inner, max_size=3),
        max_leaves=6,
    )
    return values.map(json.dumps) | st.text(max_size=8)


contract_of = cache(load_contract)
obligations_of = cache(lambda slug: find_kit(slug).load_obligations())


@cache
def exchanges(slug: str) -> st.SearchStrategy[dict[str, Any]]:
    """An entry of a journal without its number."""
    contract = contract_of(slug)
    body = bodies(names_in(contract))

    def entry(drawn: tuple[Operation, str, int, str, str, int, list[dict[str, Any]]]) -> dict[str, Any]:
        operation, query, status, sent, answered, second, faults = drawn
        headers = [["Content-Type", "application/json"], ["Retry-After", "3"]]
        return {
            "direction": "in",
            "provider": contract.slug,
            "operation": operation.id,
            "started_at": f"2024-09-13T12:00:{second:02d}+00:00",
            "request": {
                "method": operation.method,
                "path": re.sub(r"\{\w+\}", "7", operation.path),
                "query": query,
                "headers": headers,
                "body": {"text": sent},
            },
            "response": {"status": status, "headers": headers, "body": {"text": answered}},
            "requirement": None,
            "findings": [],
            "explanation": "",
            "faults": faults,
        }

    drawn = st.tuples(
        st.sampled_from(contract.operations.all),
        st.sampled_from(["", "page=2", "limit=x&page=-1", "code=%FF"]),
        st.sampled_from([0, 200, 201, 302, 401, 404, 422, 429, 503]),
        body,
        body,
        st.integers(0, 59),
        st.sampled_from(FAULTS),
    )
    return drawn.map(entry)


@pytest.mark.parametrize("slug", tree.every_slug())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_whatever_comes_is_judged(slug: str, data: st.DataObject) -> None:
    """Any journal can be judged, and judging it twice gives the same report."""
    contract, obligations = contract_of(slug), obligations_of(slug)
    drawn = data.draw(st.lists(exchanges(slug), min_size=1, max_size=6))
    entries = [{**each, "id": f"w-{number}", "number": number} for number, each in enumerate(drawn, start=1)]

    first = judge(read_journal(entries, contract), contract, obligations)

    assert judge(read_journal(entries, contract), contract, obligations) == first
    assert first.exchanges == len(entries)
