"""HTTP on one connection: the same answer on the fast and the slow path, in the order in which requests came."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.serving import Gateway, Server
from tests.kernel.notes import provider
from tests.kernel.notes.desk import Desk

CHANGING = re.compile(rb"(?im)^(flowproof-exchange|date): .*\r\n")
BODY = b'{"text": "a note"}'


@contextmanager
def connected(server: Server) -> Iterator[socket.socket]:
    """A connection to the server."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        yield raw


def post(desk: Desk, *lines: str, path: str = "/notes", body: bytes = BODY, version: str = "1.1") -> bytes:
    """A POST as bytes."""
    head = [
        f"POST /w/{desk.id}/notes{path} HTTP/{version}",
        "Host: localhost",
        f"X-Key: {desk.key}",
        "Content-Type: application/json",
        *lines,
    ]
    if not any(line.startswith("Transfer-Encoding") for line in lines):
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


def get(desk: Desk, path: str = "/notes", method: str = "GET", *lines: str) -> bytes:
    """A request without a body, as bytes."""
    head = [f"{method} /w/{desk.id}/notes{path} HTTP/1.1", "Host: localhost", f"X-Key: {desk.key}", *lines]
    return "\r\n".join([*head, "", ""]).encode()


def answers(raw: socket.socket, count: int) -> list[bytes]:
    """So many answers, each with a body of the length that it says."""
    found: list[bytes] = []
    rest = b""
    while len(found) < count:
        head, blank, body = rest.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        size = int(length[1]) if length else 0
        if blank and len(body) >= size:
            found.append(head + blank + body[:size])
            rest = body[size:]
            continue
        more = raw.recv(65536)
        assert more, f"the connection ended after {len(found)} answers"
        rest += more
    assert rest == b""
    return found


def told(answer: bytes) -> bytes:
    """An answer without what is another in each exchange."""
    return CHANGING.sub(b"", answer)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.integers(min_value=1, max_value=400), max_size=4, unique=True), st.booleans())
def test_request_in_pieces_is_answered_as_in_one(server: Server, desk: Desk, cuts: list[int], is_wrong: bool) -> None:
    """
    Wherever a request is cut into pieces on its way, the answer is the same, to the byte.
    """
    sent = post(desk, path="/optional", body=b"[1, 2, 3]" if is_wrong else BODY)
    ends = [*sorted(cut for cut in cuts if cut < len(sent)), len(sent)]
    with connected(server) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.sendall(sent)
        whole = answers(raw, 1)
        for start, end in zip([0, *ends], ends, strict=False):
            raw.sendall(sent[start:end])
            desk.control("GET", "")  # (until that is answered, the piece has arrived)
        pieces = answers(raw, 1)

    assert [told(each) for each in pieces] == [told(each) for each in whole]
    assert whole[0].startswith(b"HTTP/1.1 400" if is_wrong else b"HTTP/1.1 200")


def test_pipelined_requests_are_answered_in_their_order(server: Server, desk: Desk) -> None:
    """
    Requests that are sent without waiting are answered one after the other, those behind a slow one too.
    """
    asked = [get(desk, f"/notes/echo:{number}") for number in range(6)]
    with connected(server) as raw:
        raw.sendall(b"".join(asked))
        at_once = answers(raw, 6)
        desk.control("PUT", "/faults", [{"fault": "latency", "seconds": 0.2, "first": 1}])
        raw.sendall(b"".join(asked))
        behind_a_slow_one = answers(raw, 6)

    expected = [b'{"text":"echo:%d"}' % number for number in range(6)]
    assert [each.rpartition(b"\r\n")[2] for each in at_once] == expected
    assert [each.rpartition(b"\r\n")[2] for each in behind_a_slow_one] == expected


@pytest.mark.parametrize(
    ("fault", "status"), [({"fault": "status", "status": 503}, 503), ({"fault": "latency", "seconds": 0.01}, 201)]
)
def test_request_that_a_plan_hits_is_counted_once(
    server: Server, desk: Desk, fault: dict[str, object], status: int
) -> None:
    """
    A request that leaves the fast path because a fault plan hits it is placed once: one call of the plan, one exchange.
    """
    desk.control("PUT", "/faults", [{**fault, "first": 2}])
    with connected(server) as raw:
        statuses = []
        for _ in range(3):
            raw.sendall(post(desk))
            statuses.append(int(answers(raw, 1)[0].split()[1]))

    assert statuses == [status, status, 201]
    assert [entry["number"] for entry in desk.journal()] == [1, 2, 3]
    assert [bool(entry["faults"]) for entry in desk.journal()] == [True, True, False]


