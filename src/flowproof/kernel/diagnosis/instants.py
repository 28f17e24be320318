"""One instant in the many ways in which clients write it. Reads and writes text; never asks what time it is."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import NamedTuple

__all__ = ["FORMATS", "Instant", "form_of", "later", "parse", "write"]


class Instant(NamedTuple):
    """A moment to the second (UTC), with the digits of its fraction as they were written."""

    second: datetime
    fraction: str


UNIX = re.compile(r"(\d{9,10})(?:\.(\d{1,9}))?|(\d{10})(\d{3}|\d{6}|\d{9})", re.ASCII)
ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[T ](\d\d):?(\d\d):?(\d\d)(?:[.,](\d{1,9}))? ?(Z|UTC|GMT|[+-]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)
RFC_1123 = re.compile(r"[a-z]{3}, \d\d? [a-z]{3} \d{4} \d\d:\d\d:\d\d (GMT|UTC|[+-]\d{4})", re.ASCII | re.IGNORECASE)

# Name of a format: (strftime pattern or own word, fraction digits, what follows).
_DAY_T, _DAY_BLANK = "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"
_WRITTEN: dict[str, tuple[str, int, str]] = {
    "Unix seconds": ("unix", 0, ""),
    "Unix milliseconds": ("unix", 3, ""),
    "Unix microseconds": ("unix", 6, ""),
    "Unix nanoseconds": ("unix", 9, ""),
    "Unix seconds with a fraction": ("unix.", 6, ""),
    "ISO 8601 with Z": (_DAY_T, 0, "Z"),
    "ISO 8601 with milliseconds and Z": (_DAY_T, 3, "Z"),
    "ISO 8601 with microseconds and Z": (_DAY_T, 6, "Z"),
    "ISO 8601 with seven digits of a fraction and Z": (_DAY_T, 7, "Z"),
    "ISO 8601 with nanoseconds and Z": (_DAY_T, 9, "Z"),
    "ISO 8601 with +0000": (_DAY_T, 0, "+0000"),
    "ISO 8601 with milliseconds and +0000": (_DAY_T, 3, "+0000"),
    "ISO 8601 with +00:00": (_DAY_T, 0, "+00:00"),
    "ISO 8601 with milliseconds and +00:00": (_DAY_T, 3, "+00:00"),
    "ISO 8601 with microseconds and +00:00": (_DAY_T, 6, "+00:00"),
    "ISO 8601 without zone": (_DAY_T, 0, ""),
    "ISO 8601 with milliseconds, without zone": (_DAY_T, 3, ""),
    "ISO 8601 with microseconds, without zone": (_DAY_T, 6, ""),
    "YYYY-MM-DD HH:MM:SS": (_DAY_BLANK, 0, ""),
    "YYYY-MM-DD HH:MM:SS with milliseconds": (_DAY_BLANK, 3, ""),
    "YYYY-MM-DD HH:MM:SS with microseconds": (_DAY_BLANK, 6, ""),
    "YYYY-MM-DD HH:MM:SS UTC": (_DAY_BLANK, 0, " UTC"),
    "ISO 8601 basic": ("%Y%m%dT%H%M%S", 0, "Z"),
    "ISO 8601 to the minute": ("%Y-%m-%dT%H:%M", 0, "Z"),
    "the date alone": ("%Y-%m-%d", 0, ""),
    "RFC 1123 GMT": ("rfc1123", 0, ""),
    "RFC 1123 with +0000": ("rfc1123", 0, "+0000"),
    "asctime": ("%a %b %d %H:%M:%S %Y", 0, ""),
}
FORMATS = tuple(_WRITTEN)


def parse(text: str) -> Instant | None:
    """The instant that a text names, taking one without a zone for UTC; None where it names none."""
    text = text.strip()
    try:
        if unix := UNIX.fullmatch(text):
            return Instant(datetime.fromtimestamp(int(unix[1] or unix[3]), UTC), unix[2] or unix[4] or "")
        if iso := ISO.fullmatch(text):
            zone = (iso[8] or "Z").upper().replace("UTC", "Z").replace("GMT", "Z")
            second = datetime.fromisoformat("{}-{}-{}T{}:{}:{}".format(*iso.groups()[:6]) + zone)
            return Instant(second.astimezone(UTC), iso[7] or "")
        if RFC_1123.fullmatch(text):
            return Instant(parsedate_to_datetime(text).astimezone(UTC), "")
    except (ValueError, OverflowError):
        pass
    return None


def form_of(text: str) -> str | None:
    """The first of the FORMATS in which a text names its instant, or None."""
    instant = parse(text)
    return None if instant is None else next((form for form in FORMATS if write(instant, form) == text), None)


def later(instant: Instant, milliseconds: int) -> Instant:
    """
    The instant so much later, or earlier where that is negative.

    Raises:
        OverflowError: No date is so late or so early.
    """
    thousandths = int(instant.fraction[:3].ljust(3, "0")) + milliseconds
    second = instant.second + timedelta(seconds=thousandths // 1000)
    return Instant(second, f"{thousandths % 1000:03d}{instant.fraction[3:]}")


def write(instant: Instant, form: str) -> str:
    """The instant in one of the FORMATS, its fraction cut or filled with zeros."""
    pattern, digits, zone = _WRITTEN[form]
    fraction = instant.fraction.ljust(digits, "0")[:digits]
    if pattern.startswith("unix"):
        return f"{int(instant.second.timestamp())}{pattern.removeprefix('unix')}{fraction}"
    if pattern == "rfc1123":
        return format_datetime(instant.second, usegmt=not zone)
    return f"{instant.second.strftime(pattern)}{'.' if fraction else ''}{fraction}{zone}"
