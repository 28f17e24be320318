"""Response mutants: which ones the contract gives, and what they do to a response."""

import json
from typing import Any

import pytest

from flowproof.conformance import load_contract
from flowproof.conformance.places import edited
from flowproof.mutation.mutant import CannedResponse, Mutant
from flowproof.mutation.reference import Observations, ReferenceRun
from flowproof.mutation.response_mutants import changed_response, response_mutants

BALANCE = CannedResponse(200, b'{"balance":15}', (("Content-Type", "application/json"),))


def mutants_of_balance() -> dict[str, Mutant]:
    """What the contract of Dots.eco gives for the 200 of a balance that one test observed."""
    name = ("getApplicationBalance", 200)
    observed = Observations(responses={name}, places={(*name, ()), (*name, ("balance",))})
    reference = ReferenceRun({"test": observed}, {name: BALANCE})
    return {each.id: each for each in response_mutants(load_contract("dots_eco"), reference)}


def test_contract_alone_gives_the_mutants() -> None:
    """A property is left out, renamed, null, of another type or value; an answer has another status, type or byte."""
    stem = "getApplicationBalance.200"

    assert set(mutants_of_balance()) == {
        *(f"{stem}#/balance:{kind}" for kind in ("missing", "renamed", "null", "type", "value")),
        *(f"{stem}:{kind}" for kind in ("status-299", "content_type", "byte")),
    }


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("missing", b"{}"),
        ("renamed", b'{"balance_":15}'),
        ("null", b'{"balance":null}'),
        ("type", b'{"balance":"seven"}'),
        ("value", b'{"balance":16}'),
    ],
)
def test_mutant_changes_one_place(kind: str, body: bytes) -> None:
    """What a mutant is named for is all that it changes."""
    mutant = mutants_of_balance()[f"getApplicationBalance.200#/balance:{kind}"]

    assert changed_response(mutant, BALANCE) == CannedResponse(200, body, BALANCE.headers)


def test_answer_without_the_place_stays_as_it_is() -> None:
    """A response without the place that a mutant breaks stays the same."""
    mutant = mutants_of_balance()["getApplicationBalance.200#/balance:missing"]
    other = CannedResponse(200, b'{"message":"none"}', BALANCE.headers)

    assert changed_response(mutant, other) is other


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (("a", "*", "b"), {"a": [{"b": 0}, {"c": 2}, 3]}),
        (("a",), {"a": 0}),
        (("x", "y"), {"a": [{"b": 1}, {"c": 2}, 3]}),
    ],
)
def test_every_such_place_is_edited(steps: tuple[str, ...], expected: Any) -> None:
    """A star stands for every entry of a list; where a place is missing nothing happens."""
    value = {"a": [{"b": 1}, {"c": 2}, 3]}

    assert edited(value, steps, lambda _value, name: (name, 0)) == expected
    assert json.dumps(value) == '{"a": [{"b": 1}, {"c": 2}, 3]}'
