"""A search under way: runs under weather after weather, what they have touched, and the simplest that broke."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from threading import Lock
from time import CLOCK_MONOTONIC, clock_gettime

from flowproof.conduct import judge, read_journal
from flowproof.errors import ConfigurationError
from flowproof.kit import ProviderKit
from flowproof.target import Workspace

from .coverage import Coverage
from .forecast import forecast, hits, webhook_changes
from .invariants import Breach, breaches
from .run import Bounds, Run, Scenario, fresh, run_scenario
from .weather import Weather

__all__ = ["Broken", "OnRun", "Over", "Search", "Survival"]

OnRun = Callable[[Run, Sequence[Breach]], None]


@dataclass(frozen=True, slots=True)
class Survival:
    """
    What a search has found.

    Args:
        provider: Slug.
        seed: Repeats the search.
        runs: How many there were, the one in fair weather included.
        coverage: What they have touched.
        examples: A run that the client survived, by the operation and kind of each thing that went wrong in it.
        run: The simplest run that broke something; None where the client survived.
        breaches: What it broke.
        steps: How many runs had broken something before the simplest was known.
    """

    provider: str
    seed: int
    runs: int
    coverage: Coverage
    examples: dict[tuple[str, str], Run]
    run: Run | None = None
    breaches: tuple[Breach, ...] = ()
    steps: int = 0

    @property
    def survived(self) -> bool:
        return self.run is None

    @property
    def tried(self) -> frozenset[tuple[str, str]]:
        """Operation and kind of each fault that hit a call."""
        return self.coverage.tried

    @property
    def untried(self) -> frozenset[tuple[str, str]]:
        """Operation and kind of each fault that hit none, of the operations that the client calls."""
        return self.coverage.untried


class Broken(Exception):
    """A run has broken something."""


class Over(BaseException):
    """The budget is used up. No `except Exception` of Hypothesis takes it for an example."""


@dataclass
class Search:
    """One search under way: what was tried, and the simplest run that broke something."""

    scenario: Scenario
    make_workspace: Callable[[], Workspace]
    kit: ProviderKit
    bounds: Bounds
    gives_up: tuple[type[BaseException], ...]
    most_runs: int
    deadline_s: float | None
    on_run: OnRun
    jobs: int = 1
    runs: int = 0
    steps: int = 0
    found: tuple[Run, tuple[Breach, ...]] | None = None
    fair: Run | None = None
    coverage: Coverage = field(init=False)
    verdicts: dict[str, bool] = field(default_factory=dict)
    examples: dict[tuple[str, str], Run] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.coverage = Coverage(forecast(self.kit.slug))

    def run(self, weather: Weather) -> tuple[Run, tuple[Breach, ...]]:
        """One run in a workspace of its own, and what it broke."""
        contract, obligations = forecast(self.kit.slug).contract, self.kit.load_obligations()
        with fresh(self.make_workspace) as workspace:
            done = run_scenario(self.scenario, workspace, weather, self.kit.slug, self.bounds, self.kit.outcomes)
        conduct = judge(read_journal(done.entries, contract), contract, obligations)
        broken = breaches(done, contract, conduct, self.fair, self.gives_up if self.fair else ())
        with self._lock:
            self.runs += 1
            self.coverage.add(done, conduct)
            self._keep(weather, done, broken)
            self.on_run(done, broken)
        return done, broken

    def _keep(self, weather: Weather, done: Run, broken: tuple[Breach, ...]) -> None:
        self.verdicts[repr(weather)] = bool(broken)
        if not broken:
            for each in self.coverage.features(weather):
                if each[0] in ("fault", "webhook"):
                    self.examples.setdefault((each[1], each[2]), done)
        elif self.fair is not None:
            self.steps += 1
            if self.found is None or _complexity(weather) <= _complexity(self.found[0].weather):
                self.found = done, broken

    def is_over(self) -> bool:
        """Whether the budget of runs or of time is used up; a finding may be made simpler for as many runs again."""
        is_late = self.deadline_s is not None and clock_gettime(CLOCK_MONOTONIC) > self.deadline_s
        return is_late or self.runs >= self.most_runs + (self.most_runs if self.found else 0)

    def try_out(self, weather: Weather) -> None:
        """
        One run, as a test of Hypothesis; what has run before is not run again.

        Raises:
            Broken: It broke something.
            Over: The budget is used up.
        """
        known = self.verdicts.get(repr(weather))
        if known is None:
            if self.is_over():
                raise Over
            known = bool(self.run(weather)[1])
        if known:
            raise Broken

    def try_all(self, weathers: Iterable[Weather]) -> None:
        """
        Runs under these weathers, as many at once as there are jobs.

        Raises:
            Broken: One broke something; those that ran beside it are done, too.
            Over: The budget is used up.
        """
        waiting = iter(weathers)
        with ThreadPoolExecutor(self.jobs) as pool:
            while some := list(islice(waiting, self.jobs)):
                if self.is_over():
                    raise Over
                list(pool.map(self.run, some))
                if self.found is not None:
                    raise Broken

    def in_fair_weather(self) -> None:
        """
        The first run, without any fault.

        Raises:
            ConfigurationError: The scenario fails in it.
        """
        done, broken = self.run(Weather())
        if done.error is not None and not isinstance(done.error, Exception):
            raise done.error  # a skip or an interruption is no failure of the client
        if broken:
            raise ConfigurationError(
                f"The scenario fails in fair weather: {broken[0].what}: {broken[0].text}",
                "Fix the scenario or the client first; what other weather does says nothing before.",
            ) from done.error
        if not done.operations:
            raise ConfigurationError(
                f"The scenario sent no request to {self.kit.slug}.",
                "Use the base URL and credentials of its workspace.",
            )
        self.fair = done

    def survival(self, random_seed: int) -> Survival:
        """What the search has found so far."""
        run, broken = self.found or (None, ())
        return Survival(self.kit.slug, random_seed, self.runs, self.coverage, self.examples, run, broken, self.steps)

    def one_by_one(self) -> Iterator[Weather]:
        """Each thing that goes wrong with webhooks, and each fault on the first call of each operation, alone."""
        if self.fair is not None and any(each["direction"] == "out" for each in self.fair.entries):
            for changes in webhook_changes(forecast(self.kit.slug)):
                yield Weather(webhooks=changes)
        waiting, seen = deque[str](), set[str]()
        while True:
            waiting += sorted(self.coverage.called - seen)
            seen |= self.coverage.called
            if not waiting:
                return
            retry_after_s = 1 if self.bounds.real_clock else 30
            yield from _single_faults(self.kit.slug, waiting.popleft(), retry_after_s)


def _single_faults(provider: str, operation: str, retry_after_s: int) -> Iterator[Weather]:
    """Each kind of fault on the first call of an operation, with the values that harm most."""
    for _, kind in _kinds(provider, operation):
        place = {"provider": provider, "operation": operation, "first": 1}
        match kind:
            case "status":
                yield Weather(({"fault": kind, "status": 503, **place},))
                yield Weather(({"fault": kind, "status": 429, "retry_after_s": retry_after_s, **place},))
            case "reset":
                yield Weather(({"fault": kind, "moment": "after", **place},))
                yield Weather(({"fault": kind, "moment": "before", **place},))
            case _:
                yield Weather(({"fault": kind, **place},))


def _kinds(provider: str, operation: str) -> Iterator[tuple[str, str]]:
    known = forecast(provider)
    for each in known.operations:
        if each.id == operation:
            yield from ((operation, kind) for kind in known.kinds(each, stalls=False))


def _complexity(weather: Weather) -> tuple[int, int, int]:
    """How much goes wrong: parts, calls that are hit, and the length of the plan."""
    parts = len(weather.faults) + len(weather.clock) + len(weather.webhooks) + len(weather.account)
    return parts, sum(map(hits, weather.faults)), len(repr(weather))
