"""The properties of a contract's operations: requests that it allows, and requests that it may not allow."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flowproof.conformance.operations import FORM, Operation, Parameter
from flowproof.conformance.schema_walk import SchemaWalk
from flowproof.openapi.examples import Answers
from flowproof.openapi.generation import Occasion
from flowproof.openapi.requests import DrawnRequest
from flowproof.openapi.schema_reader import SchemaReader

from .plan import Client, SuitePlan, send
from .strategies import Values, placed

__all__ = ["PROPERTY", "Properties"]

PROPERTY = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
SIMPLE = frozenset({"string", "integer", "number", "boolean"})
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Block = Callable[[], AbstractContextManager[None]]


class Properties:
    """
    What a suite draws from a contract.

    Args:
        plan: Of the suite.
    """

    def __init__(self, plan: SuitePlan) -> None:
        self._plan = plan
        self._schemas = plan.contract.schemas
        self._reader = SchemaReader(plan.contract.document)
        answers = Answers(plan.contract, self._reader)
        self._values = Values(
            self._reader,
            lambda schema: answers.of_schema(schema, Occasion(Random("fallback"), NOW, hidden="readOnly")),
        )
        self._walk = SchemaWalk(plan.contract)

    def names(self) -> list[str]:
        """The operations about which there is something to draw: a body, or a parameter of the query."""
        return [each.id for each in self._plan.operations() if self._body(each) or _of_one_value(each)]

    def names_with_body(self) -> list[str]:
        """The operations with a body of JSON that has members."""
        return [each.id for each in self._plan.operations() if each.json_body and self._places(each)]

    def changes(self, operation: str) -> SearchStrategy[tuple[dict[str, Any], Any]]:
        """A query and a body that an operation allows."""
        described = self._plan.operation(operation)
        needed = {each.name for each in _of_one_value(described) if each.required}
        drawn = self._query(described)
        required = {name: each for name, each in drawn.items() if name in needed}
        optional = {name: each for name, each in drawn.items() if name not in needed}
        return st.tuples(st.fixed_dictionaries(required, optional=optional), self._bodies(described))

    def broken(self, operation: str) -> SearchStrategy[Any]:
        """A body with anything at one of its places."""
        described = self._plan.operation(operation)
        places = self._places(described)
        return self._bodies(described).flatmap(lambda value: placed(value, places))

    def is_allowed(self, operation: str, value: Any) -> bool:
        """Whether a body fits its schema."""
        return self._schemas.accepts(self._uri(self._body(self._plan.operation(operation))), value)

    def request(
        self, client: Client, operation: str, *, query: dict[str, Any] | None = None, value: Any = None
    ) -> DrawnRequest:
        """A request of an operation, whose record is created first, with that query and body in place of the usual."""
        request = self._plan.request_for(client, operation, seed=repr((query, value)))
        if self._body(self._plan.operation(operation)):
            request = replace(request, value=value)
        return replace(request, query={**request.query, **(query or {})})

    def answer_allowed(self, client: Client, refused: Block, operation: str, drawn: tuple[dict[str, Any], Any]) -> str:
        """
        Send a request that the schemas allow.

        Returns:
            What is wrong with the answer: it is neither a success that is documented nor a refusal; else nothing.
        """
        request = self.request(client, operation, query=drawn[0], value=drawn[1])
        with refused():
            answer = send(client, request)
        is_success = 200 <= answer.status_code < 400 and self._is_documented(operation, answer.status_code)
        return "" if is_success or 400 <= answer.status_code < 500 else f"answered {answer.status_code}"

    def answer_broken(self, client: Client, refused: Block, operation: str, value: Any) -> str:
        """
        Send a request with a body that the schema may not allow.

        Returns:
            What is wrong with the answer: a body that is not allowed was taken, or the server failed; else nothing.
        """
        request = self.request(client, operation, value=value)
        with refused():
            status = send(client, request).status_code
        if status >= 500:
            return f"answered {status}"
        return f"took it, with {status}" if status < 400 and not self.is_allowed(operation, value) else ""

    def _is_documented(self, operation: str, status: int) -> bool:
        return self._plan.operation(operation).described(status) is not None

    def _body(self, operation: Operation) -> str:
        """The pointer of the schema of a body that can be drawn; empty where there is none."""
        return operation.bodies.get(operation.json_body or FORM, "")

    def _uri(self, pointer: str) -> str:
        return self._schemas.uri_of_pointer(pointer)

    def _bodies(self, operation: Operation) -> SearchStrategy[Any]:
        pointer = self._body(operation)
        if not pointer:
            return st.none()
        uri, usual = self._uri(pointer), self._plan.draw(operation).value
        drawn = self._values.of(self._reader.at(pointer))
        return drawn.map(lambda value: value if self._schemas.accepts(uri, value) else usual)

    def _query(self, operation: Operation) -> Mapping[str, SearchStrategy[Any]]:
        """Strategies of the query's parameters that have one value."""
        return {each.name: self._parameter(operation, each) for each in _of_one_value(operation)}

    def _parameter(self, operation: Operation, parameter: Parameter) -> SearchStrategy[Any]:
        uri, usual = self._uri(parameter.schema), self._plan.draw(operation).query.get(parameter.name)

        def shown(value: Any) -> Any:
            return _text(value if self._schemas.accepts(uri, value) else usual)

        return self._values.of(self._reader.at(parameter.schema)).map(shown)

    def _places(self, operation: Operation) -> list[tuple[str, ...]]:
        """The places of a body at which something else can stand."""
        pointer = self._body(operation)
        places = self._walk.locations(self._uri(pointer)) if pointer else {}
        return [tuple(map(str, each)) for each in places if each and "*" not in each]


def _of_one_value(operation: Operation) -> list[Parameter]:
    """The parameters of the query that have one value, no list and no object."""
    return [each for each in operation.parameters if each.place == "query" and each.type in SIMPLE]


def _text(value: Any) -> Any:
    """A value as it stands in a query; None leaves the parameter out."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str | int | float) else None
