"""What a run has sent and found, as values: steps with their answers, findings, a tally of each operation and kind."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from .judging import Fault
from .requests import Kind, Sequence, Step
from .targets import Received

__all__ = ["Done", "Finding", "Fuzzing", "Tally"]


@dataclass(frozen=True, slots=True)
class Done:
    """A step as it was sent, and what came back; None where nothing did."""

    step: Step
    received: Received | None


@dataclass(frozen=True, slots=True)
class Finding:
    """
    Something that is wrong, in its smallest form.

    Args:
        operation: Whose answer shows it.
        fault: What.
        sequence: What was drawn.
        done: What was sent up to the fault, and received.
        repeats: Whether it was there again when the same was sent again.
    """

    operation: str
    fault: Fault
    sequence: Sequence
    done: tuple[Done, ...]
    repeats: bool = True


@dataclass(slots=True)
class Tally:
    """
    What was done for one operation and kind.

    Args:
        operation: Its id.
        kind: Of its requests.
        requests: How many were sent, with those that made a finding smaller.
        answers: How often each status came.
        example: An exchange.
        findings: With their smallest sequences.
        omitted: Why nothing, or nothing more, was sent; empty where all was.
        broken: Why nothing could be judged; empty where it could.
    """

    operation: str
    kind: Kind
    requests: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    example: Done | None = None
    findings: list[Finding] = field(default_factory=list)
    omitted: str = ""
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Fuzzing:
    """
    What a run has done.

    Args:
        seed: Repeats it.
        began_at: Aware.
        ended_at: Aware.
        tallies: Of each operation and kind.
        over: Whether the budget ended it before all was sent.
    """

    seed: int
    began_at: datetime
    ended_at: datetime
    tallies: tuple[Tally, ...]
    over: bool

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(each for tally in self.tallies for each in tally.findings)

    @property
    def requests(self) -> int:
        return sum(each.requests for each in self.tallies)
