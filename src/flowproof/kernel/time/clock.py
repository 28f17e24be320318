"""The mock's only source of time. Nothing else in the kernel or in a mock may ask the operating system."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from flowproof.errors import ConfigurationError

__all__ = [
    "MAX_INSTANT",
    "Clock",
    "Mode",
    "instant_from_text",
    "instant_to_text",
    "later",
    "microseconds",
    "stopwatch_ms",
    "system_now",
]

Mode = Literal["real", "frozen", "stepped"]
MODES: tuple[Mode, ...] = ("real", "frozen", "stepped")
MAX_SECONDS = 3.2e11  # ten thousand years
MIN_INSTANT = datetime.min.replace(tzinfo=UTC)
MAX_INSTANT = datetime.max.replace(tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def system_now() -> datetime:
    """The operating system's time, aware, UTC."""
    return datetime.now(UTC)


def stopwatch_ms() -> float:
    """A monotonic reading in milliseconds; only differences mean anything."""
    return time.perf_counter() * 1000


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970 of an aware instant, exactly."""
    return (instant - EPOCH) // MICROSECOND


def later(instant: datetime, seconds: float) -> datetime:
    """An aware instant so many seconds later, or earlier where they are negative; the calendar's end beyond it."""
    try:
        return instant + timedelta(seconds=seconds)
    except OverflowError:
        return MAX_INSTANT if seconds > 0 else MIN_INSTANT


def instant_to_text(instant: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and ``Z``, such as ``2017-04-08T13:41:19.998Z``."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def instant_from_text(text: str) -> datetime:
    """
    Read an ISO 8601 date or date-time as an aware instant; without a zone it is UTC.

    Raises:
        ConfigurationError: The text is no ISO 8601 date or date-time.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            f"{text!r} is not a date or time.", "Write ISO 8601, such as 2024-09-13 or 2024-09-13T12:00:00Z."
        ) from error
    try:
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ConfigurationError(
            f"{text!r} is out of range in UTC.", "Choose a time between the years 1 and 9999."
        ) from error


@dataclass(frozen=True, slots=True)
class Clock:
    """
    A workspace's only source of time.

    Args:
        mode: ``real`` follows the operating system at an offset, ``frozen`` stands still, ``stepped`` moves on by
            ``step_s`` after each exchange.
        offset_s: Distance of a real clock from the operating system's time, in seconds.
        instant: What a frozen or stepped clock shows (aware, UTC); None for a real one.
        step_s: Length of a step, in seconds.
    """

    mode: Mode = "real"
    offset_s: float = 0.0
    instant: datetime | None = None
    step_s: float = 1.0

    @classmethod
    def frozen(cls, instant: datetime) -> "Clock":
        """A clock that stands still at an aware instant."""
        return cls(mode="frozen", instant=instant)

    @staticmethod
    def at_microseconds(since_1970: int) -> datetime:
        """The aware instant of so many microseconds since 1970; the calendar's end beyond it. See `microseconds`."""
        try:
            return EPOCH + timedelta(microseconds=since_1970)
        except OverflowError:
            return MAX_INSTANT if since_1970 > 0 else MIN_INSTANT

    def now(self) -> datetime:
        """The time on this clock, aware, UTC; the end of the calendar once that is reached."""
        if self.instant is not None:
            return self.instant
        return later(system_now(), self.offset_s) if self.offset_s else system_now()

    def set(self, instant: datetime) -> "Clock":
        """The same kind of clock, showing that instant now."""
        if self.instant is None:
            return replace(self, offset_s=(instant - system_now()).total_seconds())
        return replace(self, instant=instant)

    def advance(self, seconds: float) -> "Clock":
        """
        The same clock, that many seconds later.

        Raises:
            ConfigurationError: The clock would leave the years 1 to 9999.
        """
        try:
            return self.set(self.now() + timedelta(seconds=seconds))
        except OverflowError as error:
            raise ConfigurationError(
                f"A clock cannot be advanced by {seconds} s.", "Stay between the years 1 and 9999."
            ) from error

    def after_exchange(self) -> "Clock":
        """The clock after one exchange: a stepped one has moved on, up to the end of the calendar; others have not."""
        if self.mode != "stepped":
            return self
        step = timedelta(seconds=self.step_s)
        return self.set(MAX_INSTANT if MAX_INSTANT - self.now() < step else self.now() + step)

    def to_json(self) -> dict[str, Any]:
        """The clock as the control API shows it and the store keeps it."""
        value: dict[str, Any] = {"mode": self.mode, "now": self.now().isoformat()}
        if self.mode == "stepped":
            value["step_s"] = self.step_s
        if self.mode == "real":
            value["offset_s"] = self.offset_s
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Clock":
        """
        Read what :meth:`to_json` wrote, or what a user sent: ``now`` may be left out.

        Raises:
            ConfigurationError: The mode is unknown or the time cannot be read.
        """
        mode = value.get("mode", "real")
        if mode not in MODES:
            raise ConfigurationError(f"{mode!r} is no mode of a clock.", f"Choose one of {', '.join(MODES)}.")
        if mode == "real":
            clock = cls(offset_s=_seconds(value, "offset_s", 0.0, low=-6.3e10))
            return clock.set(instant_from_text(value["now"])) if "now" in value and "offset_s" not in value else clock
        instant = instant_from_text(value["now"]) if "now" in value else system_now()
        return cls(mode=mode, instant=instant, step_s=_seconds(value, "step_s", 1.0, low=0.0))


def _seconds(value: dict[str, Any], name: str, default: float, *, low: float) -> float:
    seconds = value.get(name, default)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not low <= seconds <= MAX_SECONDS:
        raise ConfigurationError(
            f"{name} of a clock is {seconds!r}.", f"Write a number of seconds from {low:g} to {MAX_SECONDS:g}."
        )
    return seconds
