"""
A pytest plugin that prints, at the end, each test of a requirement that passed without an exchange with its target.

It runs one example of each property and the first case of each test function: enough to see what a test does.
"""

import pytest
from hypothesis import settings

from flowproof.plugin.item_info import requirements_of
from flowproof.plugin.session_state import state_of

settings.register_profile("one example", max_examples=1, deadline=None)

SILENT = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the list."""
    config.stash[SILENT] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the first case of each test function."""
    functions = {item.nodeid.partition("[")[0]: item for item in reversed(items)}
    items[:] = [item for item in items if functions[item.nodeid.partition("[")[0]] is item]


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """After a test that did not fail, look at what its clients' recorder has counted."""
    recorder = state_of(item.config).recorder
    if requirements_of(item) and not (recorder and recorder.exchanges):
        item.config.stash[SILENT].append(item.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line for each of them."""
    for each in config.stash[SILENT]:
        terminalreporter.write_line(f"no exchange: {each}")
