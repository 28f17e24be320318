"""What tests of several rooms share."""

import gc
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests import tree
from tests.fork_server import ForkServer


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: no garbage is looked for among them, and among the rest less often."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


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
def fork_server(tmp_path_factory: pytest.TempPathFactory, quick_hypothesis: None) -> Iterator[ForkServer]:
    """Begins programs that have imported everything already."""
    with closing(ForkServer(tmp_path_factory.mktemp("fork_server"))) as made:
        yield made


@pytest.fixture
def quick_start(fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers and commands run in forks of a process that has imported everything, not in processes that have to."""
    monkeypatch.setattr("tests.cli.servers.Popen", fork_server.begin)
