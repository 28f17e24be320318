"""What tests of several rooms share."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.nursery import Nursery


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Begins programs that have imported everything already."""
    with closing(Nursery(tmp_path_factory.mktemp("nursery"))) as made:
        yield made
