"""What tests of several rooms share."""

import gc
from collections.abc import Iterator
from contextlib import closing

import pytest

from flowproof.mutation.first_example import draw_first_example
from tests import tree
from tests.fork_server import ForkServer


def pytest_collection_finish() -> None:
    """
    Collect garbage less often, and never among the thousands of collected tests, which stay to the end.

    Hypothesis makes its random numbers for the first property; made after `gc.freeze`, it takes them for garbage.
    """
    draw_first_example()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def quick_hypothesis() -> Iterator[None]:
    """
    Let Hypothesis, in processes that tests start, reuse its tables and load no plugin of another package.

    Building the tables in an empty folder takes seconds.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tree.ROOT / ".hypothesis"))
        patch.setenv("HYPOTHESIS_NO_PLUGINS", "1")
        yield


@pytest.fixture(scope="session")
def fork_server(tmp_path_factory: pytest.TempPathFactory, quick_hypothesis: None) -> Iterator[ForkServer]:
    """Starts programs as forks of a process that has imported everything."""
    with closing(ForkServer(tmp_path_factory.mktemp("fork_server"))) as made:
        yield made


@pytest.fixture
def quick_start(fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start servers and commands as forks, which saves their imports."""
    monkeypatch.setattr("tests.cli.servers.Popen", fork_server.start)
