"""How Hypothesis runs properties that talk to a target: the examples are those of the profile in force."""

from hypothesis import HealthCheck, settings

__all__ = ["NETWORKED"]

# A test's examples share its fixtures: each sets the clock that it needs, and a card more changes nothing.
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
NETWORKED = settings(deadline=None, suppress_health_check=SHARED)
