"""Every error that Flow1st can answer, and the one place that renders a refusal as the provider's body."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType

import orjson

from flowproof.conformance import Finding
from flowproof.exchange import Headers
from flowproof.kernel import Refusal, WireResponse, hex_id
from flowproof.kernel.refusals import (
    BodyTooLarge,
    ContractBroken,
    FaultInjected,
    MalformedBody,
    MethodNotAllowed,
    NoSuchRoute,
    WrongContentType,
)

__all__ = [
    "BadRequest",
    "InsufficientBalance",
    "NotFound",
    "ReferenceTaken",
    "SignatureWrong",
    "Unauthorized",
    "render",
]


class Unauthorized(Refusal):
    """The request does not prove who sent it."""


class SignatureWrong(Refusal):
    """The signature or its timestamp is missing, malformed, wrong or too far from the clock."""


class BadRequest(Refusal):
    """Body or parameters do not match the catalog."""


class ReferenceTaken(Refusal):
    """Another order has that external reference."""


class InsufficientBalance(Refusal):
    """The balance does not cover the price."""


class NotFound(Refusal): ...


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """Status, code and message of an error. Codes and messages are inferred: no list of them is published."""

    status: int
    code: str
    message: str
    requirement: str


INTERNAL = ErrorResponse(500, "INTERNAL_SERVER_ERROR", "Something went wrong on our side", "flow1st.error.internal")
INVALID = ErrorResponse(400, "INVALID_REQUEST", "The request is not valid", "flow1st.error.bad_request")
RESPONSES: Mapping[type[Refusal], ErrorResponse] = MappingProxyType(
    {
        Unauthorized: ErrorResponse(401, "UNAUTHORIZED", "The credentials are not valid", "flow1st.auth.token"),
        SignatureWrong: ErrorResponse(400, "INVALID_SIGNATURE", "The signature is not valid", "flow1st.signature.hmac"),
        BadRequest: INVALID,
        ContractBroken: INVALID,
        ReferenceTaken: ErrorResponse(
            400, "DUPLICATE_REFERENCE", "Another order has this externalReference", "flow1st.order.reference_taken"
        ),
        InsufficientBalance: ErrorResponse(
            400, "INSUFFICIENT_BALANCE", "The account's balance is too low", "flow1st.order.insufficient_balance"
        ),
        NotFound: ErrorResponse(
            404, "NOT_FOUND", "The recipient was not found", "flow1st.user_validation.unknown_recipient"
        ),
        NoSuchRoute: ErrorResponse(404, "NOT_FOUND", "There is no such resource", "flow1st.request.route"),
        MethodNotAllowed: ErrorResponse(
            405, "METHOD_NOT_ALLOWED", "Check the method and the Content-Type", "flow1st.request.method"
        ),
        WrongContentType: ErrorResponse(
            405, "METHOD_NOT_ALLOWED", "Check the method and the Content-Type", "flow1st.request.content_type"
        ),
        MalformedBody: ErrorResponse(400, "INVALID_REQUEST", "The body is not JSON", "flow1st.request.json"),
        BodyTooLarge: ErrorResponse(400, "INVALID_REQUEST", "The body is too large", "flow1st.request.size"),
    }
)
FAULT_RESPONSES: Mapping[int, ErrorResponse] = MappingProxyType(
    {
        400: INVALID,
        401: RESPONSES[Unauthorized],
        403: ErrorResponse(403, "FORBIDDEN", "The credentials do not allow this", "flow1st.error.forbidden"),
        404: RESPONSES[NoSuchRoute],
        405: RESPONSES[MethodNotAllowed],
        429: ErrorResponse(429, "TOO_MANY_REQUESTS", "Too many requests", "flow1st.error.rate_limit"),
        500: INTERNAL,
    }
)
QUERY_REQUIREMENTS: Mapping[str, str] = MappingProxyType(
    {
        "recipientIdentifier": "flow1st.user_validation.recipient_identifier",
        "productBundleSku": "flow1st.user_validation.product_bundle_sku",
        "externalReference": "flow1st.user_validation.external_reference",
        "countryCode": "flow1st.user_validation.country_code",
        "currencyCode": "flow1st.user_validation.currency_code",
        "amount": "flow1st.user_validation.amount",
        "quantity": "flow1st.user_validation.quantity",
    }
)


def render(refusal: Refusal) -> WireResponse:
    """The provider's body for a refusal; its session id comes from the exchange's seed."""
    if isinstance(refusal, ContractBroken):
        refusal.findings = tuple(map(_cited, refusal.findings))
    headers: Headers = (("Content-Type", "application/json"),)
    response = RESPONSES.get(type(refusal), INTERNAL)
    if isinstance(refusal, FaultInjected):
        usual = INTERNAL if refusal.status >= 500 else INVALID
        response = FAULT_RESPONSES.get(refusal.status) or replace(usual, status=refusal.status)
        headers = refusal.headers
    cited = next((finding.requirement for finding in refusal.findings if finding.requirement), response.requirement)
    body = {
        "errorMessage": _message(response, refusal),
        "errorCode": response.code,
        "sessionId": hex_id(Random(f"{refusal.rng_key}/session"), 32),
    }
    return WireResponse(response.status, orjson.dumps(body), headers, cited)


def _cited(finding: Finding) -> Finding:
    """A finding with its requirement. For a missing query parameter the contract cannot name one."""
    if finding.requirement is not None or finding.where != "request.query":
        return finding
    return replace(finding, requirement=QUERY_REQUIREMENTS.get(finding.pointer.removeprefix("/")))


def _message(response: ErrorResponse, refusal: Refusal) -> str:
    """The message; for an invalid request with the names of the invalid fields."""
    if response is not INVALID:
        return response.message
    names = dict.fromkeys(each.pointer.removeprefix("/") for each in refusal.findings if each.pointer)
    return f"{response.message}: {', '.join(names)}" if names else response.message
