"""What OneFlow's error bodies say, in the words that all providers share. Raises nothing and sends nothing."""

from collections.abc import Iterator

from flowproof.clients.answers import Answer
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
    body = answer.lenient()
    error = body.get("error")
    told = error if isinstance(error, dict) else {"message": error or body.get("message")}
    validations = tuple(_validations(answer, told.get("validations")))
    code = told.get("code")
    return Problem(
        message=answer.said(told.get("message")),
        code=answer.scrub(code) if isinstance(code, str) else code if isinstance(code, int) else None,
        invalid=code == _VALIDATION_FAILED or bool(validations),
        validations=validations,
    )


def _validations(answer: Answer, value: object) -> Iterator[Validation]:
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, dict):
            yield Validation(answer.scrub(str(entry.get("path", ""))), answer.scrub(str(entry.get("message", ""))))
