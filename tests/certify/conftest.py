"""Fixtures for tests of whole certification runs."""

import pytest

from tests.fork_server import ForkServer


@pytest.fixture
def quick_start(fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Suites run in forks of a process that has imported everything, not in processes that have to."""
    monkeypatch.setattr("flowproof.certify.execution.Popen", fork_server.start)
