"""One difference between an exchange and what its contract or a requirement says."""

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One difference between what was expected and what came.

    Args:
        where: The part of the exchange: ``request.body``, ``request.query``, ``request.path``, ``request.headers``,
            ``response.status``, ``response.headers`` or ``response.body``.
        pointer: JSON pointer into that part, empty for the whole of it.
        expected: What was expected, for a person.
        got: What came, for a person, never with a secret in it.
        requirement: Id of the requirement that is not met, or None where the contract names none.
        keyword: JSON Schema keyword that failed (``required``, ``type`` …), or a rule's own word.
    """

    where: str
    pointer: str
    expected: str
    got: str
    requirement: str | None = None
    keyword: str = ""

    def __str__(self) -> str:
        """One line: where, expected, got, requirement."""
        cited = f" [{self.requirement}]" if self.requirement else ""
        return (
            f"{self.where}{'#' + self.pointer if self.pointer else ''}: expected {self.expected}, got {self.got}{cited}"
        )
