"""What tests of whole certifications share."""

import pytest

from tests.nursery import Nursery


@pytest.fixture
def quick_start(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Suites run in forks of a process that has imported everything, not in processes that have to."""
    monkeypatch.setattr("flowproof.certify.execution.Popen", nursery.begin)
