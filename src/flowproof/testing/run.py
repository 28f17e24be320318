"""
One run of a scenario under one weather, in a workspace of its own, bounded in time, and what happened in it.

A scenario runs in a thread, so that one that never returns can be left. It is stopped by an exception as soon as its
Python code runs again, and its workspace is deleted, so that whatever it still sends is refused.
"""

import ctypes
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from time import CLOCK_MONOTONIC, clock_gettime
from typing import Any

from flowproof.target import ControlRefused, NotIdle, Workspace

from .weather import Weather

__all__ = ["Bounds", "Run", "Scenario", "fresh", "run_scenario"]

Entry = Mapping[str, Any]
Scenario = Callable[[Workspace], object]

FIRST_POLL_S, LAST_POLL_S = 0.02, 0.2
GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """
    What a run may take.

    Args:
        clock_s: Seconds on the workspace's clock.
        requests: How many requests.
        real_s: Real seconds, for a client that waits for an answer for ever.
        settle_s: How long the workspace's clock runs on after the scenario, so that the provider does what is due.
        real_clock: Whether the workspace's clock follows the operating system's, for a client that cannot wait on the
            workspace's own.
    """

    clock_s: float = 3600
    requests: int = 300
    real_s: float = 30
    settle_s: float = 600
    real_clock: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """
    What happened in one run.

    Args:
        weather: Under which.
        error: What the scenario raised; None where it returned.
        hang: Which bound was passed, as a sentence; empty where none was.
        entries: The workspace's exchanges and deliveries, in order.
        counts: How many records of each kind the mock's state had in the end.
        totals: The value of each record that is a number, such as a balance.
        began_at: On the workspace's clock.
    """

    weather: Weather
    error: BaseException | None
    hang: str
    entries: Sequence[Entry]
    counts: Mapping[str, int]
    totals: Mapping[str, float]
    began_at: datetime

    @property
    def operations(self) -> frozenset[str]:
        """Ids of the operations that the client called."""
        return frozenset(each["operation"] for each in self.entries if each["direction"] == "in" and each["operation"])


class Stopped(BaseException):
    """A scenario has passed a bound, and has to end. No `except Exception` takes it for an answer."""


def run_scenario(
    scenario: Scenario, workspace: Workspace, weather: Weather, provider: str, bounds: Bounds, outcomes: Sequence[str]
) -> Run:
    """
    Run a scenario once, in a workspace that nobody else uses.

    Args:
        scenario: Drives the client.
        workspace: Fresh; it stays as the run leaves it.
        weather: What goes wrong.
        provider: Slug.
        bounds: What it may take.
        outcomes: Kinds of records that are counted in the end.

    Raises:
        ControlRefused: The server does not take the weather.
    """
    weather.set(workspace, provider, real_clock=bounds.real_clock)
    began_at = workspace.clock.now()
    error, hang = _perform(scenario, workspace, began_at, bounds)
    workspace.faults.clear()
    if not hang:
        workspace.clock.advance(bounds.settle_s)
        with suppress(NotIdle):
            workspace.webhooks.wait_until_idle(timeout_s=GRACE_S)
    counts, totals = _state(workspace, provider, outcomes)
    return Run(weather, error, hang, workspace.journal.entries(), counts, totals, began_at)


def _perform(
    scenario: Scenario, workspace: Workspace, began_at: datetime, bounds: Bounds
) -> tuple[BaseException | None, str]:
    raised: list[BaseException] = []

    def perform() -> None:
        try:
            scenario(workspace)
        except BaseException as error:  # noqa: BLE001 - whatever a scenario raises is its verdict, pytest's failures too
            raised.append(error)

    thread = threading.Thread(target=perform, name="scenario", daemon=True)
    thread.start()
    hang = _watch(thread, workspace, began_at, bounds)
    if hang:
        _stop(thread)
        return None, hang
    return (raised[0] if raised else None), _passed_clock(workspace, began_at, bounds)


def _watch(thread: threading.Thread, workspace: Workspace, began_at: datetime, bounds: Bounds) -> str:
    """Which bound a scenario passes while it runs; empty where it ends."""
    started_s, poll_s = clock_gettime(CLOCK_MONOTONIC), FIRST_POLL_S
    thread.join(poll_s)
    while thread.is_alive():
        if clock_gettime(CLOCK_MONOTONIC) - started_s > bounds.real_s:
            return f"The scenario had not ended after {bounds.real_s:g} real seconds."
        shown = workspace.control("GET", "")
        if shown["exchanges"] > bounds.requests:
            return f"The client sent more than {bounds.requests} requests, and did not stop."
        if passed := _passed_clock(workspace, began_at, bounds):
            return passed
        poll_s = min(2 * poll_s, LAST_POLL_S)
        thread.join(poll_s)
    return ""


def _passed_clock(workspace: Workspace, began_at: datetime, bounds: Bounds) -> str:
    took_s = (workspace.clock.now() - began_at).total_seconds()
    if took_s <= bounds.clock_s:
        return ""
    return f"The scenario took {took_s:g} s on the workspace's clock, and may take {bounds.clock_s:g} s."


def _stop(thread: threading.Thread) -> None:
    """Raise in a thread as soon as it runs Python code again; one that waits in a system call ends when that does."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(Stopped))
    thread.join(GRACE_S)


def _state(
    workspace: Workspace, provider: str, outcomes: Sequence[str]
) -> tuple[Mapping[str, int], Mapping[str, float]]:
    """How many records of each kind there are, and the values of those that are numbers."""
    counts: Counter[str] = Counter()
    totals: dict[str, float] = {}
    for owner, kind, key, value in workspace.snapshot()["records"]:
        above = kind.partition("/")[0]  # what stands below it may name the workspace's own credentials
        if owner != provider or above not in outcomes:
            continue
        if isinstance(value, int | float) and not isinstance(value, bool):
            totals[f"{kind}/{key}"] = value
        else:
            counts[above] += 1
    return counts, totals


@contextmanager
def fresh(make_workspace: Callable[[], Workspace]) -> Iterator[Workspace]:
    """A workspace for one run, deleted after it; that a scenario has done so already is no fault."""
    made = make_workspace()
    try:
        yield made
    finally:
        with suppress(ControlRefused):
            made.delete()
