"""What tests of several rooms share."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests import tree
from tests.nursery import Nursery


@pytest.fixture(scope="session", autouse=True)
def quick_hypothesis() -> Iterator[None]:
    """
    In processes that tests start, Hypothesis finds what it has made for others, which takes it seconds in an empty
    folder, and loads no plugin of somebody else who happens to be installed.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tree.ROOT / ".hypothesis"))
        patch.setenv("HYPOTHESIS_NO_PLUGINS", "1")
        yield


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory, quick_hypothesis: None) -> Iterator[Nursery]:
    """Begins programs that have imported everything already."""
    with closing(Nursery(tmp_path_factory.mktemp("nursery"))) as made:
        yield made


@pytest.fixture
def quick_start(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers and commands run in forks of a process that has imported everything, not in processes that have to."""
    monkeypatch.setattr("tests.cli.servers.Popen", nursery.begin)
