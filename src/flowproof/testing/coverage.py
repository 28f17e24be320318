"""
Which operations, statuses and obligations the runs have touched, and which weather touches what none has.

A feature is a tuple: `("fault", operation, kind)`, `("status", operation, number)`, `("webhook", event, what)`, or
`("obligation", id)`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from flowproof.conduct import ConductReport

from .forecast import TRANSIENT, Forecast
from .run import Run
from .weather import Weather

__all__ = ["Coverage", "Feature"]

Feature = tuple[str, ...]


@dataclass(slots=True)
class Coverage:
    """
    What runs have touched so far.

    Args:
        known: What weather the provider can have.
        stalls: Whether answers may be slow.
    """

    known: Forecast
    stalls: bool = False
    called: set[str] = field(default_factory=set)
    touched: set[Feature] = field(default_factory=set)

    def add(self, run: Run, conduct: ConductReport) -> None:
        """Keep what a run has touched."""
        self.called |= run.operations
        self.touched |= set(_met(run))
        self.touched |= {("obligation", each.requirement) for each in (*conduct.of("PASS"), *conduct.of("FAIL"))}

    def possible(self) -> frozenset[Feature]:
        """What weather can touch of the operations that the client calls, and the obligations of those."""
        return frozenset(each for operation in self.called for each in self._of_operation(operation))

    @property
    def tried(self) -> frozenset[tuple[str, str]]:
        """Operation, or event, and kind of each thing that has gone wrong with it."""
        return frozenset((each[1], each[2]) for each in self.touched if each[0] in ("fault", "webhook"))

    @property
    def untried(self) -> frozenset[tuple[str, str]]:
        """Operation and kind of each fault that hit no call."""
        return frozenset((each[1], each[2]) for each in self.possible() - self.touched if each[0] == "fault")

    def preferred(self, weathers: Sequence[Weather], count: int) -> list[int]:
        """Indexes of the weathers that together touch most of what no run has touched; the earlier of equal ones."""
        seen, left, chosen = set(self.touched), dict(enumerate(weathers)), list[int]()
        while left and len(chosen) < count:
            best = max(left, key=lambda at: (len(set(self.features(left[at])) - seen), -at))
            seen |= set(self.features(left.pop(best)))
            chosen.append(best)
        return chosen

    def features(self, weather: Weather) -> Iterator[Feature]:
        """What a weather may touch."""
        for plan in weather.faults:
            operation = str(plan.get("operation", ""))
            yield "fault", operation, str(plan["fault"])
            if "status" in plan:
                yield "status", operation, str(plan["status"])
            yield from self._obligations(operation)
        yield from (("webhook", "any", name) for name in weather.webhooks)

    def _of_operation(self, operation: str) -> Iterator[Feature]:
        described = next((each for each in self.known.operations if each.id == operation), None)
        if described is None:
            return
        yield from (("fault", operation, kind) for kind in self.known.kinds(described, stalls=self.stalls))
        yield from (("status", operation, str(status)) for status in TRANSIENT)
        yield from self._obligations(operation)

    def _obligations(self, operation: str) -> Iterator[Feature]:
        for each in self.known.contract.requirements.values():
            if each.binds_clients and operation in each.operations:
                yield "obligation", each.id


def _met(run: Run) -> Iterator[Feature]:
    """What has gone wrong with the calls and webhooks of a run, and what was answered."""
    for each in run.entries:
        operation = each["operation"]
        if each["direction"] == "out":
            yield from (("webhook", operation, name) for name in run.weather.webhooks)
        elif operation:
            yield from (("fault", operation, str(plan["fault"])) for plan in each["faults"])
            yield "status", operation, str(each["response"]["status"])
    yield from (("webhook", "any", name) for name in run.weather.webhooks)
