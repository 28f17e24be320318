"""Reads error bodies of OneFlow."""

from flowproof.clients.errors import Problem
from flowproof.clients.responses import ClientResponse

__all__ = ["problem"]

_VALIDATION_FAILED = 208  # error.code of a failed validation; seen in the SDKs' samples, not documented


def problem(response: ClientResponse) -> Problem:
    """
    Read an error's body in each of its forms.

    Source:
        seeds/002, "Errors": `{"error": {"message", "name", "code"}}`. Documented.
        `{"message"}` alone, `error.validations` and code 208 are seen: providers/oneflow.md.
    """
    body = response.json_object()
    error = body.get("error")
    fields = error if isinstance(error, dict) else {"message": error or body.get("message")}
    validations = response.validations(fields.get("validations"), path="path")
    code = fields.get("code")
    return Problem(
        message=response.message_or_excerpt(fields.get("message")),
        code=response.error_code(code),
        invalid=code == _VALIDATION_FAILED or bool(validations),
        validations=validations,
    )
