"""Pages of other origins: off unless the user names origins, and for the providers' paths alone."""

import pytest

from flowproof.errors import ConfigurationError
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.http.cors import Cors
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.serving import Gateway
from tests.kernel.notes import provider

PAGE = "http://localhost:3000"
PREFLIGHT = (
    ("host", "127.0.0.1"),
    ("origin", PAGE),
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "content-type,x-key"),
)


def gateway(*origins: str) -> Gateway:
    """A server that lets pages of these origins call its providers."""
    return build_gateway([provider], ServerSettings(entropy=1, cors=origins))


def ask(served: Gateway, method: str, path: str, *headers: tuple[str, str]) -> WireResponse:
    """One request."""
    answered = served._dispatch(WireRequest(method, path, "", headers, b""), served.mock.handle)
    assert isinstance(answered, WireResponse)
    return answered


def shown(answer: WireResponse) -> dict[str, str]:
    """The headers of an answer by which a browser decides."""
    return {
        name.lower(): value
        for name, value in answer.headers
        if name.lower() == "vary" or name.lower().startswith("access-control-")
    }


@pytest.fixture
def named() -> Gateway:
    """A server that names one origin."""
    return gateway(PAGE)


def test_preflight_of_a_named_origin_is_answered(named: Gateway) -> None:
    """A browser learns what it asked: method and headers, for this origin, with credentials."""
    answer = ask(named, "OPTIONS", "/notes/notes", *PREFLIGHT)

    assert (answer.status, answer.body) == (204, b"")
    assert shown(answer) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type,x-key",
        "access-control-max-age": "600",
        "vary": "Origin, access-control-request-method, access-control-request-headers",
    }


def test_preflight_is_no_exchange(named: Gateway) -> None:
    """A preflight is no request for the provider: it is not in the journal, and has no number there."""
    ask(named, "OPTIONS", "/notes/notes", *PREFLIGHT)
    ask(named, "GET", "/notes/notes", ("host", "127.0.0.1"), ("origin", PAGE))

    assert [entry["id"] for entry in named.mock.journal.entries("default")] == ["default-1"]


def test_answer_can_be_read_by_the_page(named: Gateway) -> None:
    """A refusal of the provider's is shared too, with the names of the headers that a page may read."""
    answer = ask(named, "GET", "/notes/notes", ("host", "127.0.0.1"), ("origin", PAGE))

    found = shown(answer)
    exposed = found.pop("access-control-expose-headers").split(", ")
    assert answer.status == 401
    assert found == {"access-control-allow-origin": PAGE, "access-control-allow-credentials": "true", "vary": "Origin"}
    assert {"flowproof-exchange", "date"} <= set(exposed)


@pytest.mark.parametrize("origin", ["http://localhost:3001", "https://localhost:3000", "http://evil.example", "null"])
def test_other_origins_are_not_let_in(named: Gateway, origin: str) -> None:
    """Another port, scheme or host is another origin: no header lets it in, and caches are told why answers differ."""
    preflight = ask(named, "OPTIONS", "/notes/notes", *PREFLIGHT[:1], ("origin", origin), *PREFLIGHT[2:])
    answer = ask(named, "GET", "/notes/notes", ("host", "127.0.0.1"), ("origin", origin))

    assert preflight.status == 405
    assert shown(answer) == {"vary": "Origin"}


def test_any_origin_means_no_credentials() -> None:
    """With ``*`` every page may read the answers, and none with cookies."""
    answer = ask(gateway("*"), "OPTIONS", "/notes/notes", *PREFLIGHT)

    assert shown(answer)["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in shown(answer)


def test_page_of_a_public_site_may_ask_for_loopback(named: Gateway) -> None:
    """A browser that asks whether the page may reach a private network is told that it may."""
    asked = ("access-control-request-private-network", "true")
    answer = ask(named, "OPTIONS", "/notes/notes", *PREFLIGHT, asked)

    assert shown(answer)["access-control-allow-private-network"] == "true"


@pytest.mark.parametrize("path", ["/_flowproof/health", "/_flowproof/workspaces", "/"])
@pytest.mark.parametrize("origin", [PAGE, "*"])
def test_control_api_is_never_shared(path: str, origin: str) -> None:
    """No origin, not even a named one, can read the control API or have its preflight answered."""
    served = gateway(origin)
    for method in ("OPTIONS", "GET"):
        assert shown(ask(served, method, path, *PREFLIGHT)) == {}


def test_server_shares_nothing_by_default() -> None:
    """Without the option a preflight is a request like any other, and its explanation names the option."""
    served = gateway()
    answer = ask(served, "OPTIONS", "/notes/notes", *PREFLIGHT)
    (entry,) = served.mock.journal.entries("default")

    assert (answer.status, shown(answer)) == (405, {})
    assert f"serve with --cors {PAGE}" in entry["explanation"]


def test_headers_that_are_none_are_not_repeated(named: Gateway) -> None:
    """What asks for headers in characters that no name has is not sent back."""
    answer = ask(named, "OPTIONS", "/notes/notes", *PREFLIGHT[:3], ("access-control-request-headers", "a\tb: c"))

    assert "access-control-allow-headers" not in shown(answer)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("HTTP://LocalHost:3000/", "http://localhost:3000"),
        ("https://app.example:443", "https://app.example"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("null", "null"),
    ],
)
def test_origin_is_read_as_a_browser_sends_it(written: str, sent: str) -> None:
    """Letter case, a trailing slash and the usual port make no other origin."""
    request = WireRequest("GET", "/", "", (("origin", sent),), b"")

    assert (
        dict(Cors([written]).share(request, WireResponse(200, b"", ())).headers)["Access-Control-Allow-Origin"] == sent
    )


@pytest.mark.parametrize(
    "text", ["localhost:3000", "localhost", "http://", "http://a/b", "http://a:b", "http://u@a", ""]
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    """What no browser sends as an origin is refused, with an example."""
    with pytest.raises(ConfigurationError, match=r"is no origin\. Write scheme, host and port"):
        Cors([text])
