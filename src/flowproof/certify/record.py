"""The events of a run grouped by test and resource. Of a repeated test the last result counts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from flowproof.errors import ConfigurationError

from .events import CleanedUp, Created, Event, Exchanged, Planned, Recognised, RunFinished, RunStarted, TestFinished

__all__ = ["RunRecord", "TestAttempt", "group_events"]

FIX = "Give the events of one run."


@dataclass(slots=True)
class TestAttempt:
    """The last attempt of a test: its plan, its exchanges and its end."""

    __test__ = False  # not a class of tests for pytest

    planned: Planned
    part: int
    exchanges: list[Exchanged] = field(default_factory=list)
    finished: TestFinished | None = None


@dataclass(slots=True)
class RunRecord:
    """
    The events of one run.

    Args:
        started: The start of the run's last part.
        first_at: The start of its first part.
        last_at: The latest time of any event.
        parts: How often it was started.
        recognised: How a response showed that the target is a mock of ours; empty where none did.
        attempts: By test, in the order in which they were planned.
        others: Exchanges without a planned test.
        created: By id.
        cleaned: By the id of the created resource.
        finished: The end of the run; None where it was interrupted.
    """

    started: RunStarted
    first_at: datetime
    last_at: datetime
    parts: int = 1
    recognised: str = ""
    attempts: dict[str, TestAttempt] = field(default_factory=dict)
    others: list[Exchanged] = field(default_factory=list)
    created: dict[str, Created] = field(default_factory=dict)
    cleaned: dict[str, CleanedUp] = field(default_factory=dict)
    finished: RunFinished | None = None

    def add(self, event: Event) -> None:
        """Add the next event."""
        self.last_at = max(self.last_at, getattr(event, "at", self.last_at))
        match event:
            case RunStarted():
                self._resume(event)
            case Recognised():
                self.recognised = event.how
            case Planned():
                self._plan(event)
            case Exchanged():
                attempt = self.attempts.get(event.test)
                (attempt.exchanges if attempt else self.others).append(event)
            case TestFinished():
                self._finish(event)
            case Created():
                self.created[event.id] = event
            case CleanedUp():
                self.cleaned[event.created] = event
            case RunFinished():
                self.finished = event

    def _resume(self, event: RunStarted) -> None:
        before = self.started
        if (before.run, before.provider, before.suite_digest) != (event.run, event.provider, event.suite_digest):
            raise ConfigurationError("The events are of more than one run.", FIX)
        if before.target != event.target:
            raise ConfigurationError("The run went on with another target.", FIX)
        self.started, self.parts, self.finished = event, self.parts + 1, None

    def _plan(self, event: Planned) -> None:
        known = self.attempts.get(event.test)
        if known is None or known.part < self.parts:
            self.attempts[event.test] = TestAttempt(event, self.parts)

    def _finish(self, event: TestFinished) -> None:
        if event.test not in self.attempts:
            raise ConfigurationError(f"The events end a test that was never planned: {event.test}.", FIX)
        self.attempts[event.test].finished = event


def group_events(events: Iterable[Event]) -> RunRecord:
    """
    Group the events of a run.

    Raises:
        ConfigurationError: They do not begin with a run, or are of more than one.
    """
    stream = iter(events)
    first = next(stream, None)
    if not isinstance(first, RunStarted):
        raise ConfigurationError("The events do not begin with a run.", FIX)
    record = RunRecord(first, first.at, first.at)
    for event in stream:
        record.add(event)
    return record
