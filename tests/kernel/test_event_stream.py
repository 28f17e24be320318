"""The stream of events that an open page reads: what comes, in which order, and how much of it at once."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from flowproof.conformance import Finding
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.control.app import ControlApp
from flowproof.kernel.control.event_stream import EventStream
from flowproof.kernel.http.request import WireRequest
from flowproof.kernel.journal.annotation import annotate
from flowproof.kernel.journal.entries import summary
from flowproof.kernel.mock import Arrival
from flowproof.kernel.serving import Server
from tests.kernel.control_app import HOST, JSON, ask, credentials, make_app, request
from tests.kernel.notes import provider

WAIT_S = 30


@pytest.fixture
def app() -> ControlApp:
    """A control API without a token."""
    return make_app()


@dataclass
class Events:
    """
    Reads a stream of events without a socket.

    Args:
        app: The control API.
        after: Exchanges up to this number are known.
    """

    app: ControlApp
    after: int = 0
    headers: Any = ()
    stream: EventStream = field(init=False)

    def __post_init__(self) -> None:
        wire = WireRequest(
            "GET", "/_flowproof/workspaces/default/events", f"after={self.after}", (*HOST, *self.headers), b""
        )
        opened = self.app.answer(wire)
        assert isinstance(opened, EventStream)
        self.stream = opened

    def read(self) -> list[tuple[str, Any]]:
        """Kinds and data of the new events."""
        found = []
        for block in (self.stream.read() or b"").decode().strip().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines())
            if lines:
                found.append((lines["event"], json.loads(lines["data"])))
        return found

    def numbers(self) -> list[int]:
        """The new exchanges."""
        return [each["number"] for kind, data in self.read() if kind == "exchanges" for each in data]


def test_events_have_what_a_list_shows(app: ControlApp) -> None:
    """
    An exchange is an event once, with its summary and neither bodies nor headers.
    """
    events = Events(app)
    assert events.read() == []
    request(app)

    [(kind, [summary])] = events.read()
    assert kind == "exchanges"
    assert summary["id"] == "default-1"
    assert (summary["method"], summary["path"], summary["status"], summary["refused"]) == ("GET", "/notes", 401, True)
    assert not {"request", "response"} & summary.keys()
    assert events.read() == []


def test_events_go_on_where_they_ended(app: ControlApp) -> None:
    """
    A client that comes again gets what it has not had, whether it says so in the query or as a browser does.
    """
    for _ in range(3):
        request(app)

    assert Events(app, after=2).numbers() == [3]
    assert Events(app, headers=(("last-event-id", "1"),)).numbers() == [2, 3]
    assert Events(app, headers=(("last-event-id", "x"),)).numbers() == [1, 2, 3]


def test_long_journal_comes_in_parts(app: ControlApp) -> None:
    """
    A journal of hundreds comes a hundred at a time, the newest first, with how many are still to come; none is missing.
    """
    key = credentials(app)["key"]
    for _ in range(250):
        request(app, key=key)
    events = Events(app)

    parts = [events.read() for _ in range(4)]

    assert [[each["number"] for each in found] for ((_, found), *_) in parts[:3]] == [
        list(range(151, 251)),
        list(range(51, 151)),
        list(range(1, 51)),
    ]
    behind = [data["waiting"] for part in parts for kind, data in part if kind == "behind"]
    assert behind == [150, 50, 0]
    assert parts[3] == []


def test_stream_that_comes_again_misses_nothing(app: ControlApp) -> None:
    """
    The id of an event is the number up to which nothing is outstanding, so a stream that breaks off loses nothing.
    """
    key = credentials(app)["key"]
    for _ in range(250):
        request(app, key=key)
    first = (Events(app).stream.read() or b"").decode()
    again = Events(app, headers=(("last-event-id", first.split("\nid: ")[1].split("\n")[0]),))

    assert sorted(number for _ in range(3) for number in again.numbers()) == list(range(1, 251))


@pytest.mark.parametrize("path", ["/notes", "/notes?page=2", "/notes/{secret}?q={secret}", "/nowhere"])
def test_summary_is_that_of_the_journal(app: ControlApp, path: str) -> None:
    """
    What a list shows is the same before anybody has read the exchange and after, and holds no secret.
    """
    own = credentials(app)
    request(app, path.format(**own), key=own["key"])
    request(app, path.format(**own))
    fresh = Events(app).read()

    entries = app.mock.journal.entries("default")
    expected = [summary(each, is_refused=each["response"]["status"] >= 400) for each in entries]

    assert fresh == [("exchanges", expected)]
    assert Events(app).read() == fresh
    assert own["secret"] not in json.dumps(fresh)


def test_exchange_that_a_fault_holds_up_is_not_missed(app: ControlApp) -> None:
    """
    A request that waits is an event when it is recorded, behind the later ones.
    """
    plan = b'[{"fault": "latency", "seconds": 1, "first": 1}]'
    ask(app, "/_flowproof/workspaces/default/faults", JSON, "PUT", plan)
    events = Events(app)
    events.read()
    held = request(app)
    request(app)
    assert isinstance(held, Arrival)
    assert events.numbers() == [2]

    app.mock.resume(held)

    assert events.numbers() == [1]
    assert events.numbers() == []


def test_request_that_is_refused_later_is_shown_again(app: ControlApp) -> None:
    """
    An exchange that its provider judges after the answer is an event once more, as refused.
    """
    request(app, key=credentials(app)["key"])
    events = Events(app)
    [(_, [accepted])] = events.read()
    annotate(app.mock.store, "default-1", [Finding("request.body", "", "less", "more")], "Too much.", frozenset())
    ask(app, "/_flowproof/workspaces/default/clock/advance", JSON, "POST", b'{"seconds": 60}')

    [(_, [judged]), (kind, _)] = events.read()

    assert (accepted["refused"], judged) == (False, {**accepted, "refused": True})
    assert kind == "changed"
    assert events.read() == []


def test_events_name_a_change_and_a_new_count(app: ControlApp) -> None:
    """
    A moved clock is an event; a workspace that was made anew begins to count again; one that is gone ends the stream.
    """
    ask(app, "/_flowproof/workspaces", JSON, "POST", b'{"id": "w"}')
    wire = WireRequest("GET", "/_flowproof/workspaces/w/events", "after=7", HOST, b"")
    stream = app.answer(wire)
    assert isinstance(stream, EventStream)

    assert b"event: restarted" in (stream.read() or b"")
    ask(app, "/_flowproof/workspaces/w/clock", JSON, "PUT", b'{"mode": "frozen", "now": "2026-01-01T00:00:00Z"}')
    assert b"event: changed" in (stream.read() or b"")
    ask(app, "/_flowproof/workspaces/w", (), "DELETE")
    assert stream.read() is None


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on a real socket."""
    with Server(build_gateway([provider], ServerSettings(entropy=1)), grace_s=WAIT_S) as running:
        yield running


def test_stream_is_live_and_ends_with_the_server(server: Server) -> None:
    """
    Events come over a real socket while other requests are served, and end when the server stops.
    """
    with requests.get(f"{server.url}/_flowproof/workspaces/default/events", stream=True, timeout=WAIT_S) as answer:
        lines = answer.iter_lines()
        assert answer.headers["content-type"] == "text/event-stream"
        assert next(lines).startswith(b"retry:")
        requests.get(f"{server.url}/w/default/notes/notes", timeout=WAIT_S)
        assert b"event: exchanges" in (next(lines), next(lines))

        server.stop()

        assert all(not line.startswith(b"event:") for line in lines)


def test_stream_of_a_stranger_is_refused(server: Server) -> None:
    """
    Another site's page gets no events, and no workspace that there is none of has any.
    """
    url = f"{server.url}/_flowproof/workspaces/default/events"

    assert requests.get(url, headers={"Origin": "https://evil.example"}, timeout=WAIT_S).status_code == 403
    assert requests.get(url, headers={"Host": "evil.example"}, timeout=WAIT_S).status_code == 403
    assert requests.get(url.replace("default", "nobody"), timeout=WAIT_S).status_code == 404
    assert requests.head(url, timeout=WAIT_S).status_code == 200
