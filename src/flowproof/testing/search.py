"""
Searches for the weather that a client does not survive, and makes it as simple as it can be.

First each operation that the client calls meets each kind of fault once, alone: what is found there is as simple as can
be. An operation that is called only in bad weather joins them when it is first called. Then weather is drawn.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import CLOCK_MONOTONIC, clock_gettime

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

from flowproof.errors import ConfigurationError
from flowproof.kit import ProviderKit
from flowproof.target import Workspace

from .invariants import Breach, breaches
from .run import Bounds, Run, Scenario, fresh, run_scenario
from .strategies import check_weather, forecast, hits, webhook_changes
from .weather import Weather

__all__ = ["Bounds", "Survival", "replay", "search"]


@dataclass(frozen=True, slots=True)
class Survival:
    """
    What a search has found.

    Args:
        provider: Slug.
        seed: Repeats the search.
        runs: How many there were, the one in fair weather included.
        tried: Operation and kind of each fault that hit a call.
        untried: Operation and kind of each fault that hit none, of the operations that the client calls.
        run: The simplest run that broke something; None where the client survived.
        breaches: What it broke.
        steps: How many runs had broken something before the simplest was known.
    """

    provider: str
    seed: int
    runs: int
    tried: frozenset[tuple[str, str]]
    untried: frozenset[tuple[str, str]]
    run: Run | None = None
    breaches: tuple[Breach, ...] = ()
    steps: int = 0

    @property
    def survived(self) -> bool:
        return self.run is None


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
    on_run: Callable[[Run, Sequence[Breach]], None]
    runs: int = 0
    steps: int = 0
    called: set[str] = field(default_factory=set)
    tried: set[tuple[str, str]] = field(default_factory=set)
    found: tuple[Run, tuple[Breach, ...]] | None = None
    fair: Run | None = None

    def run(self, weather: Weather) -> tuple[Run, tuple[Breach, ...]]:
        """One run in a workspace of its own, and what it broke."""
        contract, obligations = forecast(self.kit.slug).contract, self.kit.load_obligations()
        with fresh(self.make_workspace) as workspace:
            done = run_scenario(self.scenario, workspace, weather, self.kit.slug, self.bounds, self.kit.outcomes)
            broken = breaches(done, contract, obligations, self.fair, self.gives_up if self.fair else ())
        self.runs += 1
        self.called |= done.operations
        self.tried |= set(_met(done))
        if broken and self.fair is not None:
            self.steps += 1
            if self.found is None or _complexity(weather) <= _complexity(self.found[0].weather):
                self.found = done, broken
        self.on_run(done, broken)
        return done, broken

    def try_out(self, weather: Weather) -> None:
        """
        One run, as a test of Hypothesis.

        Raises:
            Broken: It broke something.
            Over: The budget is used up.
        """
        is_late = self.deadline_s is not None and clock_gettime(CLOCK_MONOTONIC) > self.deadline_s
        if is_late or self.runs >= self.most_runs + (self.most_runs if self.found else 0):
            raise Over
        if self.run(weather)[1]:
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

    def survival(self, random_seed: int, untried: set[tuple[str, str]]) -> Survival:
        """What the search has found so far."""
        run, broken = self.found or (None, ())
        return Survival(
            self.kit.slug, random_seed, self.runs, frozenset(self.tried), frozenset(untried), run, broken, self.steps
        )

    def one_by_one(self) -> None:
        """Each thing that goes wrong with webhooks, and each fault on the first call of each operation, alone."""
        if self.fair is not None and any(each["direction"] == "out" for each in self.fair.entries):
            for changes in webhook_changes(forecast(self.kit.slug)):
                self.try_out(Weather(webhooks=changes))
        waiting, seen = deque[str](), set[str]()
        while True:
            waiting += sorted(self.called - seen)
            seen |= self.called
            if not waiting:
                return
            retry_after_s = 1 if self.bounds.real_clock else 30
            for weather in _single_faults(self.kit.slug, waiting.popleft(), retry_after_s):
                self.try_out(weather)


def search(
    scenario: Scenario,
    make_workspace: Callable[[], Workspace],
    kit: ProviderKit,
    *,
    strategy: SearchStrategy[Weather],
    singles: bool = True,
    runs: int = 100,
    budget_s: float | None = None,
    random_seed: int = 0,
    bounds: Bounds = Bounds(),  # noqa: B008 - a frozen value
    gives_up: tuple[type[BaseException], ...] = (),
    on_run: Callable[[Run, Sequence[Breach]], None] = lambda _run, _breaches: None,
) -> Survival:
    """
    Search for the weather that a client does not survive.

    Args:
        scenario: Drives the client in the workspace that it is given.
        make_workspace: Makes a fresh one; it is deleted after its run.
        kit: Of the provider.
        strategy: Draws the weather.
        singles: Whether each kind of fault is first tried once on each operation that the client calls.
        runs: How many, beside those that make a finding simpler: these are as many again at most.
        budget_s: Real seconds; None for no such limit.
        random_seed: The same seed draws the same weather.
        bounds: What one run may take.
        gives_up: Errors by which the scenario may say that it has given up. Then nothing may be there twice.
        on_run: Called after each run.

    Raises:
        ConfigurationError: The scenario fails in fair weather, or sends nothing; or the provider has no obligations.
    """
    deadline_s = None if budget_s is None else clock_gettime(CLOCK_MONOTONIC) + budget_s
    state = Search(scenario, make_workspace, kit, bounds, gives_up, runs, deadline_s, on_run)
    kit.load_obligations()
    state.in_fair_weather()
    with suppress(Over, Broken, Flaky):
        if singles:
            state.one_by_one()
        _draw(state, strategy, random_seed)
    every = {pair for each in state.called for pair in _kinds(kit.slug, each)}
    return state.survival(random_seed, every - state.tried)


def replay(
    scenario: Scenario,
    make_workspace: Callable[[], Workspace],
    kit: ProviderKit,
    weather: Weather,
    bounds: Bounds,
    gives_up: tuple[type[BaseException], ...] = (),
) -> Survival:
    """
    One run under one weather, after that in fair weather.

    Raises:
        ConfigurationError: As `search`; or the weather does not fit the provider.
    """
    check_weather(weather, kit.slug)
    state = Search(scenario, make_workspace, kit, bounds, gives_up, 1, None, lambda _run, _breaches: None)
    state.in_fair_weather()
    state.run(weather)
    return state.survival(0, set())


def _draw(state: Search, strategy: SearchStrategy[Weather], random_seed: int) -> None:
    """Draw weather until something breaks, and then simpler weather."""

    @seed(random_seed)
    @settings(
        max_examples=max(1, state.most_runs - state.runs),
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(weather: Weather) -> None:
        if not weather.is_fair:
            state.try_out(weather)

    draw()


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


def _met(run: Run) -> Iterator[tuple[str, str]]:
    """Operation or event, and what went wrong with it."""
    for each in run.entries:
        if each["direction"] == "in":
            yield from ((each["operation"], str(plan["fault"])) for plan in each["faults"] if each["operation"])
        else:
            yield from ((each["operation"], name) for name in run.weather.webhooks)


def _complexity(weather: Weather) -> tuple[int, int, int]:
    """How much goes wrong: parts, calls that are hit, and the length of the plan."""
    parts = len(weather.faults) + len(weather.clock) + len(weather.webhooks) + len(weather.account)
    return parts, sum(map(hits, weather.faults)), len(repr(weather))
