"""A view that needs nothing of Flask's is called without it, and nobody can tell by the answer."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowproof.kernel.app import ProviderApp
from flowproof.kernel.assembly import Settings, build_gateway
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.mock import Mock
from flowproof.kernel.provider import Provider
from flowproof.kernel.time.clock import Clock, instant_from_text
from flowproof.providers import find_providers
from tests.kernel.notes import provider as notes

PIECES = [
    "notes",
    "echo:a",
    "none",
    "%6Eotes",
    "echo%3Aa",
    "echo:a%2Fb",
    "%2e%2e",
    "optional",
    "",
    "%",
    "ä",
    "a b",
    "liar",
]


def make_mock(provider: Provider) -> Mock:
    """A mock server with one provider, the same each time, on whose clock time stands still."""
    mock = build_gateway([provider], Settings(entropy=1)).mock
    mock.workspaces.set_clock(mock.workspaces.ensure_default(), Clock.frozen(instant_from_text("2024-09-13")))
    return mock


@pytest.fixture(scope="module")
def mocks() -> tuple[Mock, Mock]:
    """One whose views have Flask's context, and one whose views have not."""
    return make_mock(replace(notes, flask_context=True)), make_mock(replace(notes, flask_context=False))


@settings(max_examples=150)
@given(
    st.sampled_from(["GET", "POST", "HEAD", "DELETE", "PUT", "OPTIONS"]),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=3),
    st.sampled_from(["", "page=1", "page=0", "weight=x"]),
    st.sampled_from([b"", b"{}", b'{"text":"a"}', b"["]),
    st.booleans(),
)
@example("GET", ["notes", "echo:a%2Fb"], "", b"", True)
@example("GET", ["notes", "echo%3Aa"], "", b"", True)
@example("PUT", ["notes"], "", b"", True)
def test_both_ways_answer_the_same(
    mocks: tuple[Mock, Mock], method: str, pieces: list[str], query: str, body: bytes, is_known: bool
) -> None:
    """
    Whatever is asked, however it is spelled, the answer is the same with Flask's context and without.
    """
    told = []
    for mock in mocks:
        (credential,) = mock.workspaces.credentials(mock.workspaces.ensure_default(), "notes")
        headers = (("x-key", credential.key if is_known else "nobody"), ("content-type", "application/json"))
        answer = mock.handle(WireRequest(method, "/notes/" + "/".join(pieces), query, headers, body))
        assert isinstance(answer, WireResponse)
        told.append((answer.status, answer.body, dict(answer.headers)["Flowproof-Exchange"], answer.requirement))

    assert told[0] == told[1]


@pytest.mark.parametrize("provider", find_providers(), ids=lambda each: each.slug)
def test_every_operation_of_ours_has_a_short_way(provider: Provider) -> None:
    """
    Each operation of our providers is found by the contract alone.
    """
    app: ProviderApp = make_mock(provider).apps[provider.slug]

    assert {each.id for each in app.contract.operations.all} == set(app._short_ways)
