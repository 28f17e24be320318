"""
What a refused request shows of its mistake, in plain words: out of band, and after the provider has answered.

A provider's own explanation is better; where a refusal has one, it stays.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import parse_qs

import orjson

from flowproof.conformance import Contract, Match

from .http.foreign_body import foreign_body
from .http.request import ProviderRequest
from .refusals import MalformedBody, Refusal, WrongContentType

__all__ = ["add_hints"]

ASKED_METHOD = "access-control-request-method"


def add_hints(refusal: Refusal, request: ProviderRequest, match: Match | None, contract: Contract) -> None:
    """
    Put what the request shows into the refusal's findings and note.

    Args:
        refusal: As the provider has rendered it.
        request: The request that was refused.
        match: The operation that it was for.
        contract: The provider's.
    """
    if isinstance(refusal, MalformedBody) and refusal.findings:
        if kind := foreign_body(request.body, request.header("content-encoding")):
            refusal.findings = (replace(refusal.findings[0], got=kind), *refusal.findings[1:])
    elif request.method == "OPTIONS" and (method := request.header(ASKED_METHOD)) is not None:
        refusal.findings = tuple(
            replace(each, got="OPTIONS, a browser's preflight") if each.where == "request.method" else each
            for each in refusal.findings
        )
        refusal.note = refusal.note or _about_preflight(method, request.header("origin"))
    elif not refusal.note and match is not None:
        refusal.note = " ".join(_misplaced(refusal, request, match, contract))


def _about_preflight(method: str, origin: str | None) -> str:
    page = f"a page of {origin}" if origin else "a page"
    return (
        f"This is a browser's preflight (CORS): it asks whether {page} may send {method} here. The provider documents "
        "no answer to it, so pages cannot call this API; and a page would show its credentials to everybody. Send the "
        f"request from your server, or, for a trial, serve with --cors {origin or '*'}."
    )


def _misplaced(refusal: Refusal, request: ProviderRequest, match: Match, contract: Contract) -> Iterator[str]:
    """Members of the body that stand in the query, and parameters of the query that stand in the body."""
    operation, query = match.operation, parse_qs(request.wire.query, keep_blank_values=True)
    parameters = {parameter.name for parameter in operation.parameters if parameter.place == "query"}
    places = {finding.where for finding in refusal.findings}
    body = _members(request.body)
    if "request.query" in places:
        for name in sorted(parameters & body.keys() - query.keys()):
            yield f"{name} stands in the body; it belongs into the query."
    stray = query.keys() - parameters - body.keys()
    if stray and operation.json_body and ("request.body" in places or isinstance(refusal, WrongContentType)):
        for name in sorted(stray & _member_names(contract, operation.bodies[operation.json_body])):
            yield f"{name} stands in the query; it belongs into the body, which is JSON."


def _members(body: bytes) -> Mapping[str, object]:
    """The members of a body that is a JSON object."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _member_names(contract: Contract, pointer: str) -> set[str]:
    from flowproof.conformance.schema_walk import SchemaWalk  # noqa: PLC0415 (hardly ever needed, and slow to load)

    return {steps[0] for steps in SchemaWalk(contract).locations(contract.schemas.uri_of_pointer(pointer)) if steps}
