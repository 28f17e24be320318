"""An observer that lets everything pass and remembers what it learnt."""

import threading
from dataclasses import dataclass, field

from flowproof.proxy import Decision, Outcome
from flowproof.proxy.observer import Request


@dataclass
class Spy:
    """
    Lets everything pass.

    Args:
        decision: What it decides of every request, apart from `done`.
        largest_body: How many bytes of a body it wants to see.
    """

    decision: dict[str, object] = field(default_factory=dict)
    largest_body: int = 1 << 20
    requests: list[Request] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def decide(self, request: Request) -> Decision:
        """Note the request."""
        self.requests.append(request)
        return Decision(done=self._done, **self.decision)  # type: ignore[arg-type]  # (each test names fields of Decision)

    def _done(self, outcome: Outcome) -> None:
        with self._arrived:
            self.outcomes.append(outcome)
            self._arrived.notify_all()

    def outcome(self) -> Outcome:
        """The only outcome, waited for."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.outcomes, 30)
        (outcome,) = self.outcomes
        return outcome
