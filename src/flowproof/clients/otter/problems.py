"""Reads error bodies of Otter."""

from flowproof.clients.errors import Problem
from flowproof.clients.responses import ClientResponse

__all__ = ["problem"]


def problem(response: ClientResponse) -> Problem:
    """Read an error's body: an optional `message` and `details`, each with an attribute and a message."""
    body = response.json_object()
    validations = response.validations(body.get("details"), path="attribute")
    text = response.message_or_excerpt(body.get("message"))
    return Problem(text, invalid=response.status == 422 or bool(validations), validations=validations)
