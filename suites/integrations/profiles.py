"""How Hypothesis runs properties that talk to a target: the examples are those of the profile in force."""

from hypothesis import HealthCheck, settings

__all__ = ["NETWORKED", "few"]

# The fixtures are shared by a test's examples: every example uses ids of its own, or changes nothing.
# Drawing an order takes longer than a number, and a target answers as fast as it does.
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
NETWORKED = settings(deadline=None, suppress_health_check=SHARED)


def few(examples: int) -> settings:
    """The same with so many examples, where a test runs once for each of many parameters."""
    return settings(NETWORKED, max_examples=min(examples, settings().max_examples))
