"""How Hypothesis runs properties that talk to a target: the examples are those of the profile in force."""

from hypothesis import HealthCheck, settings

__all__ = ["NETWORKED"]

# The fixtures are shared by a test's examples: every example uses references of its own, or changes nothing.
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
NETWORKED = settings(deadline=None, suppress_health_check=SHARED)
