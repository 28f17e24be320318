"""The page for browsers without a browser: who gets it, what it forbids, its session, and what it asks for."""

import json
from typing import Any, cast

import orjson
import pytest
import requests

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.control.app import ControlApp
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.serving import Server
from flowproof.kernel.serving.control_answers import Job
from tests.kernel.control_app import HOST, JSON, ask, make_app, request
from tests.kernel.notes import provider

WAIT_S = 30
HTML = (("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),)
NOWHERE = ("127.0.0.1", 1)  # where no server is
FILES = ("index.html", "main.js", "page.css", "tokens.css", "icon.svg")


@pytest.fixture
def app() -> ControlApp:
    """One without a token."""
    return make_app()


@pytest.fixture
def guarded() -> ControlApp:
    """One with a token."""
    return make_app(token="s3cret")


def header(answer: WireResponse, name: str) -> str:
    """A header of an answer."""
    return dict(answer.headers)[name]


@pytest.mark.parametrize(
    ("headers", "content_type"),
    [
        (HTML, "text/html; charset=utf-8"),
        ((("accept", "text/html"),), "text/html; charset=utf-8"),
        ((("accept", "*/*"),), "application/json"),
        ((("accept", "application/json"),), "application/json"),
        ((), "application/json"),
    ],
)
def test_browsers_get_the_page_and_programs_json(app: ControlApp, headers: Any, content_type: str) -> None:
    """
    The root is a page for whoever accepts HTML, and JSON for every program.
    """
    assert header(ask(app, "/", headers), "Content-Type") == content_type


@pytest.mark.parametrize("name", FILES)
def test_policy_forbids_what_the_page_does_not_need(app: ControlApp, name: str) -> None:
    """
    Each file comes with a policy that lets in nothing from elsewhere and nothing inline.
    """
    answer = ask(app, f"/_flowproof/page/{name}")
    policy = header(answer, "Content-Security-Policy")

    assert answer.status == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert header(answer, "X-Content-Type-Options") == "nosniff"


def test_known_file_is_not_sent_again(app: ControlApp) -> None:
    """
    A file that the browser has is answered with 304 and no body.
    """
    first = ask(app, "/_flowproof/page/main.js")
    again = ask(app, "/_flowproof/page/main.js", (("if-none-match", header(first, "ETag")),))

    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "../__init__.py", "%2e%2e/__init__.py", "", "index.py", "page.css/x"])
def test_no_other_file_is_served(app: ControlApp, name: str) -> None:
    """
    What is no file of the page is not found, whatever the name tries.
    """
    assert ask(app, f"/_flowproof/page/{name}").status == 404


@pytest.mark.parametrize("path", ["/", "/_flowproof/page/main.js"])
@pytest.mark.parametrize(
    ("headers", "peer"),
    [
        ((("host", "evil.example"),), "127.0.0.1"),
        ((("origin", "https://evil.example"),), "127.0.0.1"),
        ((), "10.0.0.1"),
    ],
)
def test_page_is_refused_as_the_control_api_is(app: ControlApp, path: str, headers: Any, peer: str) -> None:
    """
    A rebound Host, another site's Origin and a foreign address do not get the page either.
    """
    answer = app.answer(WireRequest("GET", path, "", (*headers, *HTML), b"", peer=peer))

    assert isinstance(answer, WireResponse)
    assert answer.status == 403


def test_page_can_be_left_out() -> None:
    """
    Without the page a browser gets JSON, and no file.
    """
    app = make_app(page=False)

    assert header(ask(app, "/", HTML), "Content-Type") == "application/json"
    assert ask(app, "/_flowproof/page/main.js").status == 404


def log_in(app: ControlApp, token: str, headers: Any = ()) -> WireResponse:
    """Exchange a token for a cookie."""
    return ask(app, "/_flowproof/session", (*JSON, *headers), "POST", json.dumps({"token": token}).encode())


def cookie_of(answer: WireResponse) -> tuple[tuple[str, str], ...]:
    """The Cookie header that a browser sends after an answer."""
    return (("cookie", f"other=1; {header(answer, 'Set-Cookie').partition(';')[0]}"),)


def test_cookie_stands_for_the_token(guarded: ControlApp) -> None:
    """
    The token gets a cookie that no script reads, that other sites do not send, and that opens the control API.
    """
    answer = log_in(guarded, "s3cret")
    cookie = header(answer, "Set-Cookie")

    assert answer.status == 204
    assert cookie.endswith("; Path=/_flowproof; HttpOnly; SameSite=Strict")
    assert "s3cret" not in cookie
    assert ask(guarded, "/_flowproof/providers").status == 401
    assert ask(guarded, "/_flowproof/providers", cookie_of(answer)).status == 200
    assert ask(guarded, "/", HTML).status == 200


