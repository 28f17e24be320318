"""What the account under test must hold, read from the target: doctor says what is missing, and tests skip for it."""

from collections.abc import Iterator

from flowproof.clients.flow1st import Flow1st

from .setup import CHEAP, SKU, VOUCHER

__all__ = ["missing"]


def missing(client: Flow1st) -> Iterator[str]:
    """
    What the account lacks of what most tests need, each as the end of "the account has no …".

    Its balance cannot be read: an order that it does not cover skips the test.

    Raises:
        ClientError: The target does not answer the question.
    """
    sold = {bundle.sku for product in client.products() for bundle in product.bundles}
    yield from (f"bundle {each} in its catalog" for each in (SKU, CHEAP, VOUCHER) if each not in sold)
