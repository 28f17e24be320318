"""What tests of the command line share."""

import pytest

from tests.nursery import Nursery


@pytest.fixture
def quick_start(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in forks of a process that has imported everything, not in processes that have to."""
    monkeypatch.setattr("tests.cli.servers.Popen", nursery.begin)
