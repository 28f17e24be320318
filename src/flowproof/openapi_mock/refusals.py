"""Why a request is refused by a rule that was inferred; it is rendered in the error shape of its operation."""

from flowproof.kernel import Refusal

__all__ = ["KeyTaken", "NotThere", "Unauthenticated"]


class Unauthenticated(Refusal):
    """The request has no credential of this workspace."""


class NotThere(Refusal):
    """The collection has no record of that key."""


class KeyTaken(Refusal):
    """The collection has a record of that key already."""
