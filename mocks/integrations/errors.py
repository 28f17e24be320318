"""Every error that the Integrations API can answer, and the one place that renders a refusal as the provider's body."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

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

__all__ = ["AlreadyConfigured", "InvalidConfiguration", "InvalidCredentials", "NotFound", "Unauthorized", "render"]


class Unauthorized(Refusal):
    """The request does not prove who sent it."""


@dataclass(eq=False)
class NotFound(Refusal):
    """Nothing has that id; ``what`` is the noun of the provider's message."""

    what: str = "Integration"


class InvalidCredentials(Refusal): ...


class InvalidConfiguration(Refusal):
    """A workflow is valid by its schema, and names what the account does not have."""


class AlreadyConfigured(Refusal): ...


# Status, code, message, and the requirement that a refusal stands for where its findings name none. Invalid credentials
# and the conflict are documented (seed 004, Error Responses); everything else is inferred.
RESPONSES: Mapping[type[Refusal], tuple[int, str, str, str]] = MappingProxyType(
    {
        Unauthorized: (401, "UNAUTHORIZED", "Unauthorized", "integrations.auth.bearer"),
        InvalidCredentials: (
            400,
            "CONFIGURATION_ERROR",
            "Invalid credentials",
            "integrations.configure.right_credentials",
        ),
        AlreadyConfigured: (409, "CONFLICT", "Integration already configured", "integrations.configure.once"),
        MalformedBody: (400, "CONFIGURATION_ERROR", "The body is not valid JSON", "integrations.error.json"),
        NoSuchRoute: (404, "NOT_FOUND", "Endpoint not found", "integrations.error.route"),
        WrongContentType: (
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            "Content-Type must be application/json",
            "integrations.error.content_type",
        ),
        BodyTooLarge: (413, "PAYLOAD_TOO_LARGE", "The body is too large", "integrations.error.size"),
    }
)
FAULT_RESPONSES: Mapping[int, tuple[str, str, str]] = MappingProxyType(
    {
        429: ("RATE_LIMITED", "Too many requests", "integrations.error.rate_limit"),
        500: ("INTERNAL_ERROR", "Internal server error", "integrations.error.internal"),
        503: ("SERVICE_UNAVAILABLE", "Service unavailable", "integrations.error.unavailable"),
    }
)


def render(refusal: Refusal) -> WireResponse:
    match refusal:
        case NotFound():
            return _response(404, "NOT_FOUND", f"{refusal.what} not found", "integrations.error.not_found", refusal)
        case ContractBroken() | InvalidConfiguration():
            return _invalid(refusal)
        case MethodNotAllowed():
            return _response(405, "METHOD_NOT_ALLOWED", "Method not allowed", "integrations.error.method", refusal)
        case FaultInjected():
            return _fault(refusal)
    status, code, message, requirement = RESPONSES.get(type(refusal), (500, *FAULT_RESPONSES[500]))
    return _response(status, code, message, requirement, refusal)


def _response(status: int, code: str, message: str, requirement: str, refusal: Refusal) -> WireResponse:
    cited = next((each.requirement for each in refusal.findings if each.requirement), requirement)
    return WireResponse(status, _body(code, message), requirement=cited)


def _invalid(refusal: Refusal) -> WireResponse:
    """An invalid path parameter names no entity type: 404. Anything else is an invalid configuration."""
    if any(finding.where == "request.path" for finding in refusal.findings):
        return _response(404, "NOT_FOUND", "Entity type not found", "integrations.error.not_found", refusal)
    reasons = "; ".join(_reason(finding) for finding in refusal.findings)
    message = f"Invalid configuration: {reasons}" if reasons else "Invalid configuration"
    return _response(400, "CONFIGURATION_ERROR", message, "integrations.error.bad_request", refusal)


def _reason(finding: Finding) -> str:
    """What is wrong, without the value that was sent: it may be a secret."""
    place = finding.pointer.lstrip("/").replace("/", ".") or "the body"
    return f"{place} {finding.demand}"


def _fault(refusal: FaultInjected) -> WireResponse:
    usual = (
        FAULT_RESPONSES[500]
        if refusal.status >= 500
        else ("REFUSED", "The request was refused", "integrations.error.envelope")
    )
    code, message, requirement = FAULT_RESPONSES.get(refusal.status, usual)
    return WireResponse(refusal.status, _body(code, message), refusal.headers, requirement)


def _body(code: str, message: str) -> bytes:
    """The documented envelope."""
    return orjson.dumps({"success": False, "error": {"code": code, "message": message}})
