"""What the account under test must hold, read from the target: doctor says what is missing, and tests skip for it."""

from collections.abc import Iterator

from flowproof.clients.integrations import Integrations

from .setup import ENTITY_TYPES

__all__ = ["missing"]


def missing(client: Integrations) -> Iterator[str]:
    """
    What the account lacks of what tests need, each as the end of "the account has no …".

    No operation lists platforms: a test that needs one configures it, and skips where it is not there.

    Raises:
        ClientError: The target does not answer the question.
    """
    yield from (f"trigger of the entity type {each}" for each in ENTITY_TYPES if not client.triggers(each))
