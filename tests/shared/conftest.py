"""A database of its own for each test, and a cluster that a test may crash."""

from collections.abc import Iterator

import pytest

from tests.postgres import Cluster, new_cluster, shared_cluster


@pytest.fixture
def database() -> str:
    """The URL of a database without any table of ours."""
    return shared_cluster().emptied()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A cluster of the test's own."""
    made = new_cluster()
    yield made
    made.remove()
