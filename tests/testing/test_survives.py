"""Scenarios under drawn weather: reference clients survive, faulty ones are found in their smallest weather."""

import os
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from inspect import Parameter, Signature
from typing import Any

import pytest

from flowproof.errors import ConfigurationError
from flowproof.providers import find_kit
from flowproof.testing import Bounds, DoesNotSurvive, Weather, fault_plans, survives
from tests.testing.clients import (
    FAULTY,
    AuthorizedPartner,
    BlocksForEver,
    Bookkeeper,
    Reader,
    RetriesBlindly,
    Shop,
    TimesOut,
)
from tests.testing.references import CardBuyer, Merchant, Scheduler

Break = Callable[..., DoesNotSurvive | None]


@pytest.fixture
def break_client(request: pytest.FixtureRequest, make_workspace: Any, set_aside_findings: Any) -> Break:
    """Searches for what a client does not survive: `break_client(Shop, runs=20)`; None where it survives."""

    def search(client: Any, **settings: Any) -> DoesNotSurvive | None:
        def scenario(**made: Any) -> None:
            client(made["workspace"], made[client.provider], made["inbox"]).run()

        names = ("workspace", "inbox", client.provider)
        scenario.__signature__ = Signature([Parameter(each, Parameter.KEYWORD_ONLY) for each in names])  # type: ignore[attr-defined]  # (survives reads it)
        test = survives(client.provider, **{"budget_s": None, **settings})(scenario)
        try:
            test(request=request, make_workspace=make_workspace, set_aside_findings=set_aside_findings)
        except DoesNotSurvive as found:
            return found
        return None

    return search


@pytest.mark.parametrize("client", [Shop, Reader, Bookkeeper, AuthorizedPartner, CardBuyer, Scheduler, Merchant])
def test_reference_client_survives(client: Any, break_client: Break) -> None:
    """A client that makes no mistake survives whatever is drawn."""
    found = break_client(client, runs=int(os.environ.get("WEATHERS", "25")), gives_up=client.gives_up)

    assert found is None, str(found)


@pytest.mark.parametrize(("client", "broken"), FAULTY.items(), ids=lambda each: getattr(each, "__name__", each))
def test_faulty_client_is_found(client: Any, broken: str, break_client: Break) -> None:
    """A client that is correct in fair weather alone is found by what it breaks, in a weather of at most two faults."""
    raised = break_client(client, runs=150, bounds=Bounds(requests=60))

    assert raised is not None
    assert raised.found.run is not None
    weather = raised.found.run.weather
    assert len(weather.faults) + len(weather.webhooks) + len(weather.clock) <= 2
    assert broken in {each.what for each in raised.found.breaches}
    assert f"weather={weather!r}" in str(raised)


def test_client_that_waits_for_ever_is_found(break_client: Break) -> None:
    """A client without a time-out is found by an answer that trickles in, and one with a time-out survives it."""
    stalls = fault_plans("oneflow", operations=["submitOrder"], stall_s=20).filter(_stalls)

    raised = break_client(BlocksForEver, runs=2, weather=stalls, bounds=Bounds(real_s=1))

    assert raised is not None
    assert raised.found.run is not None
    assert raised.found.breaches[0].what == "hang"
    assert break_client(TimesOut, weather=raised.found.run.weather, bounds=Bounds(real_s=60)) is None


def _stalls(weather: Weather) -> bool:
    return len(weather.faults) == 1 and weather.faults[0]["fault"] == "slow_body" and weather.faults[0]["first"] == 1


def test_finding_can_be_replayed(break_client: Break) -> None:
    """What a finding prints, as a Python literal and as JSON, is the weather that breaks the client again."""
    first = break_client(RetriesBlindly)
    assert first is not None
    assert first.found.run is not None
    weather = first.found.run.weather

    pasted = eval(repr(weather), {"Weather": Weather})  # noqa: S307 - what a reader would paste
    again = break_client(RetriesBlindly, weather=pasted)

    assert pasted == weather == Weather.from_plan(weather.plan)
    assert again is not None
    assert again.found.breaches[0].what == first.found.breaches[0].what
    assert break_client(Shop, weather=pasted) is None
    assert "flowproof faults set" in str(first)


def test_same_seed_draws_the_same_weather(break_client: Break) -> None:
    """Two searches with one seed find the same weather."""
    drawn = fault_plans("oneflow", operations=["submitOrder"])
    found = [break_client(RetriesBlindly, weather=drawn, seed=3) for _ in range(2)]

    assert {repr(each.found.run.weather) for each in found if each and each.found.run} == {
        repr(found[0].found.run.weather) if found[0] and found[0].found.run else None
    }


class FailsAlways(Shop):
    """Asserts what never holds."""

    def run(self) -> None:
        self.place()
        raise AssertionError("the shop is closed")


class SendsNothing(Shop):
    """Never calls the provider."""

    def run(self) -> None:
        """Do nothing."""


WRONG: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a scenario that fails in fair weather": (FailsAlways, {}, "fails in fair weather: .* the shop is closed"),
    "a scenario without requests": (SendsNothing, {}, "sent no request to oneflow"),
    "a plan of another provider": (
        Shop,
        {"weather": Weather(({"fault": "reset", "operation": "completeOrder", "first": 1},))},
        "does not fit: oneflow has no operation completeOrder",
    ),
    "weather of another provider": (
        Shop,
        {"weather": fault_plans("flow1st", operations=["completeOrder"])},
        "does not fit: oneflow has no operation completeOrder",
    ),
    "no runs": (Shop, {"runs": 0}, "A search has 0 runs"),
    "a plan with an unknown field": (Shop, {"weather": Weather(({"fault": "reset", "often": 1},))}, "unknown keys"),
}


def test_provider_without_obligations_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider whose kit names no obligations cannot judge a client, and says so when the test is made."""
    kit = replace(find_kit("oneflow"), obligations="")
    monkeypatch.setattr(import_module("flowproof.testing.survives"), "find_kit", lambda _slug: kit)

    with pytest.raises(ConfigurationError, match="oneflow"):
        survives("oneflow")


@pytest.mark.parametrize(("client", "settings", "message"), WRONG.values(), ids=WRONG)
def test_wrong_use_is_explained(client: Any, settings: dict[str, Any], message: str, break_client: Break) -> None:
    """A search that can say nothing is refused with a sentence."""
    with pytest.raises(ConfigurationError, match=message):
        break_client(client, **settings)
