"""What the clients' tests share: a scripted provider on loopback."""

from collections.abc import Iterator

import pytest

from tests.clients.scripted import Provider, serving


@pytest.fixture(scope="session")
def listening() -> Iterator[Provider]:
    """A provider on loopback for all tests."""
    with serving(Provider()) as scripted:
        yield scripted


@pytest.fixture
def provider(listening: Provider) -> Iterator[Provider]:
    """A provider on loopback that says what it is told to say, and knows nothing of another test."""
    listening.begin()
    yield listening
    listening.woken.set()
