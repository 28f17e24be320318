"""Seed data: every number has bounds, so that no date and no balance that follows from it can overflow."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from flowproof.conformance import load_contract
from flowproof.providers import find_providers
from flowproof.target.workspace import Workspace

PROVIDERS = [each.slug for each in find_providers()]


def numbers(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every schema of numbers, with its place."""
    if isinstance(node, dict):
        kinds = node.get("type", ())
        if {"number", "integer"} & {kinds, *()} if isinstance(kinds, str) else {"number", "integer"} & set(kinds):
            yield place, node
        for name, value in node.items():
            yield from numbers(value, f"{place}/{name}")
    elif isinstance(node, list):
        for each in node:
            yield from numbers(each, place)


@pytest.mark.parametrize("slug", PROVIDERS)
def test_every_number_of_seed_data_has_bounds(slug: str) -> None:
    """
    The schema of each provider's seed data gives every number a least and a greatest value.
    """
    schemas = load_contract(slug, None).schemas
    seed = schemas.resources[schemas.uri_of_file("seed.schema.json")]
    unbounded = [
        place
        for place, node in numbers(seed)
        if not ({"minimum", "exclusiveMinimum"} & set(node) and {"maximum", "exclusiveMaximum"} & set(node))
    ]

    assert unbounded == []


@pytest.mark.parametrize(
    ("slug", "place", "value"),
    [
        ("flow1st", "staging/balances", {"USD": "x"}),
        ("flow1st", "settings/access_token_ttl_s", 1e300),
        ("oneflow", "settings/ship_s", 1e300),
        ("oneflow", "settings/date_window_s", 1e12),
        ("otter", "settings/token_lifetime_s", 10**30),
        ("integrations", "settings/push_ttl_s", 10**18),
        ("dots_eco", "applications/0/balance", 1e300),
    ],
)
def test_seed_data_out_of_bounds_is_refused(
    make_workspace: Callable[..., Workspace], slug: str, place: str, value: Any
) -> None:
    """
    Seed data with a number that is none, or out of bounds, is refused with 422 and the place.
    """
    with make_workspace() as workspace:
        seed = workspace.control("GET", f"seed/{slug}")
        *steps, last = place.split("/")
        node: Any = _environments(seed) if steps[:1] == ["staging"] else seed
        for step in steps:
            node = node[int(step) if step.isdecimal() else step]
        node[last] = value
        base = workspace.url(slug).partition("/w/")[0]
        answer = requests.put(f"{base}/_flowproof/workspaces/{workspace.id}/seed/{slug}", json=seed, timeout=5)

    assert answer.status_code == 422
    assert last in answer.json()["detail"]


def _environments(seed: Any) -> dict[str, Any]:
    return {each["name"]: each for each in seed["environments"]}
