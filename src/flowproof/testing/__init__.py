"""
The world around a client, for property tests: weather that is drawn, and a search for the one that it does not survive.

    @survives("acme")
    def test_our_client_pays_once(workspace, acme):
        OurClient(acme).pay("A7")

    weather.py      one weather as a value: faults, clock, webhooks, account; how it is set and printed
    forecast.py     what weather a provider can have
    strategies.py   weather as Hypothesis strategies
    run.py          one run of a scenario in a workspace, bounded in time, and what happened in it
    invariants.py   what has to hold after a run
    coverage.py     which operations, statuses and obligations the runs have touched, and which weather touches others
    attempts.py     a search under way
    search.py       runs under ever other weather until one breaks an invariant, made as simple as it can be
    report.py       what a search has found, for people
    views.py        the same as a report of certify's, for JUnit, SARIF, JSON and HTML
    survives.py     the decorator for pytest

Knows no provider. Nothing here imports pytest.
"""

from .invariants import Breach
from .run import Run
from .search import Bounds, Survival, search
from .strategies import account_states, clock_moves, fault_plans, weathers, webhook_weather
from .survives import DoesNotSurvive, survives
from .weather import Weather

__all__ = [
    "Bounds",
    "Breach",
    "DoesNotSurvive",
    "Run",
    "Survival",
    "Weather",
    "account_states",
    "clock_moves",
    "fault_plans",
    "search",
    "survives",
    "weathers",
    "webhook_weather",
]
