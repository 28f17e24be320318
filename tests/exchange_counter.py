"""
A pytest plugin that prints, at the end, which operations the real clients called with success.

It runs one example of each property and the first case of each test function: enough to see what a test does.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest
from hypothesis import settings

from flowproof.clients.transport import Transport
from flowproof.plugin.recording import RecordedExchange
from flowproof.plugin.session_state import state_of

settings.register_profile("one example", max_examples=1, deadline=None)

CALLED = pytest.StashKey[set[str]]()
by_client: ContextVar[bool] = ContextVar("by_client", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Watch the recorder, and what the clients' own transport sends."""
    called = set[str]()
    config.stash[CALLED] = called

    def record(recorded: RecordedExchange) -> None:
        exchange = recorded.exchange
        match = recorded.contract.operations.find(exchange.method, exchange.path)
        if match is not None and exchange.status < 400 and by_client.get():
            called.add(match.operation.id)

    for name in ("send", "read"):  # (in a process of its own)
        setattr(Transport, name, _watched(getattr(Transport, name)))
    state_of(config).listeners.append(record)


def _watched(step: Callable[..., Any]) -> Callable[..., Any]:
    """A method of the transport that also notes that a client is at work."""

    def watched(*arguments: Any, **options: Any) -> Any:
        token = by_client.set(True)
        try:
            return step(*arguments, **options)
        finally:
            by_client.reset(token)

    return watched


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the first case of each test function."""
    functions = {item.nodeid.partition("[")[0]: item for item in reversed(items)}
    items[:] = [item for item in items if functions[item.nodeid.partition("[")[0]] is item]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line for each."""
    called = config.stash[CALLED]
    for operation in sorted(called):
        terminalreporter.write_line(f"client calls: {operation}")
