"""What tests of several rooms share."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests import tree
from tests.nursery import Nursery


@pytest.fixture(scope="session", autouse=True)
def shared_tables() -> Iterator[None]:
    """Processes that tests start find what Hypothesis has made for others: it takes it seconds in an empty folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tree.ROOT / ".hypothesis"))
        yield


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory, shared_tables: None) -> Iterator[Nursery]:
    """Begins programs that have imported everything already."""
    with closing(Nursery(tmp_path_factory.mktemp("nursery"))) as made:
        yield made
