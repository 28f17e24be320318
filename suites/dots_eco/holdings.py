"""What the account under test must hold, read from the target: doctor says what is missing, and tests skip for it."""

from collections.abc import Iterator

from flowproof.clients.dots_eco import DotsEco
from flowproof.clients.errors import Forbidden, NotFound

from .setup import APPLICATION, OTHER, SKU

__all__ = ["missing"]


def missing(client: DotsEco) -> Iterator[str]:
    """
    What the account lacks of what most tests need, each as the end of "the account has no …".

    Raises:
        ClientError: The target does not answer the question.
    """
    for application in (APPLICATION, OTHER):
        try:
            offers = client.cards(application)
        except (Forbidden, NotFound):
            yield f"application {application}"
            continue
        if application == APPLICATION and SKU not in {each.sku for each in offers}:
            yield f"flow card {SKU} of the application {APPLICATION}"
        if application == APPLICATION and client.balance(application) <= 0:
            yield f"balance of the application {APPLICATION}"
