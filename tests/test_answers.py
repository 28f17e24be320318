"""Every answer of every mock, errors included, has a media type and a body of its contract, and says why it refuses."""

from collections.abc import Iterator
from functools import cache
from urllib.parse import quote, urlencode

import orjson
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowproof.cases import CaseRequest, read_cases
from flowproof.conformance import Contract, Operation, check, load_contract
from flowproof.exchange import Exchange, header
from flowproof.providers import find_kit
from flowproof.target import Workspace

PROVIDERS = ("dots_eco", "flow1st", "integrations", "oneflow", "otter")
KITS = {slug: find_kit(slug) for slug in PROVIDERS}
TIMEOUT_S = 30
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
WORDS = ("x", "", "1", "true", "Order", "code", "a b/c?", "\u00e9", "5910757faab8ec6f60127999", "0" * 5000)
BODIES = (
    None,
    b"",
    b"{}",
    b"[]",
    b"null",
    b"1",
    b"[1",
    b"\xff",
    b'{"a":1,"a":2}',
    b"[" * 200,
    b"a=b&a=c",
    b"x" * 1_100_000,
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SHARED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@cache
def contract_of(slug: str) -> Contract:
    """The contract of a provider."""
    return load_contract(slug)


@cache
def examples_of(slug: str) -> tuple[bytes, ...]:
    """The bodies of the documented requests."""
    sent = (step["request"].get("body") for case in read_cases(slug) for step in case.steps if "request" in step)
    return tuple(dict.fromkeys(orjson.dumps(each) for each in sent if isinstance(each, dict)))


def filled(path: str, words: Iterator[str]) -> str:
    """A path of the contract with values in place of its parameters, percent-encoded."""
    head, brace, rest = path.partition("{")
    return f"{head}{quote(next(words), safe='')}{filled(rest.partition('}')[2], words)}" if brace else path


def send(workspace: Workspace, slug: str, request: CaseRequest, headers: dict[str, str]) -> Exchange:
    """Send a request, signed with the account's own credentials where it says so."""
    own = dict(KITS[slug].headers(workspace.site(slug), request)) if request.is_signed else {}
    query = f"?{urlencode(request.query)}" if request.query else ""
    with requests.Session() as session:
        session.trust_env = False
        got = session.request(
            request.method,
            f"{workspace.url(slug)}{request.path}{query}",
            data=request.body,
            headers={**own, **request.headers, **headers},
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
    sent = tuple(got.request.headers.items())
    answered = tuple(got.headers.items())
    return Exchange(
        request.method, request.path, query[1:], sent, request.body or b"", got.status_code, answered, got.content
    )


def offences(slug: str, exchange: Exchange) -> list[str]:
    """What is wrong with an answer by the contract, media type and empty bodies included."""
    contract = contract_of(slug)
    found = [str(each) for each in check(contract, exchange) if each.where.startswith("response")]
    match = contract.operations.find(exchange.method, exchange.path)
    described = match.operation.described(exchange.status) if match else None
    if described == {} and exchange.response_body and exchange.method != "HEAD":
        found.append(f"{exchange.status} has a body, and the contract has none for it")
    if exchange.status >= 400 and header(exchange.response_headers, "flowproof-requirement") is None:
        found.append(f"{exchange.status} without the requirement that it stands for")
    if exchange.status == 405 and not header(exchange.response_headers, "allow"):
        found.append("405 without Allow")
    return found


@st.composite
def odd_requests(draw: st.DrawFn, slug: str) -> tuple[CaseRequest, dict[str, str]]:
    """A request to an operation of the contract in which anything may be odd, and its further headers."""
    operation: Operation = draw(st.sampled_from(contract_of(slug).operations.all))
    words = st.sampled_from(WORDS)
    path = filled(operation.path, iter(draw(st.lists(words.filter(bool), min_size=4, max_size=4))))
    names = [each.name for each in operation.parameters if each.place == "query"]
    query = draw(st.dictionaries(st.sampled_from(names), words)) if names else {}
    own = tuple(operation.bodies) or (JSON,)
    body = draw(st.sampled_from((*BODIES, *examples_of(slug)))) if operation.method not in {"GET", "HEAD"} else None
    media_type = draw(st.sampled_from((*own, JSON, FORM, "text/plain", "application/json; charset=latin-1", "")))
    headers = {"Content-Type": media_type} if media_type else {}
    accept = draw(st.sampled_from(("text/html", JSON, "")))
    wrong = draw(st.sampled_from(({}, {}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"})))
    is_signed = draw(st.booleans())
    return CaseRequest(operation.method, path, query, headers, body, is_signed), {
        **({"Accept": accept} if accept else {}),
        **wrong,
    }


@pytest.mark.parametrize("slug", PROVIDERS)
@SHARED
@given(data=st.data())
def test_odd_request_gets_an_answer_of_the_contract(workspace: Workspace, slug: str, data: st.DataObject) -> None:
    """Whatever is odd about a request, its answer has the media type and form that the contract gives its status."""
    request, headers = data.draw(odd_requests(slug))

    exchange = send(workspace, slug, request, headers)

    assert offences(slug, exchange) == []
    assert exchange.status < 500


def error_statuses(operation: Operation) -> list[int]:
    """The documented statuses of an operation's errors; for a class of them, some of it."""
    named = [int(each) for each in operation.responses if each.isdecimal() and int(each) >= 400]
    return [*named, *(status for status in (500, 502, 503, 504) if operation.described(status) is not None)]


@pytest.mark.parametrize("slug", PROVIDERS)
def test_injected_error_is_the_provider_s_own(workspace: Workspace, slug: str) -> None:
    """An injected status has the provider's media type and body for it, and names a requirement of the contract."""
    wrong, contract = [], contract_of(slug)
    for operation in contract.operations.all:
        path = filled(operation.path, iter(("5910757faab8ec6f60127999", "1", "1", "1")))
        for status in error_statuses(operation):
            with workspace.faults.during({"fault": "status", "status": status}):
                exchange = send(workspace, slug, CaseRequest(operation.method, path, {}, {}, None, False), {})
            cited = header(exchange.response_headers, "flowproof-requirement")
            if exchange.status != status or cited not in contract.requirements or offences(slug, exchange):
                wrong.append((operation.id, status, exchange.status, cited, offences(slug, exchange)))

    assert wrong == []


@pytest.mark.parametrize("slug", PROVIDERS)
@pytest.mark.parametrize("status", [400, 404, 405, 409, 418, 429, 500, 503, 599])
def test_any_injected_status_names_a_requirement(workspace: Workspace, slug: str, status: int) -> None:
    """Whatever status a fault plan chooses, the answer names a requirement, and a 405 the methods of its path."""
    operation = contract_of(slug).operations.all[0]
    workspace.faults.set({"fault": "status", "status": status})

    exchange = send(workspace, slug, CaseRequest(operation.method, operation.path, {}, {}, None, False), {})

    assert exchange.status == status
    assert header(exchange.response_headers, "flowproof-requirement") in contract_of(slug).requirements
    allow = header(exchange.response_headers, "allow")
    assert (allow is not None) is (status == 405)
    assert allow is None or operation.method in allow.split(", ")


@pytest.mark.parametrize("slug", PROVIDERS)
def test_method_that_a_path_has_not_is_told_those_it_has(workspace: Workspace, slug: str) -> None:
    """A 405 has `Allow` with exactly the methods that the contract has for the path, and HEAD beside GET."""
    by_path: dict[str, set[str]] = {}
    for operation in contract_of(slug).operations.all:
        path = filled(operation.path, iter(("5910757faab8ec6f60127999", "1", "1", "1")))
        by_path.setdefault(path, set()).add(operation.method)
    wrong = []
    for path, methods in by_path.items():
        expected = methods | ({"HEAD"} if "GET" in methods else set())
        for method in (each for each in METHODS if contract_of(slug).operations.find(each, path) is None):
            exchange = send(workspace, slug, CaseRequest(method, path, {}, {}, None, False), {})
            allow = header(exchange.response_headers, "allow") or ""
            if exchange.status == 405 and set(allow.split(", ")) != expected:
                wrong.append((method, path, allow))
            if exchange.status not in {404, 405}:
                wrong.append((method, path, str(exchange.status)))

    assert wrong == []


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/health", "GET, HEAD"),
        ("PATCH", "/workspaces", "GET, HEAD, POST"),
        ("POST", "/workspaces/default/journal.har", "GET, HEAD"),
        ("GET", "/workspaces/default/otter/consent", "PUT"),
    ],
)
def test_control_api_names_the_methods_of_a_path(workspace: Workspace, method: str, path: str, allow: str) -> None:
    """A 405 of the control API has `Allow`, too."""
    answer = requests.request(method, f"{workspace.server.url}/_flowproof{path}", timeout=TIMEOUT_S)

    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"destination": }', "unexpected character, expected a JSON value at line 1, column 17"),
        (b'{\n "a": 1\n "b": 2}', "at line 3, column 2"),
        (b'{"abc\xc3\xa9": x}', "at line 1, column 10"),
        (b'{"abc\xe9": 1}', "the byte 0xe9 at line 1, column 6 is not UTF-8"),
        (b'{"a":\n"\xc3\xa9\xff"}', "the byte 0xff at line 2, column 3 is not UTF-8"),
        (b'{"a":1,"a":2}', "must be JSON that has each key once in an object, got 'a' 2 times"),
        (b"[" * 200 + b"]" * 200, "must be JSON with at most 100 levels of nesting, got 200 levels"),
    ],
    ids=repr,
)
def test_unreadable_body_is_answered_with_its_place(workspace: Workspace, body: bytes, reason: str) -> None:
    """OneFlow's message for a body that is no JSON is one sentence, and names the place that is wrong."""
    request = CaseRequest("POST", "/api/order", {}, {"Content-Type": JSON}, body, True)
    exchange = send(workspace, "oneflow", request, {})

    message = orjson.loads(exchange.response_body)["error"]["message"]
    assert message.startswith("Your request had an error: the body must be JSON")
    assert reason in message
    assert "  " not in message


@pytest.mark.parametrize("query", ["", "client_id=x", "ticket=x&client_id=y", "ticket=&client_id="])
def test_consent_page_without_a_ticket_is_a_page(workspace: Workspace, query: str) -> None:
    """Whoever opens the authorization page without what it needs gets a page that says what to do, not JSON."""
    answer = requests.get(f"{workspace.url('otter')}/v1/auth/oauth2/consent?{query}", timeout=TIMEOUT_S)

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "go back to the application" in " ".join(answer.text.split()).lower()
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
