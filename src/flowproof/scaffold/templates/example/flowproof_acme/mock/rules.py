"""What the provider decides. Pure functions: no Flask, no store, no clock."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from flowproof.conformance import Finding

from .errors import InvalidBooking, UnknownBooking

__all__ = ["booking", "check", "found"]

DAYS = 90


def check(sent: Mapping[str, Any], *, rooms: Collection[str], today: date) -> None:
    """
    Check what no schema can tell.

    Args:
        sent: A booking that its schema allows.
        rooms: Those that there are.
        today: In UTC.

    Raises:
        InvalidBooking: There is no such room, or the day is outside the window.
    """
    if findings := [*_room(sent["room"], rooms), *_day(date.fromisoformat(sent["day"]), today)]:
        raise InvalidBooking(findings)


def _room(room: str, rooms: Collection[str]) -> Iterator[Finding]:
    if room not in rooms:
        yield Finding("request.body", "/room", "a room", repr(room), "acme.booking.room")


def _day(day: date, today: date) -> Iterator[Finding]:
    first, last = today + timedelta(days=1), today + timedelta(days=DAYS)
    if not first <= day <= last:
        yield Finding("request.body", "/day", f"a day from {first} to {last}", str(day), "acme.booking.day")


def booking(booking_id: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """A booking as it is kept and answered."""
    return {"id": booking_id, "room": sent["room"], "guests": sent["guests"], "day": sent["day"]}


def found(kept: Any, booking_id: str) -> Any:
    """
    A booking that is there.

    Raises:
        UnknownBooking: It is not.
    """
    if kept is None:
        raise UnknownBooking(
            [Finding("request.path", "/bookingId", "a booking", repr(booking_id), "acme.booking.cancel")]
        )
    return kept
