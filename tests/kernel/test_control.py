"""The control API: who may ask, and that every answer is as its own document says."""

import json
import re
from typing import Any

import orjson
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from flowproof.conformance import check
from flowproof.exchange import Exchange
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.control.app import ControlApp, control_contract
from flowproof.kernel.control.event_stream import EventStream
from flowproof.kernel.faults.effects import EFFECTS
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.mock import Arrival
from flowproof.kernel.serving import Server
from flowproof.kernel.serving.control_answers import Job
from tests.kernel.notes import provider
from tests.kernel.notes.desk import Desk

pytestmark = pytest.mark.usefixtures("quiet")

CONTRACT = control_contract()
JSON = (("content-type", "application/json"),)

NOWHERE = ("127.0.0.1", 1)  # where no server is


def make_app(token: str | None = None) -> ControlApp:
    """A control API without its socket."""
    app = build_gateway([provider], ServerSettings(entropy=1, token=token))._control
    assert isinstance(app, ControlApp)
    return app


@pytest.fixture(scope="module")
def app() -> ControlApp:
    """One without a token."""
    return make_app()


def ask(app: ControlApp, method: str, path: str, body: bytes = b"", **more: Any) -> tuple[int, bytes]:
    """One request, whose answer is checked against the control API's document."""
    headers = more.pop("headers", JSON if body else ())
    path, _, query = path.partition("?")
    answer = app.answer(WireRequest(method, f"/_flowproof{path}", query, headers, body, **more))
    if isinstance(answer, Job):
        answer = answer.run(NOWHERE)
    if isinstance(answer, EventStream):
        answer = WireResponse(200, answer.read() or b"", (("Content-Type", "text/event-stream"),))
    exchange = Exchange(method, path, query, headers, body, answer.status, answer.headers, answer.body)
    assert check(CONTRACT, exchange) == ()
    return answer.status, answer.body


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", (), 200),
        ("127.8.8.8", (("host", "127.0.0.1:4010"),), 200),
        ("::1", (("host", "[::1]"),), 200),
        ("::1", (("host", "[::1]:4010"),), 200),
        ("127.0.0.1", (("host", "notes.localhost:4010"),), 200),
        ("127.0.0.1", (("origin", "http://localhost:3000"),), 200),
        ("10.0.0.1", (), 403),
        ("", (), 403),
        ("10.0.0.1", (("host", "localhost"),), 403),
        ("127.0.0.1", (("host", "evil.example"),), 403),
        ("127.0.0.1", (("host", "localhost.evil.example:4010"),), 403),
        ("127.0.0.1", (("host", "localhost"), ("origin", "https://evil.example")), 403),
        ("127.0.0.1", (("origin", "null"),), 403),
        ("127.0.0.1", (("origin", "http://["),), 403),
        ("127.0.0.1", (("flowproof-delivery", "default/dlv-1"),), 403),
    ],
)
def test_only_loopback_may_ask_without_a_token(app: ControlApp, peer: str, headers: Any, status: int) -> None:
    """
    A foreign address, a rebound Host and another site's Origin are refused; this machine's own names are not.
    """
    assert ask(app, "GET", "/health", peer=peer, headers=headers)[0] == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 401),
        ((("authorization", "Bearer wrong"),), 401),
        ((("authorization", "Basic s3cret"),), 401),
        ((("authorization", "Bearer"),), 401),
        ((("authorization", "Bearer \xff"),), 401),
        ((("authorization", "bearer s3cret"),), 200),
        ((("authorization", "Bearer s3cret"), ("host", "mock.example")), 200),
    ],
)
@pytest.mark.parametrize("peer", ["127.0.0.1", "10.0.0.1"])
def test_a_token_is_asked_of_everybody(peer: str, headers: Any, status: int) -> None:
    """
    With a token set, it alone decides, from wherever a request comes.
    """
    assert ask(make_app("s3cret"), "GET", "/providers", peer=peer, headers=headers)[0] == status


@pytest.mark.parametrize("headers", [(), (("host", "mock.example"),), (("authorization", "Bearer wrong"),)])
def test_health_and_readiness_are_shown_without_the_token(headers: Any) -> None:
    """
    A probe, which has no token, sees that a server with a token is alive and ready; nobody sees more.
    """
    app = make_app("s3cret")
    answers = [ask(app, "GET", path, peer="10.0.0.1", headers=headers) for path in ("/health", "/ready", "/metrics")]

    assert [status for status, _ in answers] == [200, 200, 401]
    assert [orjson.loads(body)["status"] for _, body in answers[:2]] == ["ok", "ready"]


