"""Every error that Dots.eco can answer, and the one place that renders a refusal as the provider's body."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
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
PAST = (
    "The workspace's clock shows {today}, and a card expires tomorrow at the earliest. The date of the document's"
    " example, 2025-12-31, has passed: to send it as it stands, freeze the clock before it, as in"
    " flowproof clock --freeze --set 2024-09-13, the day of the document's own error messages."
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
    def of(cls, errors: Sequence[ParameterError], *, today: date) -> "CardInvalid":
        """
        A refusal for all errors; where a day is in the past, with a hint at the clock.

        Args:
            errors: Of the parameters.
            today: The day of the workspace's clock.
        """
        is_past = any(error.requirement == "dots_eco.flow_card.expiration.minimum" for error in errors)
        note = PAST.format(today=today.isoformat()) if is_past else ""
        return cls([error.finding() for error in errors], errors=errors, note=note)


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
BAD_REQUEST = (400, "Bad Request", "dots_eco.answer.failure")
FAULT_RESPONSES: Mapping[int, tuple[int, str, str]] = MappingProxyType(
    {
        **{response[0]: response for response in RESPONSES.values()},
        403: (403, NOT_A_MANAGER, "dots_eco.auth.forbidden_body"),
        404: (404, NO_APPLICATION, "dots_eco.balance.app_token"),
        405: (405, "Method Not Allowed", "dots_eco.request.method"),
        429: (429, "Too Many Requests", "dots_eco.answer.rate_limit"),
    }
)


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
            return WireResponse(405, _message("Method Not Allowed"), requirement="dots_eco.request.method")
        case FaultInjected():
            return _fault(refusal)
    status, message, requirement = RESPONSES.get(type(refusal), SERVER_ERROR)
    return WireResponse(status, _message(message), requirement=requirement)


def _fault(refusal: FaultInjected) -> WireResponse:
    if refusal.status == 422:
        example = {"success": False, "errors": {"app_token": [NO_APPLICATION]}}
        return WireResponse(422, orjson.dumps(example), refusal.headers, "dots_eco.error.body")
    unnamed = SERVER_ERROR if refusal.status >= 500 else BAD_REQUEST
    _, message, requirement = FAULT_RESPONSES.get(refusal.status, unnamed)
    return WireResponse(refusal.status, _message(message), refusal.headers, requirement)


def _message(text: str) -> bytes:
    return orjson.dumps({"message": text})
