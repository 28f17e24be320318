"""Moves the dates of a documented example to today, so that it means at any time what it meant on its own day."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flowproof.cases import CaseRequest

__all__ = ["moved", "passed", "redated"]

WHEN = re.compile(
    r"(?<!\d)(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:(?P<between>[T ])(?P<time>\d\d:\d\d:\d\d)(?P<rest>(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?))?(?!\d)"
)


def redated(request: CaseRequest, clock: str, now: datetime) -> CaseRequest:
    """
    The request with every date and time in its headers, query and body moved by as much as has passed since.

    Args:
        request: Of a case.
        clock: When the case happens, ISO 8601.
        now: Aware; when it is sent.
    """
    shift = passed(clock, now)
    body = request.body
    return replace(
        request,
        query=moved(request.query, shift),
        headers=moved(request.headers, shift),
        body=None if body is None else WHEN.sub(lambda found: _when(found, shift), body.decode()).encode(),
    )


def passed(clock: str, now: datetime) -> timedelta:
    """
    How much time has passed since a case.

    Args:
        clock: When the case happens, ISO 8601.
        now: Aware.
    """
    return now.astimezone(UTC) - datetime.fromisoformat(clock)


def moved(value: Any, shift: timedelta) -> Any:
    """A JSON value with every date and time in its texts moved."""
    if isinstance(value, str):
        return WHEN.sub(lambda found: _when(found, shift), value)
    if isinstance(value, Mapping):
        return {name: moved(each, shift) for name, each in value.items()}
    return [moved(each, shift) for each in value] if isinstance(value, list) else value


def _when(found: re.Match[str], shift: timedelta) -> str:
    """A date is moved by whole days; one that is none, such as 2024-13-45, or that leaves the calendar, stays."""
    try:
        if found["time"] is None:
            return (date.fromisoformat(found["day"]) + timedelta(days=round(shift / timedelta(days=1)))).isoformat()
        moved = datetime.fromisoformat(f"{found['day']}T{found['time']}") + shift
    except (ValueError, OverflowError):
        return found[0]
    return f"{moved:%Y-%m-%d}{found['between']}{moved:%H:%M:%S}{found['rest']}"
