"""What the account under test must hold, read from the target: doctor says what is missing, and tests skip for it."""

from collections.abc import Iterator

from flowproof.clients.errors import Refused
from flowproof.clients.oneflow import OneFlow

from .strategies import full_order, minimum_order

__all__ = ["missing"]


def missing(client: OneFlow) -> Iterator[str]:
    """
    What the account lacks of what most tests need, each as the end of "the account has no …".

    A validation, which keeps nothing, shows whether destinations, SKUs, stock and carriers are set up.

    Raises:
        ClientError: The target does not answer the question.
    """
    for what, order in (
        ("the smallest order", minimum_order("FP-doctor")),
        ("the full order", full_order("FP-doctor")),
    ):
        try:
            client.validate(order)
        except Refused as refused:
            yield f"set-up that {what} of the suite needs: {refused.message}"
