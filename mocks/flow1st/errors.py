"""Every error that Flow1st can answer, and the one place where a refusal becomes its body."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType

import orjson

from flowproof.conformance import Finding
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


@dataclass(eq=False)
class Unauthorized(Refusal):
    """The request does not prove who sent it."""


@dataclass(eq=False)
class SignatureWrong(Refusal):
    """The signature or its timestamp is missing, malformed, wrong or too far from the clock."""


@dataclass(eq=False)
class BadRequest(Refusal):
    """Payload or parameters do not agree with the catalog."""


@dataclass(eq=False)
class ReferenceTaken(Refusal):
    """Another order has that external reference."""


@dataclass(eq=False)
class InsufficientBalance(Refusal):
    """The balance does not cover the price."""


@dataclass(eq=False)
class NotFound(Refusal):
    """There is no such recipient."""


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """How a refusal is answered; code and message are ours, since no list of them is published."""

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
    """A refusal in the provider's own words, with a session id from the exchange's chance."""
    if isinstance(refusal, ContractBroken):
        refusal.findings = tuple(map(_cited, refusal.findings))
    known, headers = RESPONSES.get(type(refusal), INTERNAL), [("Content-Type", "application/json")]
    if isinstance(refusal, FaultInjected):
        known = FAULT_RESPONSES.get(refusal.status) or replace(
            INTERNAL if refusal.status >= 500 else INVALID, status=refusal.status
        )
        if refusal.retry_after_s is not None:
            headers.append(("Retry-After", str(refusal.retry_after_s)))
    cited = next((finding.requirement for finding in refusal.findings if finding.requirement), known.requirement)
    body = {
        "errorMessage": _message(known, refusal),
        "errorCode": known.code,
        "sessionId": hex_id(Random(f"{refusal.rng_key}/session"), 32),
    }
    return WireResponse(known.status, orjson.dumps(body), tuple(headers), cited)


def _cited(finding: Finding) -> Finding:
    """A parameter that is missing stands for its own requirement: the contract has no place for that."""
    if finding.requirement is not None or finding.where != "request.query":
        return finding
    return replace(finding, requirement=QUERY_REQUIREMENTS.get(finding.pointer.removeprefix("/")))


def _message(known: ErrorResponse, refusal: Refusal) -> str:
    """The message, with the names of the fields at fault where it is the request's content that is."""
    if known is not INVALID:
        return known.message
    names = dict.fromkeys(each.pointer.removeprefix("/") for each in refusal.findings if each.pointer)
    return f"{known.message}: {', '.join(names)}" if names else known.message
