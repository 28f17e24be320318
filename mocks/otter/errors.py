"""Every error that Otter can answer, and the one place that renders a refusal as the provider's body."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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

from .consent import error_page, expired_page, page_headers

__all__ = [
    "Conflict",
    "ErrorRedirect",
    "Forbidden",
    "Invalid",
    "Malformed",
    "NoOpenTicket",
    "NotFound",
    "TooManyRequests",
    "Unauthorized",
    "render",
]


class Malformed(Refusal):
    """The request cannot be processed."""


class Unauthorized(Refusal):
    """Client, user or token is not valid. The body never says why."""


class Forbidden(Refusal):
    """The token is valid, but not for this operation."""


class NotFound(Refusal):
    """Nothing that the token can reach has that id."""


class Conflict(Refusal): ...


class Invalid(Refusal): ...


class TooManyRequests(Refusal):
    """The address has sent too many requests."""


@dataclass(eq=False)
class ErrorRedirect(Refusal):
    """The browser is redirected to ``location``, the application, with an error; ``status`` is 302 or 303."""

    location: str = ""
    status: int = 302


class NoOpenTicket(Refusal):
    """The ticket can no longer be answered; the body is a page for a person."""


# The descriptions of the responses, as messages (inferred).
MESSAGES: Mapping[int, str] = MappingProxyType(
    {
        400: "The request is malformed.",
        401: "Invalid authorization.",
        403: "Authorization not valid for the requested resource.",
        404: "Resource not found.",
        405: "Method not allowed.",
        409: "The connection between the partner application and the store already exists.",
        422: "The request body is not valid.",
        429: "Too many requests.",
        500: "Internal server error.",
        503: "Service unavailable.",
    }
)
# Which status a refusal has, and the requirement it stands for where its findings name none.
STATUS: Mapping[type[Refusal], tuple[int, str]] = MappingProxyType(
    {
        Malformed: (400, "otter.error.message"),
        NoOpenTicket: (400, "otter.consent.once"),
        Unauthorized: (401, "otter.access.silent"),
        Forbidden: (403, "otter.access.user_token"),
        NotFound: (404, "otter.store.not_found"),
        Conflict: (409, "otter.connection.conflict"),
        Invalid: (422, "otter.connection.request_body"),
        TooManyRequests: (429, "otter.rate.authenticated"),
        NoSuchRoute: (404, "otter.request.route"),
        MethodNotAllowed: (405, "otter.request.method"),
        BodyTooLarge: (400, "otter.request.size"),
        MalformedBody: (400, "otter.request.json"),
        WrongContentType: (400, "otter.request.content_type"),
    }
)
PAGES = frozenset({"showConsentPage", "answerConsentPage"})  # what a person's browser asks for
AUTHORIZE = "oauth2Authorize"  # where a browser begins, but programs ask it too
FORM = "application/x-www-form-urlencoded"
SCOPE_MISSING = (
    "Otter requires scope at the exchange, too. RFC 6749, 4.1.3, has it in the request for authorization alone, so"
    " generic OAuth libraries leave it out: give it to the call that fetches the token."
)
DETAILED = (ContractBroken, MalformedBody, WrongContentType)


def render(refusal: Refusal) -> WireResponse:
    """The provider's response. What a person's browser has asked for is a page, in an error too."""
    response = _response(refusal)
    is_page = refusal.operation in PAGES or (refusal.operation == AUTHORIZE and refusal.wants_page)
    if not is_page or not response.body:
        return response
    page = expired_page() if isinstance(refusal, NoOpenTicket) else error_page(_usual(response.status))
    further = tuple(each for each in response.headers if each[0] != "Content-Type")
    return replace(response, body=page.encode(), headers=(*page_headers(), *further))


def _response(refusal: Refusal) -> WireResponse:
    """The response to whoever reads JSON. Only errors of form or parameters have details."""
    cited = next((finding.requirement for finding in refusal.findings if finding.requirement), None)
    match refusal:
        case ErrorRedirect():
            return WireResponse(
                refusal.status, b"", (("Location", refusal.location), ("Cache-Control", "no-store")), cited
            )
        case FaultInjected():
            return _fault(refusal)
        case ContractBroken():
            refusal.note = _hint(refusal.findings)
            in_body = all(finding.where == "request.body" for finding in refusal.findings)
            status, requirement = (422 if in_body else 400), "otter.error.message"
        case MethodNotAllowed():
            return WireResponse(405, _body(405), requirement="otter.request.method")
        case _:
            status, requirement = STATUS.get(type(refusal), (500, "otter.error.server"))
    if any(finding.expected == FORM or finding.keyword == "form" for finding in refusal.findings):
        cited = "otter.token.form"
    details = _details(refusal.findings) if isinstance(refusal, DETAILED) else []
    return WireResponse(status, _body(status, details), requirement=cited or requirement)


def _hint(findings: Iterable[Finding]) -> str:
    """What generic OAuth libraries forget, where a request for a token lacks it."""
    lacks = any((each.requirement, each.keyword) == ("otter.token.scope", "required") for each in findings)
    return SCOPE_MISSING if lacks else ""


def _fault(refusal: FaultInjected) -> WireResponse:
    usual = "otter.error.server" if refusal.status >= 500 else "otter.error.body"
    requirement = "otter.rate.authenticated" if refusal.status == 429 else usual
    return WireResponse(refusal.status, _body(refusal.status), refusal.headers, requirement)


def _body(status: int, details: Iterable[Mapping[str, str]] = ()) -> bytes:
    """The documented structure. Without details there is no member ``details``."""
    body: dict[str, Any] = {"message": _usual(status)}
    listed = list(details)
    return orjson.dumps({**body, "details": listed} if listed else body)


def _usual(status: int) -> str:
    """The message of a status."""
    return MESSAGES.get(status) or MESSAGES[400 if status < 500 else 500]


def _details(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """
    The attributes that are wrong, each with a message.

    Source:
        Observed: attribute "Order Currency Code", message "Order Currency Code must be exactly 3 characters".
        The sentences for other attributes are ours, and never repeat what was sent.
    """
    first = {finding.pointer: finding for finding in reversed(tuple(findings))}
    return [_detail(finding) for finding in reversed(first.values())]


def _detail(finding: Finding) -> dict[str, str]:
    attribute = finding.pointer.strip("/") or "body"
    return {"attribute": attribute, "message": f"{attribute} {finding.demand}"}
