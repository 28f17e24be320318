"""When to send a request again, and after which delay. Knows no provider, no clock and no global random numbers."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import Random
from typing import TypeVar

from flowproof.clients.errors import ClientError, TryLater, UnexpectedAnswer, Unreachable
from flowproof.errors import ConfigurationError

__all__ = ["NO_RETRY", "TRANSIENT", "Retry", "call_with_retry", "retry_after_s"]

TRANSIENT = frozenset({429, *range(500, 600)})
"""Statuses after which the same request may succeed."""

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retry:
    """
    When to send a request again.

    A `Retry-After` of the provider replaces the delay and is never shortened: where it exceeds `max_delay_s`, the error
    is raised at once, with `retry_after_s`.

    Args:
        attempts: How often a request is sent at most; 1 is no retry.
        first_delay_s: Delay after the first failure.
        factor: Each further delay is that many times the one before.
        jitter: Largest share of a delay, from 0 to 1, that is randomly taken off, so that clients do not act in step.
        max_delay_s: Longest single delay.
        statuses: Statuses after which to send again.

    Raises:
        ConfigurationError: A number is out of its range.

    Source:
        seeds/002, "Create Order": on 5XX "resubmit the request after a few seconds". Documented.
    """

    attempts: int = 4
    first_delay_s: float = 1.0
    factor: float = 2.0
    jitter: float = 0.25
    max_delay_s: float = 60.0
    statuses: frozenset[int] = field(default=TRANSIENT, repr=False)

    def __post_init__(self) -> None:
        in_range = (
            self.attempts >= 1
            and self.first_delay_s >= 0
            and self.factor >= 1
            and 0 <= self.jitter <= 1
            and self.max_delay_s >= 0
        )
        if not in_range:
            raise ConfigurationError(
                f"{self} is out of range.",
                "Give attempts and factor of at least 1, a jitter of 0 to 1, no negative delay.",
            )

    def delay_s(self, *, failures: int, rng: Random) -> float:
        """The delay after so many consecutive failures, in seconds."""
        whole_s = min(self.max_delay_s, self.first_delay_s * self.factor ** (failures - 1))
        return whole_s * (1 - self.jitter * rng.random())

    def pause_s(self, error: ClientError, *, failures: int, resend_lost: bool, rng: Random) -> float | None:
        """
        Seconds to wait before the request is sent again, or None if it is not to be sent again.

        Args:
            error: That of the last attempt.
            failures: Consecutive failures, with the last one.
            resend_lost: Whether to send a request again whose response was lost or cannot be read, though it may have
                been processed.
            rng: Source of the jitter.
        """
        if failures >= self.attempts or not self._repeats(error, resend_lost=resend_lost):
            return None
        requested_s = error.retry_after_s if isinstance(error, TryLater) else None
        if requested_s is None:
            return self.delay_s(failures=failures, rng=rng)
        return requested_s if requested_s <= self.max_delay_s else None

    def _repeats(self, error: ClientError, *, resend_lost: bool) -> bool:
        return resend_lost if _is_lost(error) else error.status in self.statuses


def _is_lost(error: ClientError) -> bool:
    """
    Whether the provider may have processed a request without telling: no whole response, or a success without content
    that can be read, such as a JSON text that breaks off. A response with a wrong field is no accident of its way.
    """
    if isinstance(error, UnexpectedAnswer):
        return error.status is not None and 200 <= error.status < 300 and not error.where
    return isinstance(error, Unreachable)


NO_RETRY = Retry(attempts=1)
"""Each request is sent once."""


def call_with_retry(
    attempt: Callable[[], T], *, retry: Retry, resend_lost: bool, sleep: Callable[[float], None], rng: Random
) -> T:
    """
    Call until it succeeds or `retry` gives up.

    Args:
        attempt: Signs and sends once; raises a ClientError where that fails.
        retry: When to call again.
        resend_lost: See `Retry.pause_s`.
        sleep: Waits that many seconds.
        rng: Source of the jitter.

    Raises:
        ClientError: That of the last attempt.
    """
    failures = 0
    while True:
        try:
            return attempt()
        except ClientError as error:
            failures += 1
            pause_s = retry.pause_s(error, failures=failures, resend_lost=resend_lost, rng=rng)
            if pause_s is None:
                raise
        sleep(pause_s)


def retry_after_s(value: str | None, *, now: datetime) -> float | None:
    """
    Seconds to wait by a `Retry-After` header, or None where it is missing or cannot be read.

    Args:
        value: Seconds or an HTTP date; a date in the past is a wait of 0.
        now: The time, aware.

    Source:
        RFC 9110, section 10.2.3. It has no fractions of a second, but some servers send them.
    """
    if value is None:
        return None
    if _SECONDS.fullmatch(text := value.strip()):
        return float(text)
    try:
        at = parsedate_to_datetime(value)
        # RFC 5322 writes "-0000" for an unknown zone, which parses as naive; HTTP dates are UTC.
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, (aware - now).total_seconds())
    except (ValueError, OverflowError):
        return None
