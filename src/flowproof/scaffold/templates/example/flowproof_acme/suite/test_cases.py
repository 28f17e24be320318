"""Documented examples, replayed under a frozen clock: fixtures/cases."""

from collections.abc import Callable


def test_documented_case(replay_case: Callable[[], None]) -> None:
    """A documented example is answered as its source shows."""
    replay_case()