def test_cookie_over_https_is_secure(guarded: ControlApp) -> None:
    """
    Behind a proxy that ends TLS, the cookie is sent back over TLS only.
    """
    answer = log_in(guarded, "s3cret", (("x-forwarded-proto", "https"),))

    assert "; Secure" in header(answer, "Set-Cookie")


@pytest.mark.parametrize(
    "headers",
    [
        (("origin", "http://127.0.0.1:3000"),),
        (("origin", "https://evil.example"),),
        (("origin", "null"),),
        (("sec-fetch-site", "same-site"),),
        (("sec-fetch-site", "cross-site"),),
    ],
)
def test_cookie_counts_for_the_own_page_only(guarded: ControlApp, headers: Any) -> None:
    """
    A page of another port or site, whose browser sends the cookie along, is refused, and cannot log in or out.
    """
    cookie = cookie_of(log_in(guarded, "s3cret"))

    assert ask(guarded, "/_flowproof/providers", (*cookie, *headers)).status == 401
    assert log_in(guarded, "s3cret", headers).status == 401
    assert ask(guarded, "/_flowproof/session", headers, "DELETE").status == 401


@pytest.mark.parametrize("value", ["", "s3cret", "0" * 64])
def test_no_other_cookie_opens_anything(guarded: ControlApp, value: str) -> None:
    """
    A cookie that the server did not give is none, the token itself included.
    """
    assert ask(guarded, "/_flowproof/providers", (("cookie", f"flowproof_4010={value}"),)).status == 401


def test_wrong_token_gets_no_cookie(guarded: ControlApp, app: ControlApp) -> None:
    """
    Another token is refused; so is each where the server has none.
    """
    assert log_in(guarded, "wrong").status == 401
    assert log_in(app, "s3cret").status == 401


def test_session_ends(guarded: ControlApp) -> None:
    """
    Whoever logs out has the cookie taken back.
    """
    assert "Max-Age=0" in header(ask(guarded, "/_flowproof/session", (), "DELETE"), "Set-Cookie")


def test_credentials_are_hidden_where_the_query_says_so(app: ControlApp) -> None:
    """
    The page reads a workspace without the values of its credentials, whose names it shows.
    """
    shown = orjson.loads(ask(app, "/_flowproof/workspaces/default?credentials=false").body)
    full = orjson.loads(ask(app, "/_flowproof/workspaces/default").body)
    hidden = shown["providers"]["notes"]["credentials"]["default"]

    assert hidden == dict.fromkeys(full["providers"]["notes"]["credentials"]["default"])
    assert full["providers"]["notes"]["credentials"]["default"]["key"]


def test_exchange_is_handed_on(app: ControlApp) -> None:
    """
    An exchange is a command whose hidden header is a variable, an archive, and a documented example that is signed.
    """
    wire = WireRequest("GET", "/w/default/notes/notes", "page=2", (*HOST, ("x-key", "nobody")), b"")
    app.mock.handle(wire)

    command = orjson.loads(ask(app, "/_flowproof/exchanges/default-1/curl").body)["curl"]
    case = orjson.loads(ask(app, "/_flowproof/exchanges/default-1/case").body)
    archive = orjson.loads(ask(app, "/_flowproof/exchanges/default-1/har").body)

    assert command == "curl -X GET 'http://127.0.0.1:4010/w/default/notes/notes?page=2' \\\n  -H 'x-key: '\"$X_KEY\""
    assert case["steps"][0]["request"] == {"method": "GET", "path": "/notes", "query": {"page": "2"}}
    assert case["steps"][0]["expect"]["status"] == 401
    assert [each["_flowproof"]["id"] for each in archive["log"]["entries"]] == ["default-1"]


def test_miss_names_the_nearest_operation(app: ControlApp) -> None:
    """
    An exchange that met no operation names the one without the slip; one that met an operation names none.
    """
    request(app, "/notes/")
    request(app, "/notes")

    missed = orjson.loads(ask(app, "/_flowproof/exchanges/default-1").body)
    assert missed["nearest"]["path"] == "/notes"
    assert missed["nearest"]["slip"] == "a slash at its end"
    assert "nearest" not in orjson.loads(ask(app, "/_flowproof/exchanges/default-2").body)


def test_requirement_is_stated(app: ControlApp) -> None:
    """
    A requirement is shown with its sentence and source; of one that there is not, the answer says so.
    """
    stated = app.mock.apps["notes"].contract.requirements
    some = next(iter(stated.values()))

    shown = orjson.loads(ask(app, f"/_flowproof/providers/notes/requirements/{some.id}").body)
    assert (shown["text"], shown["source"]) == (some.text, some.source)
    assert ask(app, "/_flowproof/providers/notes/requirements/nothing").status == 404


