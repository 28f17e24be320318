"""One fault plan: what goes wrong, and which calls it hits."""

import hashlib
from dataclasses import asdict, dataclass
from random import Random
from typing import Annotated, Any

from .effects import Effect
from .fields import Range

__all__ = ["SCHEDULE", "FaultPlan"]

COUNT = Range(1, 1_000_000)
SCHEDULE = ("first", "every", "probability")


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """What goes wrong on purpose, where, how often. Without a schedule, on every matching call."""

    id: Annotated[str, "Name under which it shows in the journal; by default `fault-1`, `fault-2` and so on."]
    effect: Effect
    provider: Annotated[str | None, "Only calls of the provider with this slug."] = None
    operation: Annotated[str | None, "Only calls of this operationId."] = None
    first: Annotated[int | None, COUNT, "Only the first so many matching calls."] = None
    every: Annotated[int | None, COUNT, "Only every so many-th matching call."] = None
    probability: Annotated[float | None, Range(0, 1), "With this probability, drawn from the workspace's seed."] = None
    calls: Annotated[int, Range(0, 2**53), "How many calls have matched so far."] = 0

    def matches(self, provider: str, operation: str | None) -> bool:
        """Whether a call of that operation is counted."""
        return self.provider in (None, provider) and self.operation in (None, operation)

    def fires(self, rng: Random) -> bool:
        """Whether the call that was counted last is hit."""
        if self.first is not None and self.calls > self.first:
            return False
        if self.every is not None and self.calls % self.every != 0:
            return False
        return self.probability is None or rng.random() < self.probability

    def rng(self, seed: str) -> Random:
        """Random numbers for the call that was counted last: the same for the same seed, plan and call."""
        return Random(hashlib.sha256(f"{seed}/{self.id}/{self.calls}".encode()).digest())

    def to_json(self) -> dict[str, Any]:
        """The plan as the control API shows it and the store keeps it."""
        shown = {"id": self.id, "fault": self.effect.kind, **asdict(self.effect)}
        chosen = {each: getattr(self, each) for each in ("provider", "operation", *SCHEDULE)}
        return {**shown, **{key: value for key, value in chosen.items() if value is not None}, "calls": self.calls}
