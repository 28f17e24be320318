"""What the account under test must hold, read from the target: doctor says what is missing, and tests skip for it."""

from collections.abc import Iterator

from flowproof.clients.otter import OtterUser

__all__ = ["missing"]

STORES = 2


def missing(user: OtterUser) -> Iterator[str]:
    """
    What a user's organization lacks of what tests need, each as the end of "the account has no …".

    Raises:
        ClientError: The target does not answer the question.
    """
    for brand in user.brands():
        free = (store for store in user.stores(brand.id) if user.connection(brand.id, store.id) is None)
        if sum(1 for _ in zip(range(STORES), free, strict=False)) == STORES:
            return
    yield "brand with two stores that are not connected"
