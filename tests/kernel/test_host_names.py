"""Under which host names a server answers: a page of another site must not reach it by a name of its own."""

import pytest

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from tests.kernel.notes import provider


def ask(path: str, *headers: tuple[str, str], **settings: object) -> WireResponse:
    """One request to a server with these settings."""
    gateway = build_gateway([provider], ServerSettings(entropy=1, **settings))  # type: ignore[arg-type]  # (by name)
    answered = gateway._dispatch(WireRequest("GET", path, "", headers, b""), gateway.mock.handle)
    assert isinstance(answered, WireResponse)
    return answered


@pytest.mark.parametrize("path", ["/notes/notes", "/w/default/notes/notes"])
@pytest.mark.parametrize(
    ("host", "is_answered"),
    [
        ("127.0.0.1:4010", True),
        ("localhost", True),
        ("[::1]:4010", True),
        ("notes.localhost:4010", True),
        ("api.notes.example", True),
        ("mock.example", True),
        ("MOCK.example:4010", True),
        ("evil.example", False),
        ("localhost.evil.example:4010", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example:80", False),
    ],
)
def test_provider_paths_answer_known_names_only(path: str, host: str, is_answered: bool) -> None:
    """
    Providers answer under loopback names, under their own hosts and under allowed ones; another name gets a 403.
    """
    answer = ask(path, ("host", host), allowed_hosts=("mock.example",))

    assert (answer.status != 403) is is_answered
    assert is_answered or b"--allow-host" in answer.body


def test_request_without_a_host_is_answered() -> None:
    """A client of HTTP/1.0, which is no browser, need not name a host."""
    assert ask("/notes/notes").status != 403


def test_shared_server_answers_under_every_name() -> None:
    """A server that other machines reach answers under whatever name they have for it."""
    assert ask("/notes/notes", ("host", "mock.office.example"), shared=True, token="t").status != 403


@pytest.mark.parametrize(("host", "status"), [("mock.example", 200), ("api.notes.example", 403), ("evil.example", 403)])
def test_control_api_answers_allowed_names_too(host: str, status: int) -> None:
    """The control API answers under allowed names, and not under the providers' hosts."""
    assert ask("/_flowproof/health", ("host", host), allowed_hosts=("mock.example",)).status == status
