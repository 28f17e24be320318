"""One change between two documents, as a value."""

from dataclasses import dataclass

from .rules import RULES, Rule

__all__ = ["Change", "Place"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """
    A place in a file.

    Args:
        file: As a reader names it; with a git revision before it where it was read from one.
        pointer: JSON pointer.
        line: From 1.
    """

    file: str
    pointer: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Change:
    """
    A change, once, however many operations it reaches.

    Args:
        rule_id: Key of `RULES`.
        what: What changed, in a few words.
        where: The part of the first operation that it was met in, such as ``response 200 body $.items[*].status``.
        operations: All operations that it reaches, such as ``GET /orders/{id}``; none for the document as a whole.
        old: Its place in the old document; None for something new.
        new: Its place in the new document; None for something removed.
    """

    rule_id: str
    what: str
    where: str
    operations: tuple[str, ...]
    old: Place | None
    new: Place | None

    @property
    def rule(self) -> Rule:
        """What it breaks, and why."""
        return RULES[self.rule_id]
