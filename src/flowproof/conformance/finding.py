"""One difference between an exchange and what its contract or a requirement says."""

from dataclasses import dataclass

__all__ = ["MOST_FINDINGS", "NOTHING", "Finding", "demand"]

MOST_FINDINGS = 100  # of one value; nobody reads more, and looking for them may take longer than the request
NOTHING = "nothing"  # expected where a value must be left out


def demand(expected: str, keyword: str) -> str:
    """What is demanded of a place, to follow its name: ``is required``, ``must be left out``, ``must be a string``."""
    if keyword == "required":
        return "is required"
    return "must be left out" if expected == NOTHING else f"must be {expected}"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    A difference between what was expected and what was received.

    Args:
        where: The part of the exchange: ``request.body``, ``request.query``, ``request.path``, ``request.headers``,
            ``response.status``, ``response.headers`` or ``response.body``.
        pointer: JSON pointer into that part, empty for the whole of it.
        expected: What was expected, for a person.
        got: What was received, for a person, without a secret.
        requirement: Id of the violated requirement, or None where the contract names none.
        keyword: JSON Schema keyword that failed (``required``, ``type`` …), or the word of a rule.
    """

    where: str
    pointer: str
    expected: str
    got: str
    requirement: str | None = None
    keyword: str = ""

    @property
    def demand(self) -> str:
        """What is demanded of the place, to follow its name in a sentence."""
        return demand(self.expected, self.keyword)

    def __str__(self) -> str:
        cited = f" [{self.requirement}]" if self.requirement else ""
        return (
            f"{self.where}{'#' + self.pointer if self.pointer else ''}: expected {self.expected}, got {self.got}{cited}"
        )
