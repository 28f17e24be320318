"""Rentals, on a mock and on any other target."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flowproof.edge_cases import repeat_refusals
from flowproof.target import Target

from ..client import Bikes  # noqa: TID252 (in this checkout the package has another name)


@pytest.fixture(autouse=True)
def refused_each_time(bikes: Bikes) -> None:
    """What is refused in a test is refused the second time, too."""
    repeat_refusals(bikes.session)


@pytest.fixture
def bike(bikes: Bikes) -> dict[str, int | str]:
    """A bike that the target has."""
    found: list[dict[str, int | str]] = bikes.bikes().json()["bikes"]
    return found[0]


@pytest.fixture
def rental(bikes: Bikes, bike: dict[str, int | str]) -> Iterator[str]:
    """The id of a rental, which is ended afterwards unless the test has done so."""
    rented: str = bikes.start(str(bike["id"]), 2).json()["id"]
    yield rented
    if bikes.rental(rented).status_code == 200:
        bikes.end(rented)


@pytest.mark.requirement("bikes.auth.token")
@pytest.mark.parametrize("token", [None, "nobody-has-this-token"])
def test_stranger_sees_no_bike(target: Target, make_bikes: Callable[..., Bikes], token: str | None) -> None:
    """Without a known token the bikes are not shown."""
    assert make_bikes(target, token=token).bikes().status_code == 401


@pytest.mark.requirement("bikes.list.price")
def test_every_bike_has_a_price(bikes: Bikes) -> None:
    """The list has a price for each bike."""
    assert [each for each in bikes.bikes().json()["bikes"] if each["pricePerDay"] < 1] == []


@pytest.mark.requirement("bikes.rental.price")
@pytest.mark.parametrize("days", [1, 30])
def test_rental_costs_its_days(bikes: Bikes, bike: dict[str, int], days: int) -> None:
    """A rental costs the price of the bike for each day. This test leaves the bike to the clean-up."""
    started = bikes.start(str(bike["id"]), days).json()
    read = bikes.rental(started["id"]).json()

    assert [started["price"], read["price"]] == [bike["pricePerDay"] * days] * 2


@pytest.mark.requirement("bikes.rental.days")
@pytest.mark.parametrize("days", [-1, 0, 31, "2", None])
def test_rental_of_other_days_is_refused(bikes: Bikes, bike: dict[str, int | str], days: Any) -> None:
    """A rental of less than one day, more than thirty or anything else is refused."""
    assert bikes.ask("POST", "/rentals", {"bikeId": bike["id"], "days": days}).status_code == 422


@pytest.mark.requirement("bikes.rental.days", "bikes.rental.bike")
@pytest.mark.parametrize("body", [{"bikeId": 7, "days": 1}, {"days": 1}, {"bikeId": "city"}], ids=str)
def test_half_a_rental_is_refused(bikes: Bikes, body: dict[str, Any]) -> None:
    """A rental without a bike, without days or with another kind of bike is refused."""
    assert bikes.ask("POST", "/rentals", body).status_code == 422


@pytest.mark.requirement("bikes.rental.bike")
def test_unknown_bike_is_not_found(bikes: Bikes) -> None:
    """A bike that there is not cannot be rented."""
    assert bikes.start("no-such-bike", 1).status_code == 404


@pytest.mark.requirement("bikes.rental.end", "bikes.rental.return")
def test_ended_rental_is_gone(bikes: Bikes, rental: str) -> None:
    """A rental that was ended is not found, and cannot be ended again."""
    answered = [bikes.rental(rental), bikes.end(rental), bikes.rental(rental), bikes.end(rental)]

    assert [each.status_code for each in answered] == [200, 204, 404, 404]
