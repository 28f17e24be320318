"""Every error that Dots.eco can answer, and the one place where a refusal becomes its body."""

from collections.abc import Mapping, Sequence
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

__all__ = ["AccessDenied", "CardInvalid", "Fault", "NoSuchApplication", "render"]

# Documented, to the letter.
NOT_A_MANAGER = "Access denied. You are not a manager of specified application."
NO_PURCHASE = "Access denied. Flow gift card purchase is not allowed for specified application's company."
# Observed: the pages of the list and of the balance.
NO_LIST = "Please provide valid app_token value and auth-token header."
NO_APPLICATION = "The app_token is invalid."
NOT_ACTIVATED = (
    "Your company is not yet activated for production requests. "
    "Please contact your account manager at Dots.eco to activate it."
)


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One parameter that is at fault.

    Args:
        name: Of the parameter.
        message: What the provider says of it.
        expected: What would have been right, for a person.
        got: What came, for a person.
        requirement: Id of the requirement that is not met.
    """

    name: str
    message: str
    expected: str
    got: str
    requirement: str

    def finding(self) -> Finding:
        """The fault as the journal keeps it."""
        return Finding("request.body", f"/{self.name}", self.expected, self.got, self.requirement, "message")


@dataclass(eq=False)
class AccessDenied(Refusal):
    """The token does not allow it; ``message`` is what the provider says."""

    message: str = NOT_A_MANAGER


@dataclass(eq=False)
class NoSuchApplication(Refusal):
    """The path names an application that does not exist."""


@dataclass(eq=False)
class CardInvalid(Refusal):
    """A request for a card is at fault."""

    faults: Sequence[Fault] = ()

    @classmethod
    def because_of(cls, faults: Sequence[Fault]) -> "CardInvalid":
        """The refusal for these faults."""
        return cls([fault.finding() for fault in faults], faults=faults)


# Which status and message a refusal has, and its requirement: all inferred, in the manner of Drupal.
OTHERS: Mapping[type[Refusal], tuple[int, str, str]] = MappingProxyType(
    {
        MalformedBody: (400, "Syntax error", "dots_eco.request.json"),
        BodyTooLarge: (413, "Request Entity Too Large", "dots_eco.request.size"),
        WrongContentType: (415, "No route found that matches the Content-Type", "dots_eco.request.content_type"),
        NoSuchRoute: (404, "No route found", "dots_eco.request.route"),
        ContractBroken: (404, "No route found", "dots_eco.request.route"),
    }
)
BROKEN = (500, "The website encountered an unexpected error. Please try again later.", "dots_eco.answer.failure")
JSON = ("Content-Type", "application/json")


def render(refusal: Refusal) -> WireResponse:
    """A refusal in the provider's own words."""
    match refusal:
        case AccessDenied():
            return WireResponse(403, _message(refusal.message))
        case NoSuchApplication():
            return WireResponse(404, _message(NO_APPLICATION))
        case CardInvalid():
            errors = {fault.name: [fault.message] for fault in refusal.faults}
            return WireResponse(422, orjson.dumps({"success": False, "errors": errors}))
        case MethodNotAllowed():
            allow = ("Allow", ", ".join(refusal.allowed))
            return WireResponse(405, _message("Method Not Allowed"), (JSON, allow), "dots_eco.request.method")
        case FaultInjected():
            return _fault(refusal)
    status, message, requirement = OTHERS.get(type(refusal), BROKEN)
    return WireResponse(status, _message(message), requirement=requirement)


def _fault(refusal: FaultInjected) -> WireResponse:
    limited = refusal.status == 429
    message = "Too Many Requests" if limited else BROKEN[1]
    requirement = "dots_eco.answer.rate_limit" if limited else "dots_eco.answer.failure"
    later = () if refusal.retry_after_s is None else (("Retry-After", str(refusal.retry_after_s)),)
    return WireResponse(refusal.status, _message(message), (JSON, *later), requirement)


def _message(text: str) -> bytes:
    return orjson.dumps({"message": text})
