"""What Otter's error bodies say, in the words that all providers share. Raises nothing and sends nothing."""

from collections.abc import Iterator

from flowproof.clients.answers import Answer
from flowproof.clients.errors import Problem, Validation

__all__ = ["problem"]


def problem(answer: Answer) -> Problem:
    """
    What an error's body says: `message`, and for each of `details` an attribute with a message, none of them required.
    """
    body = answer.lenient()
    validations = tuple(_validations(answer, body.get("details")))
    said = answer.said(body.get("message"))
    return Problem(said, invalid=answer.status == 422 or bool(validations), validations=validations)


def _validations(answer: Answer, details: object) -> Iterator[Validation]:
    for each in details if isinstance(details, list) else ():
        if isinstance(each, dict):
            yield Validation(answer.scrub(str(each.get("attribute", ""))), answer.scrub(str(each.get("message", ""))))
