"""A refusal in the document's own words, as far as they are known."""

from collections.abc import Callable

import orjson

from flowproof.conformance.operations import Operation
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
from flowproof.openapi.problems import status_for

from .model import Model
from .refusals import KeyTaken, NotThere, Unauthenticated

__all__ = ["make_render"]


def make_render(model: Model) -> Callable[[Refusal], WireResponse]:
    """The function that renders refusals."""

    def render(refusal: Refusal) -> WireResponse:
        operation = model.contract.operations.by_id(refusal.operation)
        status, message = _status(refusal, operation)
        answer = model.problems.answer(operation, status, message, refusal.rng_key)
        headers: tuple[tuple[str, str], ...] = (("Content-Type", answer.media_type or "application/json"),)
        if isinstance(refusal, FaultInjected):
            rest = tuple(each for each in refusal.headers if each[0].lower() != "content-type")
            headers = (*headers, *rest)
        return WireResponse(status, orjson.dumps(answer.value) if answer.is_json else answer.value.encode(), headers)

    return render


def _status(refusal: Refusal, operation: Operation | None) -> tuple[int, str]:
    match refusal:
        case Unauthenticated():
            return status_for(operation, 401, 403), "The credentials are missing or unknown."
        case NotThere():
            return status_for(operation, 404, 410), "There is no such resource."
        case KeyTaken():
            return status_for(operation, 409, 422, 400), "There is such a resource already."
        case ContractBroken(findings=findings):
            places = ", ".join(sorted({each.pointer.strip("/") or each.where for each in findings}))
            return 422 if _has_422(operation) else 400, f"The request is not valid: {places}."
        case MalformedBody():
            return status_for(operation, 400, 422), "The body is malformed."
        case WrongContentType():
            return status_for(operation, 415, 400, 422), "The media type is not supported."
        case BodyTooLarge():
            return status_for(operation, 413, 400, 422), "The body is too large."
        case NoSuchRoute():
            return 404, "There is no such page."
        case MethodNotAllowed():
            return 405, "The method is not allowed."
        case FaultInjected(status=status):
            return status, "Something went wrong."
    return 500, "Something went wrong."


def _has_422(operation: Operation | None) -> bool:
    return operation is not None and "422" in operation.responses
