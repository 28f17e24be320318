"""Every error that the provider answers, in its own words. The reason of a refusal is told out of band."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

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

__all__ = ["InvalidBooking", "Unauthorized", "UnknownBooking", "render"]


class Unauthorized(Refusal):
    """The request has no token of this workspace."""


class InvalidBooking(Refusal):
    """The booking is formed as it should be, and still cannot be made."""


class UnknownBooking(Refusal):
    """There is no such booking, or it was cancelled."""


ANSWERS: Mapping[type[Refusal], tuple[int, str, str]] = MappingProxyType(
    {
        Unauthorized: (401, "unauthorized", "The token is missing or unknown."),
        InvalidBooking: (422, "invalid", "The request has fields that are not valid."),
        ContractBroken: (422, "invalid", "The request has fields that are not valid."),
        UnknownBooking: (404, "not_found", "There is no such booking."),
        NoSuchRoute: (404, "not_found", "There is no such page."),
        MethodNotAllowed: (405, "bad_request", "The page does not have that method."),
        MalformedBody: (400, "bad_request", "The body is no JSON."),
        WrongContentType: (415, "bad_request", "The body is no application/json."),
        BodyTooLarge: (413, "bad_request", "The body is too large."),
    }
)


def render(refusal: Refusal) -> WireResponse:
    """A refusal as the provider answers it."""
    status, code, message = ANSWERS.get(type(refusal), (500, "error", "Something went wrong."))
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    if isinstance(refusal, FaultInjected):
        status, headers = refusal.status, tuple(refusal.headers)
    body: dict[str, Any] = {"code": code, "message": message}
    if status == 422:
        body["fields"] = sorted({each.pointer.strip("/") for each in refusal.findings})
    return WireResponse(status, orjson.dumps(body), headers)