def test_proxy_is_not_played(server: Server, desk: Desk) -> None:
    """
    Who asks for a tunnel is refused, and the server goes on.
    """
    with connected(server) as raw:
        raw.sendall(b"CONNECT / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        refused = raw.recv(65536)

    assert refused.startswith(b"HTTP/1.1 400")
    assert desk.write().status_code == 201


def test_head_is_answered_without_a_body(server: Server, desk: Desk) -> None:
    """
    HEAD has the head of GET, with the length of its body, and none.
    """
    with connected(server) as raw:
        raw.sendall(get(desk, "/notes/echo:a"))
        whole = answers(raw, 1)[0]
        raw.sendall(get(desk, "/notes/echo:a", "HEAD") + get(desk, "/notes/echo:b"))
        received = b""
        while not received.endswith(b'{"text":"echo:b"}'):
            received += raw.recv(65536)

    head, _, rest = received.partition(b"\r\n\r\n")
    assert told(head + b"\r\n\r\n") == told(whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    assert rest.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("lines", "version", "stays"),
    [((), "1.1", True), (("Connection: close",), "1.1", False), ((), "1.0", False)],
    ids=["kept alive", "closed as asked", "HTTP/1.0"],
)
def test_connection_stays_as_the_client_asks(
    server: Server, desk: Desk, lines: tuple[str, ...], version: str, stays: bool
) -> None:
    """
    A connection is kept alive unless the client says close or speaks HTTP/1.0; then the answer says that it ends.
    """
    with connected(server) as raw:
        raw.sendall(post(desk, *lines, version=version))
        answer = answers(raw, 1)[0]
        raw.sendall(post(desk))
        if stays:
            again = answers(raw, 1)
        else:
            raw.settimeout(10)
            again = []
            with pytest.raises((AssertionError, ConnectionResetError), match=r"the connection ended|reset by peer"):
                answers(raw, 1)

    assert (b"connection: close" in answer.lower()) is not stays
    assert len(again) == int(stays)


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        (("Transfer-Encoding: chunked",), b"8\r\n" + BODY[:8] + b"\r\na\r\n" + BODY[8:] + b"\r\n0\r\n\r\n"),
        (("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAAIAAAAA"), BODY),
    ],
    ids=["in chunks", "offering HTTP/2"],
)
def test_other_ways_to_send_are_understood(server: Server, desk: Desk, lines: tuple[str, ...], body: bytes) -> None:
    """
    A body in chunks is read as one; the offer of another protocol is not taken up.
    """
    with connected(server) as raw:
        raw.sendall(post(desk, *lines, body=body))
        (answer,) = answers(raw, 1)

    assert answer.startswith(b"HTTP/1.1 201")
    assert b'"text":"a note"' in answer


def test_client_that_asks_first_is_told_to_go_on(server: Server, desk: Desk) -> None:
    """
    A client that expects 100 is told to continue, and then sends its body.
    """
    sent = post(desk, "Expect: 100-continue")
    with connected(server) as raw:
        raw.sendall(sent[: -len(BODY)])
        invited = raw.recv(65536)
        raw.sendall(BODY)
        (answer,) = answers(raw, 1)

    assert invited == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 201")


def test_client_that_does_not_read_stops_being_read(server: Server, desk: Desk) -> None:
    """
    Very many pipelined requests of a client that reads nothing yet are all answered when it reads.
    """
    asked = [get(desk, f"/notes/echo:{'x' * 3000}{number}") for number in range(700)]
    with connected(server) as raw:
        raw.settimeout(0.5)
        sent, waiting = 0, b"".join(asked)
        with suppress(TimeoutError):
            while sent < len(waiting):
                sent += raw.send(waiting[sent : sent + 65536])
        assert desk.write().status_code == 201
        raw.settimeout(20)
        found = b""
        while found.count(b"HTTP/1.1 200") < 700 or not found.endswith(b'699"}'):
            if sent < len(waiting):
                raw.setblocking(False)
                with suppress(BlockingIOError):
                    sent += raw.send(waiting[sent : sent + 65536])
                raw.settimeout(20)
            found += raw.recv(1 << 20)

    assert [int(each) for each in re.findall(rb'x(\d+)"}', found)] == list(range(700))


@pytest.mark.parametrize("value", ["a\r\nset-cookie: b", "a\nb", "a\x00b", "5 \u20ac"])
def test_header_that_no_answer_may_have_is_not_sent(
    server: Server, gateway: Gateway, desk: Desk, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """
    An answer whose header would begin another header is our own error, whichever way it goes.
    """
    handle = gateway.mock.handle

    def with_a_header(wire: object) -> object:
        answer = handle(wire)  # type: ignore[arg-type]  # (whatever comes)
        return (
            WireResponse(answer.status, answer.body, (("X-Given", value),))
            if isinstance(answer, WireResponse)
            else answer
        )

    monkeypatch.setattr(gateway.mock, "handle", with_a_header)
    with connected(server) as raw:
        raw.sendall(get(desk))
        (whole,) = answers(raw, 1)

    assert whole.startswith(b"HTTP/1.1 500")
    assert b"set-cookie" not in whole


@pytest.mark.parametrize("last", [BODY, b" " * 70_000], ids=["on the fast path", "on the slow path"])
def test_idle_connection_is_closed_after_a_while(desk: Desk, last: bytes) -> None:
    """
    A connection on which nothing comes any more is closed, counted from its last answer.
    """
    with (
        Server(build_gateway([provider], ServerSettings(entropy=1)), keep_alive_s=1) as server,
        connected(server) as raw,
    ):
        for body in (BODY, BODY, last):
            raw.sendall(post(desk, body=body))
            answers(raw, 1)
        ended = raw.recv(1)

    assert ended == b""
