"""Weather that is drawn: what can be drawn, what it shrinks to, how it is printed, and that a server takes it."""

import json
import shlex
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis.strategies import SearchStrategy

from flowproof.errors import ConfigurationError
from flowproof.kernel.faults.reading import plans_from_json
from flowproof.target import Workspace
from flowproof.testing import Weather, account_states, clock_moves, fault_plans, weathers, webhook_weather
from flowproof.testing.forecast import check_weather, hits

PROVIDERS = ("dots_eco", "flow1st", "integrations", "oneflow", "otter")
FIRST_503 = {"fault": "status", "status": 503, "provider": "oneflow", "operation": "submitOrder", "first": 1}
MALFORMED = {"fault": "malformed_json", "provider": "oneflow", "operation": "submitOrder", "first": 1}
FEW = settings(max_examples=60, database=None, derandomize=True)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_drawn_weather_fits_its_provider(provider: str) -> None:
    """Whatever is drawn fits the provider, hits three calls at most, and is the same after printing and reading."""

    @settings(max_examples=40)
    @given(weathers(provider, stall_s=1))
    def check(weather: Weather) -> None:
        check_weather(weather, provider)
        assert sum(map(hits, weather.faults)) <= 3
        assert eval(repr(weather), {"Weather": Weather}) == weather  # noqa: S307 - what a reader would paste
        assert Weather.from_plan(json.loads(json.dumps(weather.plan))) == weather

    check()


@pytest.mark.parametrize("provider", ["flow1st", "oneflow"])
def test_simplest_weather_is_fair(provider: str) -> None:
    """Weather shrinks to fair weather, and fault plans to one fault on one call."""
    assert find(weathers(provider), lambda _: True, settings=FEW) == Weather()
    (one,) = find(fault_plans(provider), lambda weather: bool(weather.faults), settings=FEW).faults
    assert (one["first"], hits(one)) == (1, 1)


SIMPLEST: dict[str, tuple[SearchStrategy[Weather], Weather]] = {
    "faults": (fault_plans("oneflow", operations=["submitOrder"]), Weather((MALFORMED,))),
    "clock": (clock_moves(), Weather(clock={"step_s": 1})),
    "webhooks": (webhook_weather("oneflow"), Weather(webhooks={"copies": 2})),
    "account": (account_states("oneflow", {"triggers": []}), Weather(account={"triggers": []})),
}


@pytest.mark.parametrize(("strategy", "simplest"), SIMPLEST.values(), ids=SIMPLEST)
def test_each_strategy_shrinks_to_its_smallest_change(strategy: SearchStrategy[Weather], simplest: Weather) -> None:
    """Where something has to go wrong, it shrinks to the least that can."""
    assert find(strategy, lambda weather: not weather.is_fair, settings=FEW) == simplest


def test_server_takes_what_is_drawn(workspace: Workspace) -> None:
    """A workspace takes each drawn weather, and then shows its plans, webhooks and clock."""

    @settings(max_examples=25, deadline=None)
    @given(weathers("oneflow"))
    def check(weather: Weather) -> None:
        weather.set(workspace, "oneflow")
        assert [each["fault"] for each in workspace.faults.plans()] == [each["fault"] for each in weather.faults]
        assert workspace.control("GET", "clock")["mode"] == "stepped"
        shown = workspace.control("GET", "webhooks", limit=0)["adversary"]
        assert {name: shown[name] for name in weather.webhooks} == weather.webhooks

    check()


def test_command_sets_the_same_plans() -> None:
    """The command line that a weather prints has its plans as a shell gives them to the program."""
    weather = Weather((FIRST_503, {"fault": "malformed_json", "first": 1}), webhooks={"copies": 2})

    webhooks, faults = map(shlex.split, weather.commands("w 1"))

    assert webhooks == ["flowproof", "webhooks", "adversary", "copies=2", "--workspace", "w 1"]
    assert faults[:3] == ["flowproof", "faults", "set"]
    assert [json.loads(each) for each in faults[3:5]] == list(weather.faults)
    assert plans_from_json([json.loads(each) for each in faults[3:5]])[0].operation == "submitOrder"


def test_weathers_are_put_together() -> None:
    """Two weathers at once have the faults of both, and the second one's part where both have one."""
    first = Weather((FIRST_503,), clock={"step_s": 1}, account={"a": 1})

    both = first | Weather(clock={"step_s": 2}, webhooks={"copies": 2})

    assert both == Weather((FIRST_503,), {"step_s": 2}, {"copies": 2}, {"a": 1})


WRONG: dict[str, tuple[Any, str]] = {
    "no such operation": (lambda: fault_plans("oneflow", operations=["pay"]), "oneflow has no operation pay. Choose"),
    "no call is hit": (lambda: fault_plans("oneflow", most_hits=0), "most_hits is 0"),
    "no webhooks": (lambda: webhook_weather("otter"), "otter sends no webhooks"),
    "no changes": (lambda: account_states("oneflow"), "has no change to draw"),
    "an unknown change": (lambda: account_states("oneflow", {"balance": 0}), "seed data of oneflow has no balance"),
    "time runs back": (lambda: clock_moves(most_step_s=-1), "does not move back"),
    "an unknown part": (lambda: Weather.from_plan({"rain": 1}), "A weather has no rain"),
    "faults that are no list": (lambda: Weather.from_plan({"faults": {}}), "are a list of fault plans"),
    "a fault without a body": (
        lambda: check_weather(
            Weather(({"fault": "malformed_json", "operation": "integrationsHealth", "first": 1},)), "integrations"
        ),
        "does not fit",
    ),
}


@pytest.mark.parametrize(("use", "message"), WRONG.values(), ids=WRONG)
def test_weather_that_cannot_be_is_refused(use: Any, message: str) -> None:
    """A weather that its provider cannot have is refused with a sentence when it is made."""
    with pytest.raises(ConfigurationError, match=message):
        use()
