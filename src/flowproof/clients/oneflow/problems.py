"""What OneFlow's error bodies say, in the words that all providers share. Raises nothing and sends nothing."""

import json
from collections.abc import Iterator

from flowproof.clients.answers import Answer, Json
from flowproof.clients.errors import Problem, Validation

__all__ = ["problem"]

_VALIDATION_FAILED = 208  # error.code of a failed validation; seen in the SDKs' samples, not documented


def problem(answer: Answer) -> Problem:
    """
    What an error's body says, in whichever of its forms it comes.

    A body without a message speaks through its first words, an empty one through the reason phrase.

    Source:
        seeds/002, "Errors": `{"error": {"message", "name", "code"}}`. Documented.
        `{"message"}` alone, `error.validations` and code 208 are seen: providers/oneflow.md.
    """
    body = _lenient_object(answer.body)
    error = body.get("error")
    told = error if isinstance(error, dict) else {"message": error or body.get("message")}
    validations = tuple(_validations(answer, told.get("validations")))
    message = told.get("message")
    code = told.get("code")
    return Problem(
        message=answer.scrub(message) if isinstance(message, str) else answer.excerpt() or answer.reason,
        code=answer.scrub(code) if isinstance(code, str) else code if isinstance(code, int) else None,
        invalid=code == _VALIDATION_FAILED or bool(validations),
        validations=validations,
    )


def _lenient_object(body: bytes) -> Json:
    """The JSON object in a body, or an empty one: an error stays an error, however it is written."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _validations(answer: Answer, value: object) -> Iterator[Validation]:
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, dict):
            yield Validation(answer.scrub(str(entry.get("path", ""))), answer.scrub(str(entry.get("message", ""))))
