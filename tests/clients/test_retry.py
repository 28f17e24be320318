"""When a request is sent again, and after which delay. No network, no clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowproof.clients import (
    NO_RETRY,
    ClientError,
    NotFound,
    RateLimited,
    Retry,
    ServerFailed,
    Unreachable,
)
from flowproof.clients.retry import call_with_retry, retry_after_s
from flowproof.errors import ConfigurationError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
STEADY = Retry(attempts=4, first_delay_s=1, factor=2, jitter=0, max_delay_s=60)


def failed(retry_after_s: float | None = None) -> ServerFailed:
    """A 503 of the provider."""
    return ServerFailed("GET", "/api/order", 503, "not ready", None, retry_after_s)


def lost() -> Unreachable:
    """An error for a lost response."""
    return Unreachable("POST", "/api/order", None, "reset")


def make_attempt(*outcomes: ClientError | str) -> Callable[[], str]:
    """An attempt with one of these outcomes at each call."""
    rest = iter(outcomes)

    def attempt() -> str:
        outcome = next(rest)
        if isinstance(outcome, ClientError):
            raise outcome
        return outcome

    return attempt


def attempted(*outcomes: ClientError | str, retry: Retry = STEADY, resend_lost: bool = True) -> tuple[str, list[float]]:
    """The result of the attempts, and the pauses between them."""
    sleeps: list[float] = []
    done = call_with_retry(
        make_attempt(*outcomes), retry=retry, resend_lost=resend_lost, sleep=sleeps.append, rng=Random(1)
    )
    return done, sleeps


def test_waits_grow_by_the_factor() -> None:
    """Each delay is the factor times the one before."""
    assert attempted(failed(), failed(), failed(), "done") == ("done", [1, 2, 4])


def test_wait_never_exceeds_the_longest_delay() -> None:
    """A delay grows up to the longest delay."""
    retry = Retry(attempts=5, first_delay_s=1, factor=10, jitter=0, max_delay_s=30)

    assert attempted(failed(), failed(), failed(), failed(), "done", retry=retry) == ("done", [1, 10, 30, 30])


def test_last_failure_reaches_the_caller() -> None:
    """After the last attempt the caller gets the error of that attempt."""
    last = failed()

    with pytest.raises(ServerFailed) as raised:
        attempted(failed(), failed(), failed(), last)

    assert raised.value is last


def test_no_retry_sends_once() -> None:
    """With NO_RETRY a request is sent once."""
    with pytest.raises(ServerFailed):
        attempted(failed(), "done", retry=NO_RETRY)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
def test_transient_status_is_sent_again(status: int) -> None:
    """429 and each 5XX are sent again."""
    error = ServerFailed("GET", "/api/order", status, "later")

    assert attempted(error, "done") == ("done", [1])


def test_status_that_cannot_pass_is_not_sent_again() -> None:
    """A 404 is not sent again."""
    with pytest.raises(NotFound):
        attempted(NotFound("GET", "/api/order/1", 404, "none"), "done")


def test_statuses_to_repeat_can_be_chosen() -> None:
    """A caller can choose the statuses after which to send again, here 404."""
    retry = Retry(first_delay_s=1, jitter=0, statuses=frozenset({404}))

    assert attempted(NotFound("GET", "/api/order/1", 404, "none"), "done", retry=retry) == ("done", [1])


def test_lost_answer_is_resent_where_that_is_harmless() -> None:
    """After a lost response a request is sent again where the call allows it."""
    assert attempted(lost(), "done", resend_lost=True) == ("done", [1])


def test_lost_answer_is_not_resent_where_that_could_do_it_twice() -> None:
    """After a lost response a request is not sent again where it may have been processed."""
    with pytest.raises(Unreachable):
        attempted(lost(), "done", resend_lost=False)


def test_retry_after_goes_before_our_own_delay() -> None:
    """A Retry-After replaces the client's delay."""
    limited = RateLimited("GET", "/api/order", 429, "slow down", None, 18.0)

    assert attempted(limited, "done") == ("done", [18.0])


def test_retry_after_beyond_the_longest_delay_gives_up() -> None:
    """A Retry-After longer than the longest delay raises the error at once."""
    with pytest.raises(ServerFailed) as raised:
        attempted(failed(retry_after_s=61), "done")

    assert raised.value.retry_after_s == 61


@given(seed=st.integers(), failures=st.integers(1, 20), jitter=st.floats(0, 1))
def test_jitter_only_shortens_a_wait(seed: int, failures: int, jitter: float) -> None:
    """The jitter shortens a delay by at most its share."""
    whole_s = STEADY.delay_s(failures=failures, rng=Random(seed))

    delay_s = Retry(first_delay_s=1, jitter=jitter).delay_s(failures=failures, rng=Random(seed))

    assert whole_s * (1 - jitter) <= delay_s <= whole_s


def test_equal_seeds_give_equal_waits() -> None:
    """The delays depend only on the given random numbers."""
    delays = [Retry(jitter=1).delay_s(failures=3, rng=Random(7)) for _ in range(2)]

    assert delays[0] == delays[1]


@pytest.mark.parametrize(
    "retry",
    [
        {"attempts": 0},
        {"first_delay_s": -1},
        {"factor": 0.5},
        {"jitter": 1.5},
        {"max_delay_s": -1},
        {"max_delay_s": float("nan")},
    ],
)
def test_retry_out_of_range_is_refused(retry: dict[str, float]) -> None:
    """A number out of its range is a configuration error."""
    with pytest.raises(ConfigurationError):
        Retry(**retry)  # type: ignore[arg-type] # attempts is an int, which the dict of floats cannot say


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("18", 18), (" 7 ", 7), ("1.5", 1.5)])
def test_retry_after_reads_seconds(value: str, seconds: float) -> None:
    """Retry-After in seconds is read as seconds."""
    assert retry_after_s(value, now=NOON) == seconds


@pytest.mark.parametrize("zone", ["GMT", "-0000", ""])
def test_retry_after_reads_an_http_date(zone: str) -> None:
    """Retry-After as a date is the time until then; a date without a zone is UTC."""
    assert retry_after_s(f"Thu, 01 Jan 2026 12:00:30 {zone}", now=NOON) == 30


def test_retry_after_in_the_past_is_no_wait() -> None:
    """Retry-After with a date in the past is a pause of 0."""
    assert retry_after_s("Thu, 01 Jan 2026 11:59:00 GMT", now=NOON) == 0


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "-5",
        "inf",
        "nan",
        "1e3",
        "٣",
        "Thu, 99 Jan 2026 12:00:30 GMT",
        f"Thu, 01 Jan {9**30} 12:00:30 GMT",
    ],
)
def test_unreadable_retry_after_is_none(value: str | None) -> None:
    """A Retry-After that cannot be read is ignored."""
    assert retry_after_s(value, now=NOON) is None


@given(value=st.text())
@example(value="0\x1f")  # (a control character that `str.strip` takes for a blank, and `float` does not)
def test_any_retry_after_is_read_or_left(value: str) -> None:
    """Any header value gives a pause that is not negative, or none."""
    seconds = retry_after_s(value, now=NOON)

    assert seconds is None or seconds >= 0


@given(ahead_s=st.integers(0, 10**8))
def test_http_date_and_seconds_mean_the_same(ahead_s: int) -> None:
    """Seconds and date in Retry-After give the same pause."""
    date = format_datetime(NOON + timedelta(seconds=ahead_s), usegmt=True)

    assert retry_after_s(date, now=NOON) == retry_after_s(str(ahead_s), now=NOON)
