"""The decorator that makes a pytest test of a scenario: it runs again and again, each time under other weather."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy

from flowproof.errors import FlowproofError
from flowproof.inbox import Inbox
from flowproof.providers import find_kit
from flowproof.target import Workspace

from .report import finding_text, regression_test
from .search import Bounds, Survival, replay, search
from .strategies import weathers
from .weather import Weather

__all__ = ["DoesNotSurvive", "survives"]

WORKSPACE, INBOX, REQUEST = "workspace", "inbox", "request"


@dataclass(eq=False)
class DoesNotSurvive(FlowproofError, AssertionError):
    """
    A client does not survive a weather.

    Args:
        text: The weather, what it broke, what happened, and a test that replays it.
        found: The same as values.
    """

    text: str
    found: Survival

    def __str__(self) -> str:
        return self.text


def survives(
    provider: str,
    *,
    weather: Weather | SearchStrategy[Weather] | None = None,
    runs: int = 100,
    budget_s: float | None = 60,
    seed: int = 0,
    bounds: Bounds = Bounds(),  # noqa: B008 - a frozen value
    gives_up: tuple[type[BaseException], ...] = (),
) -> Callable[[Callable[..., object]], Callable[..., None]]:
    """
    Make a test of a scenario that drives a client: the client has to survive whatever weather is drawn.

    The scenario takes fixtures by name. `workspace`, `inbox` and the provider's client (a fixture named by its slug)
    are made anew for each run; others are pytest's own, and the same for all runs. On the workspace's clock the
    provider's client waits without taking time.

    After each run must hold: what the scenario asserts; the contract in both directions; what the provider obliges its
    clients to; that nothing is lost or there twice in the mock's state, compared with fair weather; and the bounds.

    Args:
        provider: Slug.
        weather: One weather, which is replayed; or a strategy; by default all weather that the provider can have.
        runs: How many.
        budget_s: Real seconds that the search may take; None for no such limit.
        seed: The same seed draws the same weather.
        bounds: What one run may take.
        gives_up: Errors by which the scenario may say that it has given up: nothing may be there twice, but missing.

    Raises:
        ConfigurationError: There is no such provider or it has no obligations; or, when the test runs, the scenario
            fails in fair weather or the weather does not fit.
    """
    kit = find_kit(provider)
    kit.load_obligations()
    strategy = weathers(provider) if weather is None else weather

    def decorate(scenario: Callable[..., object]) -> Callable[..., None]:
        fixtures = tuple(inspect.signature(scenario).parameters)
        fresh = (WORKSPACE, INBOX, provider)
        others = [each for each in fixtures if each not in fresh]

        def test(**given: Any) -> None:
            request, set_aside = given[REQUEST], given["set_aside_findings"]

            def once(workspace: Workspace) -> None:
                with _made(fixtures, workspace, provider, request) as made, set_aside():
                    scenario(**{name: given[name] for name in others}, **made)

            make = given["make_workspace"]
            if isinstance(strategy, Weather):
                found = replay(once, make, kit, strategy, bounds, gives_up)
            else:
                found = search(
                    once,
                    make,
                    kit,
                    strategy=strategy,
                    singles=weather is None,
                    runs=runs,
                    budget_s=budget_s,
                    random_seed=seed,
                    bounds=bounds,
                    gives_up=gives_up,
                )
            if found.run is not None:
                paste = regression_test(scenario.__name__, provider, found.run.weather, fixtures)
                raise DoesNotSurvive(finding_text(found, scenario.__name__, paste=paste), found) from found.run.error

        names = dict.fromkeys([REQUEST, "make_workspace", "set_aside_findings", *others])
        parameters = [inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY) for each in names]
        test.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # (pytest reads it)
        test.__name__, test.__doc__, test.__module__ = scenario.__name__, scenario.__doc__, scenario.__module__
        test.scenario = scenario  # type: ignore[attr-defined]  # (a regression test calls it)
        return test

    return decorate


@contextmanager
def _made(fixtures: tuple[str, ...], workspace: Workspace, provider: str, request: Any) -> Iterator[dict[str, Any]]:
    """What is made anew for a run."""
    made: dict[str, Any] = {}
    with ExitStack() as stack:
        if WORKSPACE in fixtures:
            made[WORKSPACE] = workspace
        if INBOX in fixtures:
            made[INBOX] = stack.enter_context(Inbox())
        if provider in fixtures:
            made[provider] = stack.enter_context(closing(request.getfixturevalue(f"make_{provider}")(workspace)))
        yield made