def test_records_hide_secret_members(app: ControlApp) -> None:
    """
    Records are listed by kind, the newest first, with a mark in the place of what the provider calls secret.
    """
    context = app.mock.workspaces.context(app.mock.workspaces.ensure_default(), "notes")
    secret = next(iter(provider.secret_members), None)
    for number in range(3):
        context.state.put("sample", str(number), {"number": number, **({secret: "s3cret"} if secret else {})})

    found = orjson.loads(ask(app, "/_flowproof/workspaces/default/records?limit=2").body)["records"]["notes"]
    [sample] = [each for each in found if each["kind"] == "sample"]

    assert sample["count"] == 3
    assert [each["number"] for each in sample["newest"]] == [2, 1]
    assert "s3cret" not in json.dumps(sample)


def signed(app: ControlApp, **value: Any) -> WireResponse:
    """What comes of a request that is to be signed."""
    body = json.dumps({"provider": "notes", "method": "GET", "path": "/notes", **value}).encode()
    job = app.answer(WireRequest("POST", "/_flowproof/workspaces/default/sign", "", (*HOST, *JSON), body))
    return job.run(NOWHERE) if isinstance(job, Job) else cast("WireResponse", job)


def test_request_is_signed_by_who_started_the_server() -> None:
    """
    The signer gets the credentials of the role and makes the headers; without a signer nothing is signed.
    """
    app = make_app(signer=lambda request: {"X-Key": str(request.credentials["key"])})
    key = orjson.loads(ask(app, "/_flowproof/workspaces/default").body)["providers"]["notes"]["credentials"]["default"][
        "key"
    ]

    answer = orjson.loads(signed(app, query={"page": "2"}).body)

    assert answer["headers"]["X-Key"] == key
    assert answer["url"] == "http://127.0.0.1:4010/w/default/notes/notes?page=2"
    assert signed(app, role="nobody").status == 422
    assert signed(make_app()).status == 422


def test_signed_request_is_sent_from_here() -> None:
    """
    A request is signed and sent on the server's side: who asks learns its exchange and status, and no secret.
    """
    settings = ServerSettings(entropy=1, signer=lambda request: {"X-Key": str((request.credentials or {})["key"])})
    with Server(build_gateway([provider], settings), grace_s=WAIT_S) as server:
        key = requests.get(f"{server.url}/_flowproof/workspaces/default", timeout=WAIT_S).json()["providers"]["notes"][
            "credentials"
        ]["default"]["key"]

        def send(**value: Any) -> requests.Response:
            value = {"provider": "notes", "method": "GET", "path": "/notes", **value}
            return requests.post(f"{server.url}/_flowproof/workspaces/default/send", json=value, timeout=WAIT_S)

        sent = send()
        assert sent.json() == {"error": "", "exchange": "default-1", "status": 200}
        assert key not in sent.text
        assert send(role=None).json()["status"] == 401
        assert send(text="{", body={}).status_code == 422
        assert send(headers={"a": "b\r\nc: d"}).status_code == 422
        plan = [{"fault": "reset", "first": 1}]
        requests.put(f"{server.url}/_flowproof/workspaces/default/faults", json=plan, timeout=WAIT_S)
        broken = send().json()

    assert (broken["exchange"], broken["status"]) == (None, 0)
    assert "did not come" in broken["error"]


def test_requirements_are_listed_as_each_is_shown(app: ControlApp) -> None:
    """
    The requirements of a contract come in its order, each as it is shown alone.
    """
    found = orjson.loads(ask(app, "/_flowproof/providers/notes/requirements").body)["requirements"]
    stated = app.mock.apps["notes"].contract.requirements

    assert [each["id"] for each in found] == list(stated)
    assert found[0] == orjson.loads(ask(app, f"/_flowproof/providers/notes/requirements/{found[0]['id']}").body)


def verify(server: Server, body: bytes, media_type: str = "application/zip", **more: Any) -> requests.Response:
    """Ask for what a certificate says."""
    headers = {"Content-Type": media_type, **more.pop("headers", {})}
    url = f"{server.url}/_flowproof/certificates/verify"
    return requests.post(url, body, headers=headers, timeout=WAIT_S, **more)


def test_certificate_may_be_larger_than_a_request() -> None:
    """
    A certificate of megabytes reaches the verifier whole, with its keys; no other request and no stranger's may.
    """
    settings = ServerSettings(
        entropy=1,
        token="s3cret",
        largest_body=1024,
        verifier=lambda data, keys: {"valid": True, "size": len(data), "keys": list(keys)},
    )
    own = {"Authorization": "Bearer s3cret"}
    with Server(build_gateway([provider], settings), grace_s=WAIT_S) as server:
        answer = verify(server, b"P" * 2_000_000, headers=own, params={"key": ["a", "b"]})
        assert answer.json() == {"valid": True, "size": 2_000_000, "keys": ["a", "b"]}
        assert verify(server, b"P" * 2_000_000).status_code == 401
        assert verify(server, b"{}", "application/json", headers=own).status_code == 400
        large = requests.put(
            f"{server.url}/_flowproof/workspaces/default/faults", b"[" * 2000, headers=own, timeout=WAIT_S
        )

    assert large.status_code == 413
