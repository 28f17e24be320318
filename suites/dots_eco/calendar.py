"""
The suite's own calendar: an oracle for the date window that shares no code with any mock and no `datetime` dates.

A day is a triple of numbers, so that days exist here that no calendar has.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

__all__ = ["Day", "day_at", "expected_message", "last_day", "next_day", "text_of"]

Day = tuple[int, int, int]

LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
END_OF_CALENDAR: Day = (9999, 12, 31)


@dataclass(frozen=True, slots=True)
class _Form:
    """The numbers of a text in the documented form, or None."""

    numbers: Day | None

    @classmethod
    def of(cls, text: str) -> "_Form":
        if len(text) != 10 or text[4] != "-" or text[7] != "-":
            return cls(None)
        parts = (text[:4], text[5:7], text[8:])
        if any(re.search(r"[^0-9]", part) for part in parts):
            return cls(None)
        year, month, day = map(int, parts)
        return cls((year, month, day))


def is_leap(year: int) -> bool:
    """Whether February has 29 days."""
    return year % 400 == 0 if year % 100 == 0 else year % 4 == 0


def length_of(year: int, month: int) -> int:
    """Days of a month."""
    return 29 if month == 2 and is_leap(year) else LENGTHS[month - 1]


def exists(day: Day) -> bool:
    """Whether the calendar has that day. It begins with the year 1."""
    year, month, number = day
    return 1 <= year <= 9999 and 1 <= month <= 12 and 1 <= number <= length_of(year, month)


def next_day(day: Day) -> Day:
    """The day after."""
    year, month, number = day
    if day >= END_OF_CALENDAR:
        return END_OF_CALENDAR
    if number < length_of(year, month):
        return year, month, number + 1
    return (year, month + 1, 1) if month < 12 else (year + 1, 1, 1)


def last_day(day: Day) -> Day:
    """The same day five years on; 1 March where February has no 29th then."""
    year, month, number = day
    later = (year + 5, month, number)
    if later > END_OF_CALENDAR:
        return END_OF_CALENDAR
    return later if number <= length_of(year + 5, month) else (year + 5, month + 1, 1)


def day_at(instant: datetime, zone: str = "UTC") -> Day:
    """The day of an instant in a time zone."""
    local = instant.astimezone(UTC if zone == "UTC" else ZoneInfo(zone))
    return local.year, local.month, local.day


def text_of(day: Day) -> str:
    """A day in the documented form."""
    return "{:04}-{:02}-{:02}".format(*day)


def expected_message(text: str, today: Day) -> str | None:
    """The error message for an `expiration_date` on a day; None where it is valid."""
    numbers = _Form.of(text).numbers
    if numbers is None:
        return "The expiration_date format should be YYYY-mm-dd."
    if not exists(numbers):
        return "The expiration_date is invalid."
    if numbers < next_day(today):
        return f"The minimum expiration_date should be {text_of(next_day(today))}."
    if numbers > last_day(today):
        return f"The maximum expiration_date should be {text_of(last_day(today))}."
    return None
