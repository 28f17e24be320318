"""The effects of operations, and the expressions that name values of an exchange."""

from typing import Any

import pytest

from flowproof.conformance import Match, load_contract
from flowproof.conformance.effects import (
    Cost,
    Effect,
    PriceList,
    UndoneBy,
    is_expression,
    prices_of,
    read_effects,
    value_of,
)
from flowproof.conformance.operations import read_operations
from flowproof.exchange import Exchange
from tests import tree

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/orders/{number}": {
            "get": {"operationId": "read", "responses": {}},
            "put": {"operationId": "replace", "responses": {}},
            "delete": {"operationId": "remove", "responses": {}},
        },
        "/orders": {
            "get": {"operationId": "wake", "x-changes-state": True, "responses": {}},
            "post": {
                "operationId": "place",
                "x-creates": "$response.body#/id",
                "x-spends": "$response.body#/price",
                "x-undone-by": {"operationId": "remove", "parameters": {"number": "$response.body#/id"}},
                "responses": {},
            },
        },
        "/checks": {"post": {"operationId": "validate", "x-changes-state": False, "responses": {}}},
    }
}
EXCHANGE = Exchange(
    "POST",
    "/orders/a%2Fb",
    "page=2&page=3&none=",
    (("X-Trace", "t-1"),),
    b'{"lines": [{"sku": "A1"}]}',
    201,
    (("Location", "/orders/7"),),
    b'{"id": 7, "price": 12.5, "name": "x", "a/b": "slash", "on": true}',
)
MATCH = Match(read_operations(DOCUMENT).all[0], {"number": "a/b"})


@pytest.mark.parametrize(
    ("operation", "changes"),
    [("read", False), ("replace", True), ("remove", True), ("wake", True), ("place", True), ("validate", False)],
)
def test_method_says_what_changes_unless_the_contract_does(operation: str, changes: bool) -> None:
    """GET changes nothing and the other methods do, unless x-changes-state says otherwise."""
    assert read_effects(DOCUMENT)[operation].changes is changes


def test_extensions_are_read_with_the_operation() -> None:
    """The contract says what an operation creates, what removes it and what it costs."""
    assert read_effects(DOCUMENT)["place"] == Effect(
        True, "$response.body#/id", UndoneBy("remove", {"number": "$response.body#/id"}), Cost("$response.body#/price")
    )


def test_cost_can_be_in_the_response_of_another_operation() -> None:
    """A price list names its operation, its entries, and what an entry is called and costs."""
    spends = {
        "bought": "$request.body#/sku",
        "prices": {"operationId": "listOffers", "entries": "/groups/*/offers/*", "name": "/sku", "amount": "/price"},
    }
    operation = {"operationId": "buy", "x-spends": spends, "responses": {}}
    cost = read_effects({"paths": {"/purchases": {"post": operation}}})["buy"].spends
    groups = b'{"offers": [{"sku": "a", "price": 0.8}, {"sku": "b"}]}, {}, {"offers": [{"sku": 7, "price": 3}]}'
    body = b'{"groups": [' + groups + b"]}"
    listed = Exchange("GET", "/offers", "", (), b"", 200, (), body)

    assert cost == Cost(
        bought="$request.body#/sku", prices=PriceList("listOffers", "/groups/*/offers/*", "/sku", "/price")
    )
    assert cost.prices is not None
    assert list(prices_of(cost.prices, listed)) == [("a", "0.8", ""), ("7", "3", "")]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$response.body#/id", "7"),
        ("$response.body#/price", "12.5"),
        ("$response.body#/a~1b", "slash"),
        ("$response.body#/on", None),
        ("$response.body#/nothing/there", None),
        ("$request.body#/lines/0/sku", "A1"),
        ("$request.body#/lines/1/sku", None),
        ("$request.path.number", "a/b"),
        ("$request.query.page", "3"),
        ("$request.query.other", None),
        ("$request.header.x-trace", "t-1"),
        ("$response.header.location", "/orders/7"),
        ("order {$response.body#/id} of {$request.path.number}", "order 7 of a/b"),
        ("order {$response.body#/nothing}", None),
        ("$url", None),
    ],
)
def test_expression_names_a_value_of_the_exchange(expression: str, value: str | None) -> None:
    """An expression gives a text of path, query, header or body, or None."""
    assert value_of(expression, EXCHANGE, MATCH) == value


@pytest.mark.parametrize("text", ["$response.body", "$response.status", "{id}", "id", 7, None, "$request.body#id"])
def test_text_that_is_no_expression_is_told(text: Any) -> None:
    """A text that is not an OpenAPI expression is not accepted as one."""
    assert not is_expression(text)


@pytest.mark.parametrize("slug", tree.every_slug())
def test_some_operations_of_each_provider_change_nothing(slug: str) -> None:
    """Each provider has operations that change state and operations that do not."""
    effects = read_effects(load_contract(slug).document)

    assert {each.changes for each in effects.values()} == {True, False}


def test_what_can_be_removed_is_said_of_each_provider() -> None:
    """Orders, connections, integrations and workflows can be undone; gift cards and digital goods cannot."""
    undone = {
        (name, effect.undone_by.operation if effect.undone_by else None)
        for slug in ("dots_eco", "flow1st", "integrations", "oneflow", "otter")
        for name, effect in read_effects(load_contract(slug).document).items()
        if effect.creates
    }

    assert undone == {
        ("completeOrder", None),
        ("configureIntegration", "removeIntegration"),
        ("configureWorkflow", "deleteWorkflow"),
        ("createFlowCard", None),
        ("organizationCreateConnection", "organizationDeleteConnection"),
        ("submitOrder", "cancelOrder"),
    }
