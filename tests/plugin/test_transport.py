"""Requests without a socket: the same answers as over loopback, and loopback wherever a socket matters."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from time import monotonic
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import BaseAdapter, HTTPAdapter

from flowproof.inbox import Inbox
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.serving import Gateway, Server
from flowproof.plugin.transport import InProcessAdapter
from flowproof.target import ControlClient, Workspace
from tests.kernel.notes import provider as notes
from tests.webhooks.parcels import provider as parcels

pytest_plugins = ["pytester"]

NOON = {"mode": "frozen", "now": "2026-03-01T12:00:00+00:00"}
LARGEST_BODY = 2_000


@dataclass(frozen=True)
class Place:
    """A workspace, and the session that reaches it in one of the two ways."""

    workspace: Workspace
    session: requests.Session

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """One request to the notes with the workspace's key."""
        site = self.workspace.site("notes")
        headers = {"x-key": site.credentials().key, **more.pop("headers", {})}
        return self.session.request(method, site.url + path, headers=headers, timeout=10, **more)

    def seen(self) -> str:
        """The last exchange as the server saw it, without what differs from run to run."""
        (entry,) = self.workspace.journal.entries(limit=1)
        host = self.workspace.server.url.partition("//")[2]
        return repr({name: entry[name] for name in entry if name != "duration_ms"}).replace(host, "HOST")

    def faults_hit(self) -> list[list[str]]:
        """Which plans hit each exchange."""
        return [[fault["fault"] for fault in each["faults"]] for each in self.workspace.journal.entries()]


def connected(
    stack: ExitStack, adapter: Callable[[Gateway, str], BaseAdapter]
) -> tuple[ControlClient, requests.Session]:
    """A server of its own, with a session and a control client that reach it in one way."""
    gateway = build_gateway([notes, parcels], ServerSettings(entropy=1, largest_body=LARGEST_BODY))
    url = stack.enter_context(Server(gateway)).url
    session = stack.enter_context(requests.Session())
    session.trust_env = False
    session.mount("http://", adapter(gateway, url))
    return stack.enter_context(closing(ControlClient(url, adapter=adapter(gateway, url)))), session


def over_loopback(*_: object) -> BaseAdapter:
    """What it is compared with."""
    return HTTPAdapter()


@pytest.fixture(scope="module")
def ways() -> Iterator[tuple[Place, Place]]:
    """Two servers that draw the same ids: one is reached over loopback, the other without a socket."""
    with ExitStack() as stack:
        both = [connected(stack, way) for way in (over_loopback, InProcessAdapter)]
        first, second = (Place(control.make_workspace(clock=NOON), session) for control, session in both)
        yield first, second


@pytest.fixture
def place() -> Iterator[Place]:
    """A workspace that is reached without a socket."""
    with ExitStack() as stack:
        control, session = connected(stack, InProcessAdapter)
        yield Place(control.make_workspace(clock=NOON), session)


@pytest.fixture
def no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """No new connection can be opened."""

    def refused(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("this test opens no connection")

    monkeypatch.setattr(socket.socket, "connect", refused)


paths = st.one_of(
    st.sampled_from(
        ["/notes", "/notes/echo:a%2Fb", "/notes/echo:%c3%a4", "//notes", "/optional", "/liar", "/broken", ""]
    ),
    st.text(st.characters(codec="utf-8"), max_size=12).map("/notes/echo:{}".format),
)
headers = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "Accept", "X-Key", "Connection", "Cookie", "Host", "User-Agent", "Transfer-Encoding"]
    ),
    st.sampled_from(
        ["application/json", "close", "a=1; b=2", "api.notes.example", "two  blanks\tand a tab", "ü", "identity"]
    ),
    max_size=3,
)
bodies = st.one_of(
    st.none(),
    st.binary(max_size=20),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(['{"text": "hello"}', '{"text": "ä"}', "null", "x" * (LARGEST_BODY + 1)]),
)
queries = st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), max_size=2)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get"]),
    path=paths,
    query=queries,
    given_headers=headers,
    body=bodies,
)
def test_answer_and_journal_are_the_same_either_way(
    ways: tuple[Place, Place], method: str, path: str, query: Any, given_headers: dict[str, str], body: Any
) -> None:
    """
    Whatever is sent, the answer and what the server saw of the request are the same over loopback and without a socket.
    """
    told: list[tuple[object, ...]] = []
    for place in ways:
        try:
            answer = place.ask(method, path, params=query, headers=given_headers, data=body, allow_redirects=False)
        except (requests.RequestException, UnicodeError) as error:
            told.append((type(error), place.seen()))
            continue
        told.append((answer.status_code, answer.reason, [*answer.headers.items()], answer.content, place.seen()))

    assert told[1] == told[0]


@pytest.mark.usefixtures("no_connections")
def test_requests_open_no_connection(place: Place) -> None:
    """
    Plain requests to the server, the control API's too, are answered without any connection.
    """
    place.ask("POST", "/notes", json={"text": "hello"})

    assert [each["text"] for each in place.ask("GET", "/notes").json()["notes"]] == ["hello"]
    assert len(place.workspace.journal.entries()) == 2


@pytest.mark.parametrize(
    ("plan", "error"),
    [
        ({"fault": "reset", "moment": "before"}, requests.ConnectionError),
        ({"fault": "truncated_body", "part": 0.5}, requests.exceptions.ChunkedEncodingError),
    ],
)
def test_broken_connections_are_real_and_hit_once(place: Place, plan: dict[str, Any], error: type[Exception]) -> None:
    """
    A request that a plan breaks goes over loopback, where it is counted once; the next is answered as ever.
    """
    place.workspace.faults.set({**plan, "first": 1})

    with pytest.raises(error):
        place.ask("GET", "/notes")

    assert place.ask("GET", "/notes").status_code == 200
    assert place.faults_hit() == [[plan["fault"]], []]


