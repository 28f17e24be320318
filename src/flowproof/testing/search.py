"""
Searches for the weather that a client does not survive, and makes it as simple as it can be.

First each operation that the client calls meets each kind of fault once, alone: what is found there is as simple as can
be. An operation that is called only in bad weather joins them when it is first called. Then weather is drawn: of all
that is drawn that runs first which touches operations, statuses and obligations that no run has touched. Runs are made
in parallel where that is asked for; what makes a finding simpler runs one after the other.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from time import CLOCK_MONOTONIC, clock_gettime

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

from flowproof.errors import ConfigurationError
from flowproof.kit import ProviderKit
from flowproof.target import Workspace

from .attempts import Broken, OnRun, Over, Search, Survival
from .forecast import check_weather
from .run import Bounds, Scenario
from .weather import Weather

__all__ = ["Bounds", "Survival", "replay", "search"]

DRAWN_FACTOR = 3  # so many are drawn of which the most telling run


def search(
    scenario: Scenario,
    make_workspace: Callable[[], Workspace],
    kit: ProviderKit,
    *,
    strategy: SearchStrategy[Weather],
    singles: bool = True,
    runs: int = 100,
    jobs: int = 1,
    budget_s: float | None = None,
    random_seed: int = 0,
    bounds: Bounds = Bounds(),  # noqa: B008 - a frozen value
    gives_up: tuple[type[BaseException], ...] = (),
    on_run: OnRun = lambda _run, _breaches: None,
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
        jobs: How many at once, each in a workspace of its own.
        budget_s: Real seconds; None for no such limit.
        random_seed: The same seed draws the same weather.
        bounds: What one run may take.
        gives_up: Errors by which the scenario may say that it has given up. Then nothing may be there twice.
        on_run: Called after each run.

    Raises:
        ConfigurationError: The scenario fails in fair weather, or sends nothing; the provider has no obligations;
            weather is drawn that does not fit it; or there are no runs or jobs.
    """
    if runs < 1 or jobs < 1:
        raise ConfigurationError(f"A search has {runs} runs, {jobs} at once.", "Give at least 1 of both.")
    deadline_s = None if budget_s is None else clock_gettime(CLOCK_MONOTONIC) + budget_s
    state = Search(scenario, make_workspace, kit, bounds, gives_up, runs, deadline_s, on_run, jobs)
    kit.load_obligations()
    state.in_fair_weather()
    with suppress(Over, Broken, Flaky):
        if singles:
            state.try_all(state.one_by_one())
        _draw(state, strategy, random_seed)
    return state.survival(random_seed)


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
    return state.survival(0)


def _draw(state: Search, strategy: SearchStrategy[Weather], random_seed: int) -> None:
    """Draw weather, run the most telling first until something breaks, and then simpler weather."""
    left = max(1, state.most_runs - state.runs)
    drawn: dict[str, Weather] = {}

    def collect(weather: Weather) -> None:
        check_weather(weather, state.kit.slug)
        drawn.setdefault(repr(weather), weather)

    is_simplifying = False

    def simplify(weather: Weather) -> None:
        """Pass over what did not run until that comes which broke something; what comes then is simpler, and runs."""
        nonlocal is_simplifying
        if weather.is_fair or not (is_simplifying or state.verdicts.get(repr(weather))):
            return
        is_simplifying = True
        state.try_out(weather)

    _given(strategy, random_seed, DRAWN_FACTOR * left, (Phase.generate,), collect)
    try:
        state.try_all(_by_coverage(state, [each for each in drawn.values() if not each.is_fair], left))
    except Broken:
        _given(strategy, random_seed, DRAWN_FACTOR * left, (Phase.generate, Phase.shrink), simplify)


def _by_coverage(state: Search, weathers: list[Weather], count: int) -> Iterator[Weather]:
    """The weathers in the order of what they touch that no run has touched when their turn comes."""
    for _ in range(count):
        best = state.coverage.preferred(weathers, 1)
        if not best:
            return
        yield weathers.pop(best[0])


def _given(
    strategy: SearchStrategy[Weather],
    random_seed: int,
    examples: int,
    phases: tuple[Phase, ...],
    use: Callable[[Weather], None],
) -> None:
    @seed(random_seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(weather: Weather) -> None:
        use(weather)

    draw()
