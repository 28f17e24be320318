"""The pytest plugin by which ``flowproof.mutation.run`` starts a session of mutants. Light to import."""

import json

import pytest
from hypothesis import HealthCheck, Phase, settings

__all__ = ["pytest_addoption", "pytest_configure"]

EXAMPLES = 8


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutants-session", metavar="JSON", help="Arguments of flowproof.mutation.run.")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Few examples, always the same, and no time for shrinking: a mutant dies of its first failure."""
    settings.register_profile(
        "mutants",
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
    )
    settings.load_profile("mutants")
    arguments = config.getoption("mutants_session")
    if arguments:
        from .session import MutantSession  # noqa: PLC0415 (brings flowproof.plugin, which pytest wants to load itself)

        config.pluginmanager.register(MutantSession(config, **json.loads(arguments)))
