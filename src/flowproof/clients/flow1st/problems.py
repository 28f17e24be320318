"""Reads error bodies of Flow1st."""

from flowproof.clients.errors import Problem
from flowproof.clients.responses import ClientResponse

__all__ = ["problem"]


def problem(response: ClientResponse) -> Problem:
    """
    Read an error's body.

    Source:
        pay1st-docs.carry1st.com, handling-error-codes: `errorMessage`, `errorCode`, `sessionId`.
        That Flow1st has the same is inferred.
    """
    fields = response.json_object()
    return Problem(
        message=response.message_or_excerpt(fields.get("errorMessage")),
        code=response.error_code(fields.get("errorCode")),
    )
