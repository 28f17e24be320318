"""Every error that Dots.eco can answer, and the one place that renders a refusal as the provider's body."""

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

__all__ = ["AccessDenied", "CardInvalid", "NoSuchApplication", "ParameterError", "render"]

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
class ParameterError:
    """
    What is wrong with one parameter.

    Args:
        name: The parameter.
        message: The provider's message.
        expected: What would have been right, for the journal.
        got: What was sent, for the journal.
        requirement: Id of the requirement that is not met.
    """

    name: str
    message: str
    expected: str
    got: str
    requirement: str

    def finding(self) -> Finding:
        return Finding("request.body", f"/{self.name}", self.expected, self.got, self.requirement, "message")


@dataclass(eq=False)
class AccessDenied(Refusal):
    """The token does not allow the request; ``message`` is the provider's."""

    message: str = NOT_A_MANAGER


class NoSuchApplication(Refusal):
    """No application has the token in the path."""


@dataclass(eq=False)
class CardInvalid(Refusal):
    """A request for a card has invalid parameters."""

    errors: Sequence[ParameterError] = ()

    @classmethod
    def of(cls, errors: Sequence[ParameterError]) -> "CardInvalid":
        return cls([error.finding() for error in errors], errors=errors)


# Status, message and requirement of each further refusal. Inferred: the wording is Drupal's.
RESPONSES: Mapping[type[Refusal], tuple[int, str, str]] = MappingProxyType(
    {
        MalformedBody: (400, "Syntax error", "dots_eco.request.json"),
        BodyTooLarge: (413, "Request Entity Too Large", "dots_eco.request.size"),
        WrongContentType: (415, "No route found that matches the Content-Type", "dots_eco.request.content_type"),
        NoSuchRoute: (404, "No route found", "dots_eco.request.route"),
        ContractBroken: (404, "No route found", "dots_eco.request.route"),
    }
)
SERVER_ERROR = (500, "The website encountered an unexpected error. Please try again later.", "dots_eco.answer.failure")
JSON = ("Content-Type", "application/json")


def render(refusal: Refusal) -> WireResponse:
    match refusal:
        case AccessDenied():
            return WireResponse(403, _message(refusal.message))
        case NoSuchApplication():
            return WireResponse(404, _message(NO_APPLICATION))
        case CardInvalid():
            errors = {error.name: [error.message] for error in refusal.errors}
            return WireResponse(422, orjson.dumps({"success": False, "errors": errors}))
        case MethodNotAllowed():
            allow = ("Allow", ", ".join(refusal.allowed))
            return WireResponse(405, _message("Method Not Allowed"), (JSON, allow), "dots_eco.request.method")
        case FaultInjected():
            return _fault(refusal)
    status, message, requirement = RESPONSES.get(type(refusal), SERVER_ERROR)
    return WireResponse(status, _message(message), requirement=requirement)


def _fault(refusal: FaultInjected) -> WireResponse:
    limited = refusal.status == 429
    if refusal.status < 500 and not limited:
        return WireResponse(refusal.status, _message("Bad Request"), refusal.headers)
    message = "Too Many Requests" if limited else SERVER_ERROR[1]
    requirement = "dots_eco.answer.rate_limit" if limited else "dots_eco.answer.failure"
    return WireResponse(refusal.status, _message(message), refusal.headers, requirement)


def _message(text: str) -> bytes:
    return orjson.dumps({"message": text})
