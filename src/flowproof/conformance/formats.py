"""The ``format`` values of our contracts, with the same functions for both validators."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType

__all__ = ["FORMATS"]

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# (Python 3.14 reads 24:00 as the next day's midnight, RFC 3339 knows no such hour)
DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt](?:[01]\d|2[0-3]):\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:[0-5]\d)", re.ASCII)


@lru_cache(maxsize=4096)
def is_date(text: str) -> bool:
    """RFC 3339 ``full-date`` that exists in the calendar; cached, since requests repeat few dates."""
    return bool(DATE.fullmatch(text)) and _exists(date.fromisoformat, text)


def is_date_time(text: str) -> bool:
    """RFC 3339 ``date-time`` that exists; a fraction may have any number of digits, a leap second is not accepted."""
    found = DATE_TIME.fullmatch(text)
    if not found:
        return False
    fraction = found[1] or ""
    return _exists(datetime.fromisoformat, text.upper().replace(fraction, "", 1) if fraction else text.upper())


def is_time_zone(text: str) -> bool:
    """A name of the IANA time zone database."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 (one contract in five needs it)

    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _exists(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def accept_any(_text: str) -> bool:
    """Accept formats that we do not check; the two libraries would check some of them differently."""
    return True


# fmt: off
NOT_CHECKED = (
    "duration", "email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri", "iri-reference",
    "json-pointer", "regex", "relative-json-pointer", "time", "uri", "uri-reference", "uri-template", "uuid",
)
# fmt: on
FORMATS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {**dict.fromkeys(NOT_CHECKED, accept_any), "date": is_date, "date-time": is_date_time, "time-zone": is_time_zone}
)
