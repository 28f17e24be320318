"""Why a request is refused by a rule that was inferred; each knows its operation, whose error shape it gets."""

from dataclasses import dataclass

from flowproof.conformance.operations import Operation
from flowproof.kernel import Refusal

__all__ = ["InferredRefusal", "KeyTaken", "NotThere", "Unauthenticated"]


@dataclass(eq=False)
class InferredRefusal(Refusal):
    """A refusal of an operation."""

    operation: Operation | None = None


@dataclass(eq=False)
class Unauthenticated(InferredRefusal):
    """The request has no credential of this workspace."""


@dataclass(eq=False)
class NotThere(InferredRefusal):
    """The collection has no record of that key."""


@dataclass(eq=False)
class KeyTaken(InferredRefusal):
    """The collection has a record of that key already."""
