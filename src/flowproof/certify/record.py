"""The events of a run, sorted by what they are about. A test that was repeated counts as it ended last."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from flowproof.errors import ConfigurationError

from .events import Created, Event, Exchanged, Planned, Recognised, RunFinished, RunStarted, Settled, TestFinished

__all__ = ["Attempt", "Record", "read_record"]

MEND = "Give the events of one run."


@dataclass(slots=True)
class Attempt:
    """The last attempt at a test: what was planned, what it exchanged, how it ended, if it did."""

    planned: Planned
    part: int
    exchanges: list[Exchanged] = field(default_factory=list)
    finished: TestFinished | None = None


@dataclass(slots=True)
class Record:
    """
    The events of one run.

    Args:
        started: How the run's last part began.
        first_at: When its first part did.
        last_at: The last moment that any event tells.
        parts: How often it began.
        recognised: How the target gave itself away as a mock of ours; empty where it did not.
        attempts: By test, in the order in which they were planned.
        others: Exchanges of no planned test.
        created: By id.
        settled: By the id of what was created.
        finished: How it ended; None where it broke off.
    """

    started: RunStarted
    first_at: datetime
    last_at: datetime
    parts: int = 1
    recognised: str = ""
    attempts: dict[str, Attempt] = field(default_factory=dict)
    others: list[Exchanged] = field(default_factory=list)
    created: dict[str, Created] = field(default_factory=dict)
    settled: dict[str, Settled] = field(default_factory=dict)
    finished: RunFinished | None = None

    def take(self, event: Event) -> None:
        """One more event, in its order."""
        self.last_at = max(self.last_at, getattr(event, "at", self.last_at))
        match event:
            case RunStarted():
                self._go_on(event)
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
            case Settled():
                self.settled[event.created] = event
            case RunFinished():
                self.finished = event

    def _go_on(self, event: RunStarted) -> None:
        mine, its = self.started, event
        if (mine.run, mine.provider, mine.suite_digest) != (its.run, its.provider, its.suite_digest):
            raise ConfigurationError("The events are of more than one run.", MEND)
        if mine.target != its.target:
            raise ConfigurationError("The run went on with another target.", MEND)
        self.started, self.parts, self.finished = event, self.parts + 1, None

    def _plan(self, event: Planned) -> None:
        known = self.attempts.get(event.test)
        if known is None or known.part < self.parts:
            self.attempts[event.test] = Attempt(event, self.parts)

    def _finish(self, event: TestFinished) -> None:
        if event.test not in self.attempts:
            raise ConfigurationError(f"The events end a test that was never planned: {event.test}.", MEND)
        self.attempts[event.test].finished = event


def read_record(events: Iterable[Event]) -> Record:
    """
    Sort a run's events.

    Raises:
        ConfigurationError: They do not begin with a run, or are of more than one.
    """
    stream = iter(events)
    first = next(stream, None)
    if not isinstance(first, RunStarted):
        raise ConfigurationError("The events do not begin with a run.", MEND)
    record = Record(first, first.at, first.at)
    for event in stream:
        record.take(event)
    return record
