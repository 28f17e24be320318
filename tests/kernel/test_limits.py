"""What a connection may take, how many there may be, and what becomes of those that are open when the server stops."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.kernel.serving.limits import LARGEST_HEAD, LONGEST_TARGET, MOST_HEADERS
from tests.kernel.notes import provider
from tests.kernel.notes.desk import Desk, make_desk

pytestmark = pytest.mark.usefixtures("quiet")


@contextmanager
def served(**settings: float) -> Iterator[Server]:
    """A server of its own."""
    gateway = build_gateway([provider], ServerSettings(entropy=1))
    with Server(gateway, **settings) as server:  # type: ignore[arg-type]  # (numbers of either kind)
        yield server


def sent(server: Server, *pieces: bytes) -> bytes:
    """What the server says to these bytes until it ends the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        for each in pieces:
            raw.sendall(each)
        return b"".join(iter(lambda: raw.recv(65536), b""))


def head(*lines: str, target: str = "/notes/notes") -> bytes:
    """A request without a body, as bytes."""
    return "\r\n".join([f"GET {target} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (head(*(f"X-{number}: 1" for number in range(MOST_HEADERS + 1))), 431),
        (head(f"X-Long: {'x' * LARGEST_HEAD}"), 431),
        (head(target="/notes/" + "x" * LONGEST_TARGET), 414),
        (b"GET /notes/notes HTTP/1.1\r\nHost: localhost\r\nX-Endless: " + b"x" * 300_000, 431),
        (b"GET /notes/notes HTTP/1.1\r\nbroken header\r\n\r\n", 400),
        (b"GET /notes/notes nonsense\r\n\r\n", 400),
        (b"POST /notes/notes HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
    ids=["many headers", "long header", "long target", "endless header", "no header", "no version", "no chunk"],
)
def test_head_beyond_the_limits_gets_the_providers_words(request_bytes: bytes, status: int) -> None:
    """
    A request that cannot be read, or has more than is read, gets the error of the provider that its target names.
    """
    with served() as server:
        answer = sent(server, request_bytes)
        noted = make_desk(server).control("GET", "/../default/journal")["exchanges"]

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b'{"oops":"%d"}' % status in answer
    assert [each["response"]["status"] for each in noted] == [status]


def test_bytes_that_name_no_provider_get_a_problem_document() -> None:
    """
    What names no provider, such as the beginning of TLS, gets our own problem document with status 400.
    """
    with served() as server:
        answer = sent(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "target",
    ["http://localhost/notes/notes", "http://notes.localhost/notes/notes", "http://api.notes.example/notes/notes"],
)
def test_absolute_target_is_answered_as_a_path(target: str) -> None:
    """
    A target in absolute form leads where its host and path lead, whatever the Host header says.
    """
    with served() as server:
        desk = make_desk(server)
        answer = sent(server, head(f"X-Key: {desk.key}", "Connection: close", target=target))

    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("begun", "answered"),
    [
        (b"", b""),
        (b"GET /notes/notes HT", b"HTTP/1.1 408 "),
        (b"GET /notes/notes HTTP/1.1\r\nHost: loc", b"HTTP/1.1 408 "),
        (b"POST /notes/notes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf", b"HTTP/1.1 408 "),
    ],
    ids=["nothing", "half a line", "half a head", "half a body"],
)
def test_request_that_does_not_come_is_waited_for_a_while(begun: bytes, answered: bytes) -> None:
    """
    A connection that sends nothing is closed after a while, one that sends a part of a request gets a 408.
    """
    with served(request_s=0.2, keep_alive_s=1) as server:
        answer = sent(server, begun)

    assert answer.startswith(answered) is True
    assert bool(answer) is bool(answered)


def test_large_body_that_does_not_come_ends_the_connection() -> None:
    """
    A large body that comes in part is waited for a while, too.
    """
    begun = b"POST /notes/notes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n" + b"x" * 200_000
    with served(request_s=0.2) as server:
        assert sent(server, begun) == b""


def test_connections_beyond_the_limit_are_refused_aloud(caplog: pytest.LogCaptureFixture) -> None:
    """
    A connection too many gets a 503, the log says so once, and there is room again when others end.
    """
    with served(most_connections=3) as server:
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            refused = [sent(server) for _ in range(3)]
        desk = make_desk(server)

    assert all(each.startswith(b"HTTP/1.1 503 ") for each in refused)
    assert desk.id
    assert [each.getMessage() for each in caplog.records if "connections" in each.getMessage()] == [
        "there are more than 3 connections; new ones get a 503"
    ]


def test_many_offers_of_another_protocol_are_declined() -> None:
    """
    Five hundred pipelined requests that offer another protocol are each answered in HTTP/1.1.
    """
    each = head("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c")
    with served() as server:
        answer = sent(server, each * 500 + head("Connection: close"))

    assert answer.count(b"HTTP/1.1 ") == 501


def test_body_in_tiny_chunks_is_read_whole() -> None:
    """
    A large body in chunks of one byte each is taken like any other.
    """
    body = b'{"text": "%s"}' % (b"x" * 70_000)
    chunks = b"".join(b"1\r\n%c\r\n" % each for each in body) + b"0\r\n\r\n"
    with served() as server:
        desk = make_desk(server)
        lines = (
            f"X-Key: {desk.key}",
            "Content-Type: application/json",
            "Transfer-Encoding: chunked",
            "Connection: close",
        )
        answer = sent(server, head(*lines).replace(b"GET", b"POST", 1), chunks)
        texts = desk.texts()

    assert answer.startswith(b"HTTP/1.1 201 ")
    assert texts == ["x" * 70_000]


def test_requests_that_have_arrived_are_answered_when_the_server_stops() -> None:
    """
    A server that is stopped answers every request that has arrived, and ends each connection with that answer.
    """
    with ExitStack() as stack:
        server = stack.enter_context(served())
        desk = make_desk(server)
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20)) for _ in range(50)
        ]
        for each in connections:
            each.sendall(head(f"X-Key: {desk.key}"))
        server.stop()
        answers = [b"".join(iter(lambda raw=each: raw.recv(65536), b"")) for each in connections]  # type: ignore[misc]

    assert all(each.startswith(b"HTTP/1.1 200 ") for each in answers)


def test_slow_answer_ends_at_once_when_the_server_stops(desk: Desk) -> None:
    """
    A body that trickles in is sent whole at once when the server stops.
    """
    with ExitStack() as stack:
        server = stack.enter_context(served())
        own = make_desk(server)
        own.break_by({"fault": "slow_body", "seconds": 3000, "pieces": 10})
        raw = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
        raw.sendall(head(f"X-Key: {own.key}"))
        first = raw.recv(65536)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        rest = b"".join(iter(lambda: raw.recv(65536), b""))
        stopping.join()

    assert (first + rest).endswith(b"}")
