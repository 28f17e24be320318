"""What the provider decides."""

from collections.abc import Iterable, Mapping
from typing import Any

from flowproof.conformance import Finding
from flowproof.kernel import Refusal

__all__ = ["UnknownBike", "UnknownRental", "find_bike", "found", "price"]


class UnknownBike(Refusal):
    """There is no such bike."""


class UnknownRental(Refusal):
    """There is no such rental, or it was ended."""


def find_bike(bikes: Iterable[Mapping[str, Any]], bike_id: str) -> Mapping[str, Any]:
    """
    A bike.

    Raises:
        UnknownBike: There is none of that id.
    """
    for bike in bikes:
        if bike["id"] == bike_id:
            return bike
    raise UnknownBike([Finding("request.body", "/bikeId", "a bike", repr(bike_id), "bikes.rental.bike")])


def price(bike: Mapping[str, Any], days: int) -> int:
    """What a rental costs."""
    total: int = bike["pricePerDay"] * days
    return total


def found(rental: Any, rental_id: str) -> Any:
    """
    A rental that is there.

    Raises:
        UnknownRental: It is not.
    """
    if rental is None:
        raise UnknownRental([Finding("request.path", "/rentalId", "a rental", repr(rental_id), "bikes.rental.end")])
    return rental
