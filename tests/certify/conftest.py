"""Fixtures for tests of whole certification runs."""

import pytest

from tests.fork_server import ForkServer


@pytest.fixture
def quick_start(fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start suites as forks of a process that has imported everything."""
    monkeypatch.setattr("flowproof.certify.execution.Popen", fork_server.begin)
