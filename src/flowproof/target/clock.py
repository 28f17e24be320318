"""The clock of a target that nobody controls, as its own answers show it: RFC 9110, 6.6.1, the header ``Date``."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

__all__ = ["TargetClock", "answered_at"]


class Headed(Protocol):
    """An answer with its headers, such as that of `requests`."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, whatever its case."""


def answered_at(answer: Headed) -> datetime:
    """
    The moment at which an answer was made, by its target's clock (aware, UTC, whole seconds).

    An answer without a date that can be read was made when it arrived.
    """
    text = answer.headers.get("Date", "")
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return datetime.now(UTC)
    return moment.astimezone(UTC)


class TargetClock:
    """
    What a target's clock shows, told from an answer.

    Args:
        ask: Requests any answer of the target, once.
        slack: How far a clock may be off before it is no longer taken for our own.
    """

    def __init__(self, ask: Callable[[], Headed], *, slack: timedelta = timedelta(seconds=2)) -> None:
        self._ask = ask
        self._slack = slack
        self._ahead: timedelta | None = None

    def now(self) -> datetime:
        """The time on it (aware, UTC); our own, where both agree but for what an answer takes."""
        if self._ahead is None:
            ahead = answered_at(self._ask()) - datetime.now(UTC)
            self._ahead = ahead if abs(ahead) > self._slack else timedelta()
        return datetime.now(UTC) + self._ahead
