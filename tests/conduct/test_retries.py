"""How a client repeats a request: after the pause that it was asked for, and not while the outcome is unknown."""

from typing import Any

import pytest

from flowproof.conduct import Fulfilled, Violated, find_repeat, outcome_was_unknown, pause_s, respects_retry_after
from tests.conduct.entries import entry, journal_of

WAIT = [["Retry-After", "18"]]


def limited(number: int, **changes: Any) -> dict[str, Any]:
    """A list that was refused with 429 and a time to wait."""
    return entry(number, "listNotes", 429, headers=WAIT, **changes)


@pytest.mark.parametrize(("waited_s", "is_kept"), [(1, False), (17, False), (18, True), (60, True)])
def test_wait_is_compared_with_what_was_asked(waited_s: int, is_kept: bool) -> None:
    """A request that is repeated sooner than Retry-After allows is a violation."""
    journal = journal_of(limited(1, second=0), entry(2, "listNotes", 200, second=waited_s))

    (observation,) = respects_retry_after(429)(journal)

    assert isinstance(observation, Fulfilled) == is_kept
    assert [each.number for each in observation.exchanges] == [1, 2]


NO_WAIT_TO_TELL = {
    "never repeated": [limited(1)],
    "another request": [limited(1), entry(2, "listNotes", 200, query="page=2")],
    "a clock that stands still": [
        limited(1, second=0, clock="frozen"),
        entry(2, "listNotes", 200, second=0, clock="frozen"),
    ],
    "a journal that names no clock": [limited(1, second=0), entry(2, "listNotes", 200, second=0)],
    "another status": [entry(1, "listNotes", 503, headers=WAIT), entry(2, "listNotes", 200)],
    "no time to wait": [entry(1, "listNotes", 429), entry(2, "listNotes", 200)],
    "a date to wait for": [
        entry(1, "listNotes", 429, headers=[["Retry-After", "Fri, 13 Sep 2024 12:00:10 GMT"]]),
        entry(2, "listNotes", 200),
    ],
}


@pytest.mark.parametrize("case", NO_WAIT_TO_TELL)
def test_unknown_pause_is_no_observation(case: str) -> None:
    """Where a request is not repeated, or the pause is unknown, there is no observation."""
    assert list(respects_retry_after(429)(journal_of(*NO_WAIT_TO_TELL[case]))) == []


def test_repeated_request_has_the_same_body() -> None:
    """A repeat has the same method, path, query and body, whatever its headers and response."""
    journal = journal_of(entry(1, sent="a"), entry(2, sent="b"), entry(3, status=503, sent="a"))
    first, _, third = journal

    assert (find_repeat(first, journal), find_repeat(third, journal)) == (third, None)


@pytest.mark.parametrize(
    ("clock", "at_once"), [("real", 0.0), ("frozen", None), ("stepped", None), (None, None)], ids=str
)
def test_pause_at_one_instant_depends_on_the_clock(clock: str | None, at_once: float | None) -> None:
    """Two exchanges at one instant have a pause of 0 on a real clock; on any other clock the pause is unknown."""
    same: dict[str, Any] = {} if clock is None else {"clock": clock}
    first, again, later = journal_of(
        entry(1, second=5, **same), entry(2, second=5, **same), entry(3, second=12, **same)
    )

    assert (pause_s(first, again), pause_s(again, later)) == (at_once, 7.0)


def test_request_repeated_at_once_is_a_breach() -> None:
    """On a real clock a request that is repeated in the same millisecond is a violation."""
    journal = journal_of(limited(1, second=0, clock="real"), entry(2, "listNotes", 200, second=0, clock="real"))

    (observation,) = respects_retry_after(429)(journal)

    assert isinstance(observation, Violated)


def test_outcome_is_unknown_after_a_lost_or_late_answer() -> None:
    """The outcome is unknown when the response was lost, or came after the second request."""
    lost = entry(1, second=1, faults=[{"id": "fault-1", "fault": "reset"}])
    late, again = entry(2, second=9), entry(3, second=4)
    first, second, third = journal_of(lost, late, again)

    assert [
        outcome_was_unknown(first, second),
        outcome_was_unknown(second, third),
        outcome_was_unknown(third, second),
    ] == [True, True, False]


@pytest.mark.parametrize(
    ("clock", "fault", "is_unknown"),
    [
        ("frozen", "latency", True),
        ("stepped", "latency", True),
        (None, "latency", True),
        ("real", "latency", False),
        ("frozen", "status", False),
    ],
    ids=str,
)
def test_held_back_answer_is_late_where_the_clock_stands_still(clock: str | None, fault: str, is_unknown: bool) -> None:
    """On a clock that stands still an answer that a fault held back counts as late; on a real one its moment tells."""
    same: dict[str, Any] = {"second": 5} if clock is None else {"second": 5, "clock": clock}
    held, again = journal_of(entry(1, faults=[{"id": "fault-1", "fault": fault}], **same), entry(2, **same))

    assert outcome_was_unknown(held, again) == is_unknown