def test_delays_are_waited_for(place: Place) -> None:
    """
    A request that a plan delays takes as long as the plan says.
    """
    place.workspace.faults.set({"fault": "latency", "seconds": 0.2})
    started = monotonic()
    place.ask("GET", "/notes")

    assert monotonic() - started >= 0.2


def test_other_addresses_are_reached_as_ever(place: Place, inbox: Inbox) -> None:
    """
    The same session reaches any other server over its socket.
    """
    place.session.post(inbox.url, data=b"hello", timeout=10)

    assert [each.body for each in inbox.received] == [b"hello"]


def test_what_is_due_has_been_done_before_the_next_request(place: Place) -> None:
    """
    When a request that moves the clock returns, what became due has been done, in its order, as over loopback.
    """
    for name in ("first", "second"):
        place.ask("POST", "/countdowns", json={"name": name, "after_s": 5})
    place.workspace.clock.advance(60)

    records = place.workspace.snapshot()["records"]
    assert [value["text"] for _, kind, _, value in records if kind == "note"] == ["first", "second"]


def test_webhooks_leave_over_a_socket(place: Place, inbox: Inbox) -> None:
    """
    What a request without a socket wants delivered arrives at its receiver.
    """
    site = place.workspace.site("parcels")
    place.session.post(f"{site.url}/parcels", json={"name": "books", "url": inbox.url}, timeout=10)

    assert [each.json["parcel"] for each in inbox.wait()] == ["books"]


def test_many_callers_are_served_one_at_a_time(place: Place) -> None:
    """
    Callers in many threads, with a socket and without, lose nothing of each other's.
    """
    bare = Place(place.workspace, requests.Session())

    def write(number: int) -> int:
        return (bare if number % 3 == 0 else place).ask("POST", "/notes", json={"text": str(number)}).status_code

    with ThreadPoolExecutor(8) as pool, closing(bare.session):
        statuses = set(pool.map(write, range(60)))

    assert statuses == {201}
    assert sorted(int(each["text"]) for each in place.ask("GET", "/notes").json()["notes"]) == [*range(60)]


def test_server_that_has_stopped_is_unreachable() -> None:
    """
    When the server has stopped, a request fails as it does at a closed port.
    """
    with ExitStack() as stack:
        control, session = connected(stack, InProcessAdapter)
        place = Place(control.make_workspace(clock=NOON), session)
        open_until_now = stack.pop_all()
    open_until_now.close()

    with pytest.raises(requests.ConnectionError):
        place.ask("GET", "/notes")


def test_request_ends_while_a_large_one_waits(place: Place) -> None:
    """
    A connection that is open and silent holds up no request without a socket.
    """
    host, _, port = place.workspace.server.url.partition("//")[2].partition(":")
    with socket.create_connection((host, int(port))) as silent:
        silent.sendall(b"POST /notes HTTP/1.1\r\ncontent-length: 10\r\n\r\n")

        assert place.ask("GET", "/notes").status_code == 200


def test_cookies_are_kept_and_sent_back() -> None:
    """
    A session keeps the cookies of an answer, each with its attributes, as it does those that come over a socket.
    """

    class Baker:
        """Sets two cookies."""

        def serve_from_thread(self, request: WireRequest) -> WireResponse:
            """The same to everybody."""
            cookies = (("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; Path=/elsewhere"))
            return WireResponse(200, (request.header("cookie") or "").encode(), cookies)

    with requests.Session() as session:
        session.mount("http://", InProcessAdapter(Baker(), "http://127.0.0.1:9"))
        answers = [session.get("http://127.0.0.1:9/jar", timeout=1) for _ in range(2)]

    assert [each.text for each in answers] == ["", "a=1"]
    assert sorted(answers[0].cookies.get_dict()) == ["a", "b"]


ASKS = """
    import socket
    def refuse(*_):
        raise OSError("no socket is to be used")  # (on which whoever made one closes it)
    def test_it(oneflow, workspace, monkeypatch):
        monkeypatch.setattr(socket.socket, "connect", refuse)
        assert oneflow.orders().orders == ()
        assert workspace.clock.freeze()
"""


@pytest.mark.parametrize("way", ["flag", "environment", "ini key", "flag over environment"])
def test_transport_is_one_setting(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """
    The transport comes from the flag, else the environment, else the ini key, and holds for clients and control API.
    """
    arguments = ["--flowproof-transport", "in-process"] if way.startswith("flag") else []
    if way.endswith("environment"):
        monkeypatch.setenv("FLOWPROOF_TRANSPORT", "in-process" if way == "environment" else "socket")
    if way == "ini key":
        pytester.makeini("[pytest]\nflowproof_transport = in-process\n")
    pytester.makepyfile(ASKS)

    pytester.runpytest("--flowproof-providers", "oneflow", *arguments).assert_outcomes(passed=1)


def test_loopback_is_the_default(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Whoever asks for nothing gets a real socket.
    """
    monkeypatch.delenv("FLOWPROOF_TRANSPORT", raising=False)
    pytester.makepyfile(ASKS)

    pytester.runpytest("--flowproof-providers", "oneflow").assert_outcomes(failed=1)


def test_unknown_transport_is_a_usage_error(pytester: pytest.Pytester) -> None:
    """
    Another word than the two ends the run before it starts, and the two are named.
    """
    ended = pytester.runpytest("--flowproof-transport", "pigeon")

    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.fnmatch_lines(["*'pigeon': choose socket or in-process*"])
