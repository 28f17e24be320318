"""Fixtures that only Dots.eco's suite needs."""

from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import datetime, timedelta

import pytest

from flowproof.clients import ClientError
from flowproof.clients.dots_eco import DotsEco
from flowproof.target import AccountCheck, Site, Target, Workspace, answered_at

from .access import connect
from .calendar import Day, day_at, last_day, text_of
from .holdings import missing
from .raw_client import RawClient
from .setup import APPLICATION

ASKED_AT = datetime.fromisoformat("2024-09-13T12:00:00+00:00")
ZONES = timedelta(hours=14)  # as far as any time zone is from UTC
NEARLY = timedelta(minutes=2)
ABOUT_ACCESS = ("dots_eco.auth.", "dots_eco.request.", "dots_eco.error.")


def lacking(site: Site) -> Sequence[str]:
    """What an account lacks; nothing where it cannot be read."""
    with closing(connect(site)) as own, suppress(ClientError):  # (a client of its own: this is no test's evidence)
        return list(missing(own))
    return ()


@pytest.fixture(scope="session")
def account_check() -> AccountCheck:
    """Whether the accounts under test hold what most tests need."""
    return AccountCheck(lacking, about_access=ABOUT_ACCESS)


@pytest.fixture(autouse=True)
def account_holds(request: pytest.FixtureRequest, account_check: AccountCheck) -> None:
    """On a sandbox, skips a test if the account lacks what tests need, unless it is about access alone."""
    if "target" not in request.fixturenames:
        return
    target: Target = request.getfixturevalue("target")
    if target.workspace is None:
        marked = [str(each) for mark in request.node.iter_markers("requirement") for each in mark.args]
        account_check.require(target.name, target.site("dots_eco"), marked)


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
