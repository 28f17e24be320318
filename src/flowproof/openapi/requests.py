"""Requests that a document allows: from its examples, else drawn from its schemas."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from flowproof.conformance import Contract
from flowproof.conformance.operations import FORM, Operation

from .examples import Answers
from .generation import Occasion
from .normalize import operations_of
from .schema_reader import SchemaReader
from .structure import Node, resolve

__all__ = ["DrawnRequest", "Requests"]

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class DrawnRequest:
    """
    A request that is valid by its contract, without credentials.

    Args:
        method: Upper case.
        path: Percent-encoded, below the base URL.
        query: By name.
        headers: By name, with the media type of a body.
        value: Of a JSON or form body; None where there is none.
    """

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    value: Any = None

    @property
    def body(self) -> bytes | None:
        """The bytes of the body."""
        if "Content-Type" not in self.headers:
            return None
        if self.headers["Content-Type"] == FORM:
            form = self.value if isinstance(self.value, dict) else {}
            return urlencode({name: _form_value(each) for name, each in form.items()}, doseq=True).encode()
        return json.dumps(self.value).encode()


def _form_value(value: Any) -> Any:
    """A member of a form: booleans as JSON writes them, lists as they are, for each item to have the name."""
    if isinstance(value, list):
        return [_form_value(each) for each in value]
    return json.dumps(value) if isinstance(value, bool | dict) or value is None else value


class Requests:
    """
    Draws requests of one contract.

    Args:
        contract: Of a regular document.
        reader: Of its schemas.
        answers: Makes values.
    """

    def __init__(self, contract: Contract, reader: SchemaReader, answers: Answers) -> None:
        self._contract, self._reader, self._answers = contract, reader, answers
        self._described = {each["operationId"]: each for _, _, _, each in operations_of(dict(contract.document))}

    def draw(
        self, operation: Operation, rng: Random, now: datetime, values: Mapping[str, str] | None = None
    ) -> DrawnRequest:
        """
        A request of an operation.

        Args:
            operation: The operation.
            rng: Seeded.
            now: For dates.
            values: Of parameters of the path, by name; others are drawn.
        """
        occasion = Occasion(rng, now, hidden="readOnly")
        chosen, query, headers = dict(values or {}), {}, {}
        for each in self._parameters(operation):
            name, place = str(each["name"]), each["in"]
            if place == "path" and name not in chosen:
                chosen[name] = self._text(each, occasion)
            elif place == "query" and each.get("required"):
                query[name] = self._value(each, occasion)
            elif place == "header" and each.get("required") and name.lower() not in ("content-type", "accept"):
                headers[name] = self._text(each, occasion)
        path = operation.path
        for name in operation.names:
            path = path.replace(f"{{{name}}}", quote(chosen.get(name, "1"), safe=""))
        media_type, value = self._body(operation, occasion)
        if media_type:
            headers["Content-Type"] = media_type
        return DrawnRequest(operation.method, path, query, headers, value)

    def members(self, pointer: str) -> Mapping[str, Any]:
        """The properties of the schema at a pointer, by name; none where it names none."""
        return self._reader.properties(self._reader.at(pointer)) if pointer else {}

    def _parameters(self, operation: Operation) -> list[Node]:
        listed = self._described[operation.id].get("parameters", [])
        nodes = (resolve(dict(self._contract.document), each["$ref"]) if "$ref" in each else each for each in listed)
        return [each for each in nodes if isinstance(each, dict)]

    def _value(self, parameter: Node, occasion: Occasion) -> Any:
        if "example" in parameter:
            return parameter["example"]
        named = parameter.get("examples")
        for each in named.values() if isinstance(named, dict) else ():
            if isinstance(each, dict) and "value" in each:
                return each["value"]
        schema = parameter.get("schema", {})
        made = self._answers.of_schema(schema, occasion)
        if made == []:  # (nothing of it would stand in the request)
            made = [self._answers.of_schema(self._reader.flat(schema).get("items", {}), occasion)]
        return 1 if made in ({}, None, "") else made

    def _text(self, parameter: Node, occasion: Occasion) -> str:
        value = self._value(parameter, occasion)
        if isinstance(value, list):
            value = ",".join(map(str, value)) or "1"
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _body(self, operation: Operation, occasion: Occasion) -> tuple[str, Any]:
        """Media type and value of a body; empty and None where there is none that can be drawn."""
        media_type = operation.json_body or (FORM if FORM in operation.bodies else "")
        if not media_type:
            return "", None
        pointer = operation.bodies[media_type]
        uri = self._contract.schemas.uri_of_pointer(pointer)
        for _, value in self._answers.examples(pointer):
            if self._contract.schemas.accepts(uri, value):
                return media_type, value
        return media_type, self._answers.generated(pointer, occasion)