def test_document_and_routes_agree(app: ControlApp) -> None:
    """
    Every documented operation is a route, and every route but a provider's own is documented.
    """
    documented = {(each.method, re.sub(r"\{\w+\}", "*", each.path)) for each in CONTRACT.operations.all}
    routed = {
        (method, re.sub(r"<[\w:]+>", "*", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
        if not rule.endpoint.startswith("notes_control.")
    }

    assert documented == routed


@pytest.mark.parametrize("path", ["/workspaces/default", "/workspaces/default/reset", "/workspaces/default/journal"])
def test_options_does_nothing(app: ControlApp, path: str) -> None:
    """
    A browser's preflight carries out no operation.
    """
    assert ask(app, "OPTIONS", path)[0] == 405


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_body_that_a_form_can_send_is_refused(app: ControlApp, content_type: str) -> None:
    """
    A body that is not declared as JSON is refused, even if it is JSON.
    """
    headers = (("content-type", content_type),)

    assert ask(app, "POST", "/workspaces", b'{"id":"formed"}', headers=headers)[0] == 400
    assert ask(app, "GET", "/workspaces/formed")[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "/workspaces/nobody", b"", 404, "There is no workspace nobody."),
        ("GET", "/nothing", b"", 404, "see /_flowproof/openapi.json"),
        ("PATCH", "/health", b"", 405, "PATCH /_flowproof/health"),
        ("POST", "/workspaces", b"{", 400, "expected JSON"),
        ("POST", "/workspaces", b'{"id":"a","id":"b"}', 400, "each key once"),
        ("POST", "/workspaces", b"null", 422, "expected an object, got null"),
        ("POST", "/workspaces", b'{"id":"default"}', 409, "Workspace default exists already. Choose another id"),
        ("POST", "/workspaces", b'{"id":"A B"}', 422, "lower-case letters"),
        ("POST", "/workspaces", b'{"id":""}', 422, "lower-case letters"),
        ("POST", "/workspaces", b'{"name":"a"}', 422, "request.body"),
        ("PUT", "/workspaces/default/clock", b"", 422, "expected an object"),
        ("PUT", "/workspaces/default/clock", b'{"now":"soon"}', 422, "Write ISO 8601, such as"),
        ("PUT", "/workspaces/default/clock", b'{"mode":"real","offset_s":1e300}', 422, "offset_s of a clock is 1e+300"),
        ("POST", "/workspaces/default/clock/advance", b'{"seconds":-1}', 422, "#/seconds: expected at least 0"),
        ("PUT", "/workspaces/default/faults", b'[{"fault":"flood"}]', 422, "#/0/fault: expected one of"),
        ("PUT", "/workspaces/default/faults", b'[{"named":"x.y"}]', 422, "There are: notes.mayhem"),
        ("PUT", "/workspaces/default/snapshot", b'{"flowproof":"x"}', 422, "This is no snapshot"),
        ("PUT", "/workspaces/default/seed/notes", b'{"moto":1}', 422, "#/motto: expected a value"),
        ("GET", "/workspaces/default/seed/nobody", b"", 404, "There is no provider nobody; there are notes"),
        ("GET", "/exchanges/default-999", b"", 404, "The journal has no exchange default-999"),
        ("GET", "/exchanges/last-refused?workspace=nobody", b"", 404, "There is no workspace nobody"),
        ("GET", "/workspaces?limit=x&limit=5", b"", 422, "#/limit: expected an integer"),
        ("GET", "/workspaces?limit=0", b"", 422, "#/limit: expected at least 1"),
        ("DELETE", "/workspaces/default", b"", 422, "Reset it instead"),
    ],
)
def test_bad_input_is_a_problem_with_a_helpful_sentence(
    app: ControlApp, method: str, path: str, body: bytes, status: int, says: str
) -> None:
    """
    A problem document names what is wrong, where, and what to do instead.
    """
    got, text = ask(app, method, path, body)

    assert (got, says in text.decode()) == (status, True), text


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORDS: dict[str, list[Any]] = {
    "id": ["a", "fresh", "default"],
    "seed": ["x"],
    "mode": ["real", "frozen", "stepped"],
    "now": ["2024-01-01", "9999-12-31T23:59:59Z", "0001-01-01"],
    "clock": [{"mode": "stepped", "step_s": 0}],
    "fault": list(EFFECTS),
    "named": ["notes.mayhem"],
    "flowproof": ["snapshot/1"],
    "records": [[], [["notes", "note", "1", {}]]],
    "tasks": [
        [],
        [["notes", 0, "tick", {}, "m"]],
        [["notes", -(2**62), "tick", {}, "m"]],
        [["notes", 2**64, "tick", 1, ""]],
    ],
    "faults": [[], [{"fault": "reset", "calls": "x"}]],
    "deliveries": [[]],
}
KEYS = [*WORDS, "seconds", "status", "offset_s", "step_s", "first", "every", "pieces", "calls", "probability", "motto"]


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    """Objects whose keys mean something and whose values mostly do not."""
    keys = draw(st.lists(st.sampled_from(KEYS), max_size=8, unique=True))
    return {key: draw((st.sampled_from(WORDS[key]) if key in WORDS else st.nothing()) | VALUES) for key in keys}


