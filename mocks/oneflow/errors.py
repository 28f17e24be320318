"""Every error that OneFlow can answer, and the one place that renders a refusal as the provider's body."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson

from flowproof.conformance import Finding
from flowproof.kernel import Refusal, WireResponse
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
    "Conflict",
    "Forbidden",
    "NotFound",
    "OrderInvalid",
    "ShippingInvalid",
    "TokenNotFound",
    "Unauthorized",
    "render",
]


class Unauthorized(Refusal):
    """The request does not prove who sent it."""


class TokenNotFound(Refusal):
    """No account has that token."""


class Forbidden(Refusal):
    """The account has no access to that resource."""


class NotFound(Refusal): ...


class OrderInvalid(Refusal):
    """An order is not valid by schema or rules."""


class ShippingInvalid(Refusal):
    """A shipment's update is valid by its schema, and breaks a rule."""


@dataclass(eq=False)
class Conflict(Refusal):
    """The order's state does not allow the request; ``message`` is the provider's."""

    message: str = ""


# What the provider answers where a rule of an order is broken, by the end of the requirement's id; a finding says in
# plain words what was expected. Only the message of a repeated sourceOrderId is observed.
RULE_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "destination_exists": "Destination account not found",
        "source_order_id_unique": "Source Order ID already exists",
        "source_item_id_unique": "must be unique within the order",
        "sku_configured": "SKU is not set up in the destination account",
        "component_code_known": "is no component of the product",
        "attribute_configured": "is not configured in the destination account",
        "stock_code_known": "Stock code not found",
        "title_exists": "Title not found in Piazza",
        "shipment_index_points": "refers to no shipment",
        "shipment_index_unique": "is used by another shipment",
        "carrier_alias_known": "Shipping service not found",
        "phone_required_by_carrier": "is required by {carrier}",
    }
)

# The messages of the document's table of error codes, its own spelling kept; 404 as in its example.
MESSAGES: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        400: ("BadRequest", "Your request had an error"),
        401: ("Unauthorized", "Your API key is wrong"),
        403: ("Forbidden", "Your API key doesn't allow access to this resource"),
        404: ("NotFound", "Couldn't find a thing with that ID"),
        413: ("PayloadTooLarge", "Your request is too large"),
        429: ("TooManyRequests", "Too many requests. Please try again later."),
        500: ("InternalServerError", "We had a problem with our server. Try again later."),
        503: ("ServiceUnavailable", "We're temporarily offline for maintanance. Please try again later."),
    }
)
# Which status a refusal has, and the requirement it stands for where its findings name none.
STATUS: Mapping[type[Refusal], tuple[int, str]] = MappingProxyType(
    {
        Unauthorized: (401, "oneflow.auth.header"),
        Forbidden: (403, "oneflow.auth.forbidden"),
        NotFound: (404, "oneflow.order.not_found"),
        ShippingInvalid: (400, "oneflow.shipping_update.carrier"),
        NoSuchRoute: (404, "oneflow.request.route"),
        MethodNotAllowed: (404, "oneflow.request.method"),
        BodyTooLarge: (413, "oneflow.request.size"),
        MalformedBody: (400, "oneflow.request.json"),
        WrongContentType: (400, "oneflow.request.content_type"),
    }
)
VALIDATION_FAILED = 208


def render(refusal: Refusal) -> WireResponse:
    match refusal:
        case TokenNotFound():
            return WireResponse(401, orjson.dumps({"message": "Token Not Found"}), requirement="oneflow.auth.token")
        case OrderInvalid():
            return WireResponse(400, orjson.dumps(_validation_failed(refusal.findings)))
        case ContractBroken():
            return _contract_broken(refusal)
        case Conflict():
            return WireResponse(400, _body(400, refusal.message))
        case FaultInjected():
            return _fault(refusal)
    status, requirement = STATUS.get(type(refusal), (500, "oneflow.error.internal"))
    cited = next((finding.requirement for finding in refusal.findings if finding.requirement), requirement)
    return WireResponse(status, _body(status, _said(refusal) if status == 400 else None), requirement=cited)


def _contract_broken(refusal: ContractBroken) -> WireResponse:
    """An invalid path parameter is the id of nothing: 404. Anything else is a bad request."""
    if any(finding.where == "request.path" for finding in refusal.findings):
        return WireResponse(404, _body(404))
    return WireResponse(400, _body(400, _said(refusal)))


def _fault(refusal: FaultInjected) -> WireResponse:
    status = refusal.status
    usual = "oneflow.error.internal" if status >= 500 else "oneflow.error.body"
    requirement = {429: "oneflow.error.rate_limit", 503: "oneflow.error.unavailable"}.get(status, usual)
    return WireResponse(status, _body(status), refusal.headers, requirement)


def _body(status: int, message: str | None = None) -> bytes:
    """The documented structure of an error."""
    name, usual = MESSAGES.get(status) or MESSAGES[400 if status < 500 else 500]
    return orjson.dumps({"success": False, "error": {"message": message or usual, "name": name, "code": status}})


def _said(refusal: Refusal) -> str:
    """The reason, which the document says is usually returned with a 400."""
    reasons = "; ".join(f"{path or 'the body'} {message}" for path, message in _reasons(refusal.findings))
    return f"{MESSAGES[400][1]}: {reasons}" if reasons else MESSAGES[400][1]


def _validation_failed(findings: Iterable[Finding]) -> dict[str, Any]:
    """
    The body of a failed validation.

    Source:
        Observed: the provider's SDKs test ``error.code`` for 208 and read ``error.validations``; the other keys are
        those that a compatible gateway sends.
    """
    return {
        "success": False,
        "error": {
            "ofError": True,
            "statusCode": 400,
            "code": VALIDATION_FAILED,
            "message": "Validation Failed",
            "validations": [{"path": path, "message": message} for path, message in _reasons(findings)],
            "mongoErr": True,
        },
    }


def _reasons(findings: Iterable[Finding]) -> Iterable[tuple[str, str]]:
    """Dotted path and message of each finding; the first of several with the same path and requirement."""
    first = {(finding.pointer, finding.requirement): finding for finding in reversed(tuple(findings))}
    return [(dotted_path(finding.pointer), message_of(finding)) for finding in reversed(first.values())]


def dotted_path(pointer: str) -> str:
    """A JSON pointer as the provider writes a path: ``orderData.items.0.sku`` (inferred beyond the first level)."""
    return ".".join(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def message_of(finding: Finding) -> str:
    """The provider's message for a finding."""
    match finding.keyword:
        case "rule":
            message = RULE_MESSAGES[str(finding.requirement).removeprefix("oneflow.order.")]
            return message.format(carrier=finding.expected.partition(" for ")[2])
        case "json":
            return f"{finding.demand}, got {finding.got}"
        case _:
            return finding.demand
