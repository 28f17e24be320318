"""Fixtures of this suite."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from ..client import Acme

Draft = Callable[..., dict[str, Any]]


@pytest.fixture
def today(acme: Acme) -> date:
    """Today as the target has it: by the Date of its answer, so that nobody's clock has to be right."""
    return parsedate_to_datetime(acme.bookings(limit=1).headers["Date"]).date()


@pytest.fixture
def draft(today: date) -> Draft:
    """Makes a booking that is valid, but for what a test changes: `draft(guests=3)`, `draft(days_ahead=90)`."""

    def make(days_ahead: int = 30, **changes: Any) -> dict[str, Any]:
        return {"room": "blue", "guests": 2, "day": str(today + timedelta(days=days_ahead)), **changes}

    return make


@pytest.fixture
def book(acme: Acme, draft: Draft) -> Iterator[Callable[..., dict[str, Any]]]:
    """Makes a booking and returns what was answered; what is left of them is cancelled after the test."""
    made: list[str] = []

    def make(**changes: Any) -> dict[str, Any]:
        answer = acme.create(draft(**changes))
        assert answer.status_code == 201, answer.text
        booking: dict[str, Any] = answer.json()
        made.append(booking["id"])
        return booking

    yield make
    for each in made:
        if acme.booking(each).status_code == 200:
            acme.cancel(each)