@settings(max_examples=60)
@given(
    operation=st.sampled_from(CONTRACT.operations.all),
    value=objects() | st.lists(objects(), max_size=3) | VALUES,
    workspace=st.sampled_from(["default", "a", "nobody"]),
    query=st.sampled_from(
        ["", "?limit=1", "?after=99999999999999999999", "?offset=9223372036854775808", "?refused=true&limit=%FF"]
    ),
)
def test_no_input_makes_the_control_api_fail(
    app: ControlApp, operation: Any, value: Any, workspace: str, query: str
) -> None:
    """
    Whatever JSON is sent to a documented operation, it succeeds or refuses as documented, and never fails.
    """
    ids = {"workspace": workspace, "provider": "notes", "exchange": "default-1", "requirement": "notes.auth"}
    path = operation.path.format_map({**dict.fromkeys(("delivery", "trial", "task", "id", "name"), "x"), **ids})
    status, text = ask(app, operation.method, f"{path}{query}", json.dumps(value).encode())

    assert status < 500, text
    for each in ("default", "a"):
        found = app.mock.workspaces.find(each)
        if found is not None:
            wire = WireRequest("GET", f"/w/{each}/notes/notes", "", (), b"")
            handled = app.mock.handle(wire)
            answer = app.mock.resume(handled) if isinstance(handled, Arrival) else handled
            assert answer.status in (401, *range(400, 600))
            app.mock.workspaces.reset(found)


def test_contract_of_a_provider_is_one_document_with_this_server(app: ControlApp) -> None:
    """
    A provider's contract is served as one OpenAPI document, whose only server is this one; of no other provider.
    """
    here: dict[str, Any] = {"headers": (("host", "127.0.0.1:4010"),), "peer": "127.0.0.1"}
    document = json.loads(ask(app, "GET", "/providers/notes/openapi.json", **here)[1])
    listed = json.loads(ask(app, "GET", "/providers", **here)[1])["providers"]["notes"]

    assert document["servers"] == [{"url": listed["base_url"]}] == [{"url": "http://127.0.0.1:4010/notes"}]
    assert listed["contract"] == "http://127.0.0.1:4010/_flowproof/providers/notes/openapi.json"
    assert document["components"]["schemas"].keys() >= {"Note"}
    assert ask(app, "GET", "/providers/nobody/openapi.json", **here)[0] == 404


def test_providers_own_operations_are_reached(desk: Desk) -> None:
    """
    A provider's operations of the control API stand below its workspace.
    """
    assert desk.control("GET", "/notes/motto") == {"motto": "write it down"}


def test_root_and_health_answer_over_the_wire(server: Server) -> None:
    """
    A person who opens the server's root sees the providers; health says ok.
    """
    root, health = (requests.get(f"{server.url}{path}", timeout=5).json() for path in ("/", "/_flowproof/health"))

    assert (root["providers"], health["status"]) == ({"notes": {"title": "Notes", "path": "/notes"}}, "ok")


def test_body_too_large_for_the_control_api(server: Server) -> None:
    """
    A control request over the limit gets a 413 problem.
    """
    answer = requests.post(f"{server.url}/_flowproof/workspaces", data=b'"' * 200_000, timeout=5)

    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_ready_counts_the_workspaces(server: Server, desk: Desk) -> None:
    """
    A server is ready where its state can be read.
    """
    ready = requests.get(f"{server.url}/_flowproof/ready", timeout=5).json()

    assert (ready["status"], ready["workspaces"] >= 2) == ("ready", True)


def test_metrics_count_requests_refusals_and_durations(server: Server, desk: Desk) -> None:
    """
    The metrics are Prometheus' text: requests by operation and status, refusals by requirement, durations, workspaces.
    """
    requests.get(f"{server.url}/w/{desk.id}/notes/notes", timeout=5)
    answer = requests.get(f"{server.url}/_flowproof/metrics", timeout=5)
    families = {each.name: each for each in text_string_to_metric_families(answer.text)}
    requested = families["flowproof_requests"].samples
    refused = [each for each in requested if each.labels["status"] == "401"]

    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert sum(each.value for each in refused) >= 1
    assert {"flowproof_refusals", "flowproof_webhook_attempts", "flowproof_workspaces"} <= set(families)
    durations = {each.labels.get("le"): each.value for each in families["flowproof_request_duration_seconds"].samples}
    assert durations["+Inf"] >= durations["0.001"]
