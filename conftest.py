"""Hypothesis profiles and the number of workers for this checkout. Fixtures live in the plugin, which ships."""

import os

import pytest
from hypothesis import HealthCheck, settings

# How fast an example is drawn says nothing on a machine that does other work too.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("dev", UNTIMED, max_examples=25)
settings.register_profile("ci", UNTIMED, max_examples=100, derandomize=True, print_blob=True)
settings.register_profile("nightly", UNTIMED, max_examples=2_000, print_blob=True)
# For sessions that tests start to see that a suite runs at all, or once more, not whether a property holds.
settings.register_profile("few", UNTIMED, max_examples=3, stateful_step_count=5, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


@pytest.hookimpl(optionalhook=True)  # (of pytest-xdist)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: a tenth of the time tests wait, for processes that begin and end."""
    return len(os.sched_getaffinity(0)) + 1
