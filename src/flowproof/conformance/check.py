"""Compares an exchange with its contract: the request and the response."""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import orjson

from flowproof.exchange import Exchange, header
from flowproof.plurals import counted

from .contract import Contract
from .finding import Finding
from .operations import Match, Operation, Parameter

__all__ = [
    "BOOLEANS",
    "check",
    "check_parameters",
    "check_request_body",
    "check_response",
    "check_sent_request",
    "typed",
    "typed_form",
]

JSON = "application/json"
BOOLEANS: Mapping[str, bool] = MappingProxyType({"true": True, "1": True, "false": False, "0": False})
"""Texts of a boolean in a path or query, in any case: Python writes True, PHP writes 1."""
FORM = "application/x-www-form-urlencoded"

UNSERVED = (401, 403, 404, 405)
"""What an operation that there is not is answered; a server may ask for credentials before it looks for the path."""


def check(contract: Contract, exchange: Exchange) -> tuple[Finding, ...]:
    """
    Find every difference between an exchange and its contract.

    A wrong request gives a finding only where the provider accepted it, since tests send wrong requests on purpose.
    """
    match = contract.operations.find(exchange.method, exchange.path)
    if match is None:
        return () if exchange.status in UNSERVED else (_no_operation(exchange),)
    if exchange.method == "HEAD" and exchange.status in (404, 405):
        return ()  # HEAD may be served as GET is, or be a method that the path does not have
    of_response = _check_received_response(contract, match.operation, exchange)
    accepted = exchange.status < 400 and not match.operation.deferred
    return (*(check_sent_request(contract, match, exchange) if accepted else ()), *of_response)


def check_parameters(contract: Contract, match: Match, query: str) -> tuple[Finding, ...]:
    """Check the parameters of path and query."""
    values: dict[str, list[str | None]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return tuple(
        finding
        for parameter in match.operation.parameters
        for value in _values(parameter, match, values)
        for finding in _check_parameter(contract, parameter, value)
    )


def _values(parameter: Parameter, match: Match, query: Mapping[str, list[str | None]]) -> Iterable[Any]:
    """The values of a parameter, each to be checked: one for each time that it is given, or one list; None for none."""
    texts = (
        [match.path_parameters.get(parameter.name)] if parameter.place == "path" else query.get(parameter.name, [None])
    )
    if parameter.type != "array" or texts == [None]:
        return [None if text is None else typed(text, parameter.type) for text in texts]
    items = (
        texts
        if parameter.separator is None
        else [part for text in texts if text for part in text.split(parameter.separator)]
    )
    return [[typed(text or "", parameter.item_type) for text in items]]


def typed_form(operation: Operation, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The names and values of a form: numbers and booleans as their schema has them, and lists of what it calls so."""
    types = operation.form_types
    form: dict[str, Any] = {}
    for name, text in pairs:
        if types.get(name) == "array":
            form.setdefault(name, []).append(text)
        else:
            form[name] = typed(text, types[name]) if name in types else text
    return form


def check_request_body(contract: Contract, operation: Operation, media_type: str, value: Any) -> tuple[Finding, ...]:
    """Check the JSON value of a request's body."""
    pointer = operation.bodies.get(media_type)
    return contract.schemas.findings(contract.schemas.uri_of_pointer(pointer), value, "request.body") if pointer else ()


def check_response(contract: Contract, operation: Operation, status: int, value: Any) -> tuple[Finding, ...]:
    """Check a status and the JSON value of a response's body."""
    described = operation.described(status)
    if described is None:
        documented = ", ".join(operation.responses)
        return (Finding("response.status", "", f"one of {documented}", str(status), keyword="status"),)
    pointer = described.get(JSON)
    return (
        contract.schemas.findings(contract.schemas.uri_of_pointer(pointer), value, "response.body") if pointer else ()
    )


def _check_parameter(contract: Contract, parameter: Parameter, value: Any) -> Iterator[Finding]:
    where = f"request.{parameter.place}"
    if value is None:
        if parameter.required:
            yield Finding(where, f"/{parameter.name}", "a value", "nothing", parameter.requirement, "required")
        return
    uri = contract.schemas.uri_of_pointer(parameter.schema)
    for each in contract.schemas.findings(uri, value, where):
        yield Finding(where, f"/{parameter.name}", each.expected, each.got, each.requirement, each.keyword)


def typed(text: str, schema_type: str) -> Any:
    """The value of a text in a path, query or form; the text itself where it is not of that type."""
    if schema_type == "boolean":
        return BOOLEANS.get(text.lower(), text)
    if schema_type in ("integer", "number") and text.isascii():
        read = int if schema_type == "integer" else float
        try:
            number = read(text) if text.strip() == text and "_" not in text else text
        except ValueError:
            return text
        return text if isinstance(number, float) and not isfinite(number) else number
    return text


def check_sent_request(contract: Contract, match: Match, exchange: Exchange) -> tuple[Finding, ...]:
    """Check the request of an exchange, whatever its response."""
    found = check_parameters(contract, match, exchange.query)
    if not match.operation.bodies or (not exchange.request_body and not match.operation.body_required):
        return found
    media_type = (header(exchange.request_headers, "content-type") or "").partition(";")[0].strip().lower()
    if not match.operation.reads_as_value(media_type):
        return found
    if match.operation.reads_as_form(media_type):
        pairs = parse_qsl(exchange.request_body.decode("latin-1"), keep_blank_values=True)
        return (*found, *check_request_body(contract, match.operation, FORM, typed_form(match.operation, pairs)))
    value = _json(exchange.request_body)
    if value is NOT_JSON:
        return (
            *found,
            Finding("request.body", "", "JSON", counted(len(exchange.request_body), "byte"), keyword="json"),
        )
    return (*found, *check_request_body(contract, match.operation, match.operation.json_body or JSON, value))


def _check_received_response(contract: Contract, operation: Operation, exchange: Exchange) -> tuple[Finding, ...]:
    described = operation.described(exchange.status)
    if not described:
        return check_response(contract, operation, exchange.status, None)
    media_type = (header(exchange.response_headers, "content-type") or "").partition(";")[0].strip().lower()
    if media_type not in described:
        expected = " or ".join(described)
        return (
            Finding("response.headers", "/content-type", expected, media_type or "nothing", keyword="content-type"),
        )
    is_json = media_type == JSON or media_type.endswith("+json")
    if exchange.method == "HEAD" or not (is_json and described[media_type]):
        return ()  # (only JSON has schemas that are checked)
    value = _json(exchange.response_body)
    if value is NOT_JSON:
        size = f"{counted(len(exchange.response_body), 'byte')} of another kind"
        return (Finding("response.body", "", "JSON", size, keyword="json"),)
    return check_response(contract, operation, exchange.status, value)


NOT_JSON = object()


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return NOT_JSON


def _no_operation(exchange: Exchange) -> Finding:
    expected = f"{', '.join(map(str, UNSERVED[:-1]))} or {UNSERVED[-1]}, since the contract has no such operation"
    return Finding("response.status", "", expected, str(exchange.status))
