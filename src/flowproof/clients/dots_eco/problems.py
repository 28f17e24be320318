"""What Dots.eco's error bodies say, in the words that all providers share. Raises nothing and sends nothing."""

from collections.abc import Iterator

from flowproof.clients.answers import Answer
from flowproof.clients.errors import Problem, Validation

__all__ = ["problem"]


def problem(answer: Answer) -> Problem:
    """
    What an error's body says: `errors` by parameter, or a `message`.

    A body with neither speaks through its first words, an empty one through the reason phrase.

    Source:
        seeds/003, "Possible error responses".
    """
    told = answer.lenient()
    validations = tuple(_validations(answer, told.get("errors")))
    message = told.get("message")
    listed = " ".join(each.message for each in validations)
    said = listed if listed and not isinstance(message, str) else answer.said(message)
    return Problem(message=said, invalid=bool(validations), validations=validations)


def _validations(answer: Answer, errors: object) -> Iterator[Validation]:
    for name, messages in errors.items() if isinstance(errors, dict) else ():
        for message in messages if isinstance(messages, list) else [messages]:
            yield Validation(answer.scrub(str(name)), answer.scrub(str(message)))
