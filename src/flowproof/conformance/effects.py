"""
The effects of an operation by its contract: whether it changes state, what it creates and spends.

An expression names a value of an exchange as OpenAPI's links do: ``$response.body#/id``, ``$request.path.guid``,
``$request.query.page``, ``$response.header.Location``; or a text with such expressions in braces.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import orjson

from flowproof.exchange import Exchange, header
from flowproof.json_pointer import pointer_steps

from .operations import METHODS, Match

__all__ = ["Effect", "UndoneBy", "is_expression", "read_effects", "value_of"]

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
class Effect:
    """
    The effect of an operation on the provider.

    Args:
        changes: Whether it changes state: by its method, unless ``x-changes-state`` says otherwise.
        creates: Expression for the id of what it creates (``x-creates``).
        undone_by: The operation that removes it.
        spends: Expression for the cost, a decimal number (``x-spends``).
    """

    changes: bool
    creates: str | None = None
    undone_by: UndoneBy | None = None
    spends: str | None = None

    def expressions(self) -> tuple[str, ...]:
        parameters = self.undone_by.parameters.values() if self.undone_by is not None else ()
        return tuple(each for each in (self.creates, self.spends, *parameters) if each is not None)


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
        spends=described.get("x-spends"),
    )


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
