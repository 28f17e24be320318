"""A scripted provider on loopback for the tests of the clients."""

from collections.abc import Iterator

import pytest

from tests.clients.scripted import Provider, serving


@pytest.fixture(scope="session")
def listening() -> Iterator[Provider]:
    """A provider that serves for the whole session."""
    with serving(Provider()) as scripted:
        yield scripted


@pytest.fixture
def provider(listening: Provider) -> Iterator[Provider]:
    """A scripted provider on loopback, with a fresh script for each test."""
    listening.begin()
    yield listening
    listening.woken.set()
