"""The environment of a process that runs a suite: the caller's, without what would change the run or its verdicts."""

from collections.abc import Mapping

__all__ = ["suite_environment"]

IGNORED = frozenset(
    f"FLOWPROOF_{each}"
    for each in ("BASE_URL", "COVERAGE", "EVENTS", "PROVIDERS", "REQUIREMENT", "SERVER", "TARGET", "TRANSPORT")
)
# PYTHONOPTIMIZE takes the assertions out of a suite's helper modules, PYTHONWARNINGS makes warnings errors.
OF_PYTHON = frozenset({"PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONWARNINGS"})


def suite_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a suite's process gets."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith("PYTEST_") and name not in IGNORED and name not in OF_PYTHON
    }
