"""One instant in the many ways in which clients write it. Reads and writes text; never asks what time it is."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import NamedTuple

__all__ = ["FORMATS", "Instant", "parse", "write"]


class Instant(NamedTuple):
    """A moment to the second (UTC), with the digits of its fraction as they were written."""

    second: datetime
    fraction: str


UNIX = re.compile(r"(\d{9,10})(?:\.(\d{1,9}))?|(\d{10})(\d{3}|\d{6})", re.ASCII)
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
    "ISO 8601 with Z": (_DAY_T, 0, "Z"),
    "ISO 8601 with milliseconds and Z": (_DAY_T, 3, "Z"),
    "ISO 8601 with microseconds and Z": (_DAY_T, 6, "Z"),
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
    "RFC 1123 GMT": ("rfc1123", 0, ""),
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


def write(instant: Instant, form: str) -> str:
    """The instant in one of the FORMATS, its fraction cut or filled with zeros."""
    pattern, digits, zone = _WRITTEN[form]
    fraction = instant.fraction.ljust(digits, "0")[:digits]
    if pattern == "unix":
        return f"{int(instant.second.timestamp())}{fraction}"
    if pattern == "rfc1123":
        return format_datetime(instant.second, usegmt=True)
    return f"{instant.second.strftime(pattern)}{'.' if fraction else ''}{fraction}{zone}"
