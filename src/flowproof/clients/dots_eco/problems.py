"""Reads error bodies of Dots.eco."""

from collections.abc import Iterator

from flowproof.clients.errors import Problem, Validation
from flowproof.clients.responses import ClientResponse

__all__ = ["problem"]


def problem(response: ClientResponse) -> Problem:
    """
    Read an error's body: `errors` by parameter, or a `message`.

    Source:
        seeds/003, "Possible error responses".
    """
    fields = response.json_object()
    validations = tuple(_validations(response, fields.get("errors")))
    message = fields.get("message")
    listed = " ".join(each.message for each in validations)
    text = listed if listed and not isinstance(message, str) else response.message_or_excerpt(message)
    return Problem(message=text, invalid=bool(validations), validations=validations)


def _validations(response: ClientResponse, errors: object) -> Iterator[Validation]:
    for name, messages in errors.items() if isinstance(errors, dict) else ():
        for message in messages if isinstance(messages, list) else [messages]:
            yield Validation(response.scrub(str(name)), response.scrub(str(message)))
