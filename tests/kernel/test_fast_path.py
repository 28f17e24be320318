"""The fast path: a view that needs nothing of Flask's is called without it, with the same answer."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowproof.kernel.assembly import ServerSettings, build_gateway
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
    mock = build_gateway([provider], ServerSettings(entropy=1)).mock
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
def test_both_paths_answer_the_same(
    mocks: tuple[Mock, Mock], method: str, pieces: list[str], query: str, body: bytes, is_known: bool
) -> None:
    """
    Whatever the request, however its path is encoded, the answer is the same with Flask's context and without.
    """
    answers = []
    for mock in mocks:
        (credential,) = mock.workspaces.credentials(mock.workspaces.ensure_default(), "notes")
        headers = (("x-key", credential.key if is_known else "nobody"), ("content-type", "application/json"))
        answer = mock.handle(WireRequest(method, "/notes/" + "/".join(pieces), query, headers, body))
        assert isinstance(answer, WireResponse)
        answers.append((answer.status, answer.body, dict(answer.headers)["Flowproof-Exchange"], answer.requirement))

    assert answers[0] == answers[1]


@pytest.mark.parametrize("provider", find_providers(), ids=lambda each: each.slug)
def test_no_operation_of_ours_needs_flask(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Each operation of our providers is answered without a context of Flask's.
    """
    mock = make_mock(provider)
    app = mock.apps[provider.slug]
    contexts: list[object] = []
    monkeypatch.setattr(app, "request_context", contexts.append)
    for operation in app.contract.operations.all:
        path = f"/{provider.slug}{operation.path.replace('{', '').replace('}', '')}"
        answer = mock.handle(WireRequest(operation.method, path, "", (), b""))
        assert isinstance(answer, WireResponse)
        assert answer.status < 500

    assert contexts == []
