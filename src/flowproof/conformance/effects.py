"""
The effects of an operation by its contract: whether it changes state, what it creates and spends.

An expression names a value of an exchange as OpenAPI's links do: ``$response.body#/id``, ``$request.path.guid``,
``$request.query.page``, ``$response.header.Location``; or a text with such expressions in braces.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import orjson

from flowproof.exchange import Exchange, header
from flowproof.json_pointer import pointer_steps

from .operations import METHODS, Match

__all__ = ["Cost", "Effect", "PriceList", "UndoneBy", "is_expression", "prices_of", "read_effects", "value_of"]

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
EXPRESSION = re.compile(
    r"\$(?P<side>request|response)\.(?:(?P<part>path|query|header)\.(?P<name>[\w-]+)|body#(?P<pointer>(?:/[^{}]*)?))"
)
EMBEDDED = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class UndoneBy:
    """
    The operation that removes what another has created (``x-undone-by``).

    Args:
        operation: Its ``operationId``.
        parameters: Expressions by the names of its path's parameters; without those that only a later response has.
    """

    operation: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PriceList:
    """
    Where the answer of another operation has the prices (``prices`` of ``x-spends``).

    Args:
        operation: Its ``operationId``.
        entries: JSON pointer of its entries, with ``*`` for every item of a list.
        name: Pointer within an entry to what an entry is called.
        amount: Pointer within an entry to its price.
        currency: Pointer within an entry to the price's currency; empty where there is none.
    """

    operation: str
    entries: str
    name: str
    amount: str
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """
    What a call of an operation costs (``x-spends``).

    Args:
        amount: Expression for the cost, a decimal number; empty where a price list has it.
        currency: Expression for the currency; empty where none is named.
        bought: Expression for what the price list calls that which was bought.
        prices: The price list.
    """

    amount: str = ""
    currency: str = ""
    bought: str = ""
    prices: PriceList | None = None

    def expressions(self) -> tuple[str, ...]:
        return tuple(each for each in (self.amount, self.currency, self.bought) if each)


@dataclass(frozen=True, slots=True)
class Effect:
    """
    The effect of an operation on the provider.

    Args:
        changes: Whether it changes state: by its method, unless ``x-changes-state`` says otherwise.
        creates: Expression for the id of what it creates (``x-creates``).
        undone_by: The operation that removes it.
        spends: What a call costs (``x-spends``); None where the contract does not say.
    """

    changes: bool
    creates: str | None = None
    undone_by: UndoneBy | None = None
    spends: Cost | None = None

    def expressions(self) -> tuple[str, ...]:
        parameters = self.undone_by.parameters.values() if self.undone_by is not None else ()
        spends = self.spends.expressions() if self.spends is not None else ()
        return tuple(each for each in (self.creates, *spends, *parameters) if each is not None)


@dataclass(frozen=True, slots=True)
class _Values:
    """The values of one exchange; a body is parsed once, when it is needed."""

    exchange: Exchange
    match: Match
    bodies: dict[str, Any] = field(default_factory=dict)

    def at(self, expression: str) -> str | None:
        found = EXPRESSION.fullmatch(expression)
        if found is None:
            return None
        is_request = found["side"] == "request"
        match found["part"]:
            case "path":
                return self.match.path_parameters.get(found["name"])
            case "query":
                return dict(parse_qsl(self.exchange.query, keep_blank_values=True)).get(found["name"])
            case "header":
                headers = self.exchange.request_headers if is_request else self.exchange.response_headers
                return header(headers, found["name"])
            case _:
                return _text(_at(self._body(found["side"]), found["pointer"]))

    def _body(self, side: str) -> Any:
        if side not in self.bodies:
            body = self.exchange.request_body if side == "request" else self.exchange.response_body
            try:
                self.bodies[side] = orjson.loads(body)
            except orjson.JSONDecodeError:
                self.bodies[side] = None
        return self.bodies[side]


def value_of(expression: str, exchange: Exchange, match: Match) -> str | None:
    """
    The value of an expression in an exchange, as a text; None where the exchange does not have it.

    Args:
        expression: Such as ``$response.body#/id`` or ``{$request.path.brand}/{$request.path.store}``.
        exchange: The exchange.
        match: Its operation, with the parameters of the path.
    """
    values = _Values(exchange, match)
    if expression.startswith("$"):
        return values.at(expression)
    parts = [values.at(each) for each in EMBEDDED.findall(expression)]
    if None in parts:
        return None
    values_in_order = iter(parts)
    return EMBEDDED.sub(lambda _: next(values_in_order) or "", expression)


def prices_of(prices: PriceList, exchange: Exchange) -> Iterator[tuple[str, str, str]]:
    """The price list that an exchange has: what each entry is called, its amount and its currency."""
    try:
        body = orjson.loads(exchange.response_body)
    except orjson.JSONDecodeError:
        return
    for entry in _entries(body, pointer_steps(prices.entries)):
        name, amount = _text(_at(entry, prices.name)), _text(_at(entry, prices.amount))
        currency = _text(_at(entry, prices.currency)) if prices.currency else ""
        if name is not None and amount is not None and currency is not None:
            yield name, amount, currency


def _entries(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    if not steps:
        yield value
    elif steps[0] == "*":
        for each in value if isinstance(value, list) else ():
            yield from _entries(each, steps[1:])
    elif isinstance(value, dict) and steps[0] in value:
        yield from _entries(value[steps[0]], steps[1:])


def is_expression(text: Any) -> bool:
    """Whether a text is an expression, or has only expressions in its braces."""
    if not isinstance(text, str):
        return False
    parts = [text] if text.startswith("$") else EMBEDDED.findall(text)
    return bool(parts) and all(EXPRESSION.fullmatch(each) for each in parts)


def read_effects(document: Mapping[str, Any]) -> Mapping[str, Effect]:
    """The effect of each operation of an OpenAPI document, by ``operationId``."""
    return MappingProxyType(
        {
            item[method]["operationId"]: _effect(method.upper(), item[method])
            for item in document["paths"].values()
            for method in METHODS
            if method in item
        }
    )


def _effect(method: str, described: Mapping[str, Any]) -> Effect:
    undone_by = described.get("x-undone-by")
    return Effect(
        changes=bool(described.get("x-changes-state", method not in SAFE)),
        creates=described.get("x-creates"),
        undone_by=UndoneBy(undone_by["operationId"], undone_by.get("parameters", {})) if undone_by else None,
        spends=_cost(described["x-spends"]) if "x-spends" in described else None,
    )


def _cost(described: Any) -> Cost:
    """An expression for the amount, or a table that names it, or a price list."""
    if not isinstance(described, Mapping):
        return Cost(amount=described)
    prices = described.get("prices")
    parts = ("operationId", "entries", "name", "amount", "currency")
    listed = None if prices is None else PriceList(*(prices.get(each, "") for each in parts))
    return Cost(described.get("amount", ""), described.get("currency", ""), described.get("bought", ""), listed)


def _at(value: Any, pointer: str) -> Any:
    for name in pointer_steps(pointer):
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _text(value: Any) -> str | None:
    texts: Mapping[type, Callable[[Any], str]] = {str: str, int: str, float: repr}
    made = texts.get(type(value))
    return made(value) if made is not None else None
