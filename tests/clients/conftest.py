"""What the clients' tests share: a scripted provider on loopback."""

from collections.abc import Iterator

import pytest

from tests.clients.scripted import Provider, serving


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider on loopback that says what it is told to say."""
    with serving(Provider()) as scripted:
        yield scripted
