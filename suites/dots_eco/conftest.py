"""Fixtures that only Dots.eco's suite needs."""

from datetime import datetime, timedelta

import pytest

from flowproof.clients.dots_eco import DotsEco
from flowproof.target import Target, Workspace, answered_at

from .calendar import Day, day_at, last_day, text_of
from .raw_client import RawClient
from .setup import APPLICATION

ASKED_AT = datetime.fromisoformat("2024-09-13T12:00:00+00:00")
ZONES = timedelta(hours=14)  # as far as any time zone is from UTC
NEARLY = timedelta(minutes=2)


@pytest.fixture
def raw(dots_eco: DotsEco, target: Target) -> RawClient:
    """Hand-made requests to the current target."""
    return RawClient(dots_eco, target)


@pytest.fixture
def frozen(workspace: Workspace) -> Workspace:
    """The workspace behind the target, its clock at noon of the document's day, 2024-09-13."""
    workspace.clock.freeze(ASKED_AT)
    return workspace


@pytest.fixture(scope="session")
def known_days() -> dict[str, Day]:
    """The provider's day at each hour at which it was looked for."""
    return {}


@pytest.fixture
def today(target: Target, raw: RawClient, known_days: dict[str, Day]) -> Day:
    """
    The provider's day: on a mock that of the document, 2024-09-13, else the present one.

    The header `Date` of an answer tells a sandbox's moment, but not the provider's time zone: one card that is asked
    for without an `expiration_date` shows which day it is there. Near midnight in UTC a test is skipped.
    """
    if target.workspace is not None:
        target.workspace.clock.freeze(ASKED_AT)
        return day_at(ASKED_AT)
    moment = answered_at(raw.listed(APPLICATION))
    if day_at(moment) != day_at(moment + NEARLY):
        pytest.skip("the day ends within two minutes")
    hour = f"{moment:%Y-%m-%dT%H}"
    if hour not in known_days:
        shown = raw.card().json()["response"]["expiration_date"][:10]
        days = {day_at(moment - ZONES), day_at(moment), day_at(moment + ZONES)}
        found = [day for day in days if text_of(last_day(day)) == shown]
        assert len(found) == 1, f"a card of {moment:%Y-%m-%d} expires on {shown}, which is not in five years"
        known_days[hour] = found[0]
    return known_days[hour]
