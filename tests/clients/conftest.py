"""A scripted provider on loopback for the tests of the clients, and OneFlow's client of it."""

from collections.abc import Iterator
from random import Random

import pytest

from flowproof.clients import Retry
from flowproof.clients.oneflow import OneFlow
from tests.clients.oneflow_answers import NOON, SECRET, TOKEN
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


@pytest.fixture
def sleeps() -> list[float]:
    """The pauses of the client, in seconds."""
    return []


@pytest.fixture
def oneflow(provider: Provider, sleeps: list[float]) -> Iterator[OneFlow]:
    """A client of the scripted provider, at noon, that retries without jitter."""
    retry = Retry(attempts=4, first_delay_s=1, factor=2, jitter=0)
    client = OneFlow(provider.url, TOKEN, SECRET, retry=retry, now=lambda: NOON, sleep=sleeps.append, rng=Random(1))
    with client:
        yield client
