"""What Flow1st's error bodies say, in the words that all providers share. Raises nothing and sends nothing."""

from flowproof.clients.answers import Answer
from flowproof.clients.errors import Problem

__all__ = ["problem"]


def problem(answer: Answer) -> Problem:
    """
    What an error's body says; one without a message speaks through its first words, an empty one through the reason.

    Source:
        pay1st-docs.carry1st.com, handling-error-codes: `errorMessage`, `errorCode`, `sessionId`.
        That Flow1st has the same is inferred.
    """
    told = answer.lenient()
    code = told.get("errorCode")
    return Problem(
        message=answer.said(told.get("errorMessage")),
        code=answer.scrub(code) if isinstance(code, str) else code if isinstance(code, int) else None,
    )
