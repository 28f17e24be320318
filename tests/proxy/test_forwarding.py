"""A proxy forwards what came, as it came: heads, bodies, framing, broken ends."""

import gzip
import socket
import ssl
import string
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from flowproof.proxy import Answer, ProxyServer, Upstream
from flowproof.proxy.forwarding import Forwarding
from tests.proxy.observers import Spy
from tests.proxy.raw import Message, Reader, answering, connected
from tests.proxy.raw import Upstream as RawUpstream

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NAMES = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=12).map(lambda name: f"x-{name}")
LATIN = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="".join(map(chr, range(0x7F, 0xA1))))
VALUES = st.text(LATIN, max_size=20)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
BODIES = st.binary(max_size=300) | st.binary(min_size=1, max_size=3).map(lambda seed: seed * 70_000)


def framed(head: str, headers: list[tuple[str, str]], body: bytes, chunk: int) -> bytes:
    """A message with a length, or in chunks of a size where that is not 0."""
    lines = [head, *(f"{name}: {value}" for name, value in headers)]
    if not chunk:
        lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
    pieces = [body[start : start + chunk] for start in range(0, len(body), chunk)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return "\r\n".join([*lines, "Transfer-Encoding: chunked", "", ""]).encode("latin-1") + chunks + b"0\r\n\r\n"


def lines_of(headers: list[tuple[str, str]]) -> list[str]:
    """Header lines as they stand in a head."""
    return [f"{name}: {value}" for name, value in headers]


def shown(message: Message | None) -> list[str]:
    """The header lines of a message, without those that frame it or name the host."""
    assert message is not None
    hidden = ("host:", "content-length:", "transfer-encoding:")
    return [line for line in message.headers if not line.lower().startswith(hidden)]


@given(
    headers=HEADERS,
    body=BODIES,
    chunk=st.sampled_from([0, 1, 7, 65_536]),
    answer_headers=HEADERS,
    answer_body=BODIES,
    answer_chunk=st.sampled_from([0, 13, 65_536]),
    status=st.sampled_from([200, 201, 400, 404, 503, 299]),
    target=st.text(string.ascii_letters + "%20/?&=:;,+~", max_size=30).map(lambda text: f"/{text}"),
)
def test_both_ends_see_what_the_other_sent(
    headers: list[tuple[str, str]],
    body: bytes,
    chunk: int,
    answer_headers: list[tuple[str, str]],
    answer_body: bytes,
    answer_chunk: int,
    status: int,
    target: str,
) -> None:
    """Target, header lines in their order and letter case, bodies, status and reason arrive as they were sent."""
    if len(body) > 10_000 and chunk in (1, 7):
        chunk = 1_000
    answer = framed(f"HTTP/1.1 {status} As I Say", answer_headers, answer_body, answer_chunk)
    with RawUpstream(answering(answer)).running() as upstream:
        spy = Spy()
        with (
            ProxyServer(Upstream.from_url(upstream.url), spy) as proxy,
            connected(proxy.url) as (connection, reader),
        ):
            connection.sendall(framed(f"PUT {target} HTTP/1.1", [("Host", "proxy"), *headers], body, chunk))
            received = reader.message()
    (sent,) = upstream.seen
    assert (sent.start, shown(sent), sent.body) == (f"PUT {target} HTTP/1.1", [*lines_of(headers)], body)
    assert sent.header("host") == upstream.url.removeprefix("http://")
    assert received is not None
    assert (received.start, shown(received)) == (f"HTTP/1.1 {status} As I Say", lines_of(answer_headers))
    assert received.body == answer_body
    outcome = spy.outcome()
    assert (outcome.status, outcome.request_body, outcome.response_body) == (status, body, answer_body)


def exchange(
    answer: bytes, request: bytes, *, ends_at_close: bool = False, has_body: bool = True
) -> tuple[Message, Spy]:
    """What a client gets through a proxy for a request, of an upstream that answers once and closes."""
    spy = Spy()
    with (
        RawUpstream(answering(answer, then_close=True)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), spy) as proxy,
        connected(proxy.url) as (connection, reader),
    ):
        connection.sendall(request)
        received = reader.message(ends_at_close=ends_at_close, has_body=has_body)
    assert received is not None
    return received, spy


GET = b"GET / HTTP/1.1\r\nHost: proxy\r\n\r\n"


def test_response_that_ends_with_its_connection_is_whole() -> None:
    """An HTTP/1.0 upstream, whose body ends where the connection does, is forwarded whole."""
    received, _ = exchange(b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nall of it", GET)
    assert (received.body, received.is_whole) == (b"all of it", True)
    assert received.header("server") == "old"


def test_client_of_http_1_0_is_served() -> None:
    """A client that knows no chunks gets none."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    received, _ = exchange(chunked, b"GET / HTTP/1.0\r\nHost: proxy\r\n\r\n", ends_at_close=True)
    assert (received.body, received.header("transfer-encoding")) == (b"abc", None)


def test_head_has_headers_and_no_body() -> None:
    """HEAD is answered with the length of a body that does not come."""
    received, spy = exchange(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"HEAD / HTTP/1.1\r\nHost: p\r\n\r\n", has_body=False
    )
    assert received.header("content-length") == "5"
    assert spy.outcome().network_error == ""


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_statuses_without_a_body_have_none(status: str) -> None:
    """What has no body by its status is over with its head."""
    received, spy = exchange(f"HTTP/1.1 {status}\r\nETag: x\r\n\r\n".encode(), GET, has_body=False)
    assert received.start == f"HTTP/1.1 {status}"
    assert spy.outcome().network_error == ""


def test_encoded_body_stays_encoded() -> None:
    """A body with gzip is forwarded as it is."""
    body = gzip.compress(b'{"a": 1}')
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    assert exchange(answer, GET)[0].body == body


def test_connections_are_kept_alive() -> None:
    """Requests of one client connection go over one upstream connection."""
    with (
        RawUpstream(answering(OK)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), Spy()) as proxy,
        connected(proxy.url) as (connection, reader),
    ):
        for _ in range(3):
            connection.sendall(GET)
            assert reader.message() is not None
    assert (len(upstream.seen), upstream.connections) == (3, 1)


def test_upstream_that_answers_at_the_last_byte_keeps_its_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is there before the proxy has looked for the end of the body ends no connection."""
    has_answered = Forwarding._has_answered
    monkeypatch.setattr(Forwarding, "_has_answered", lambda self, server, **_: has_answered(self, server, within_s=30))
    with (
        RawUpstream(answering(OK)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), Spy()) as proxy,
        connected(proxy.url) as (connection, reader),
    ):
        for _ in range(3):
            connection.sendall(framed("POST / HTTP/1.1", [("Host", "p")], b"body", 0))
            assert reader.message() is not None
    assert ([each.body for each in upstream.seen], upstream.connections) == ([b"body"] * 3, 1)


def test_pipelined_requests_are_answered_in_order() -> None:
    """Requests that a client sends without waiting are answered one after another."""
    with (
        RawUpstream(answering(OK)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), Spy()) as proxy,
        connected(proxy.url) as (connection, reader),
    ):
        connection.sendall(b"".join(b"GET /%d HTTP/1.1\r\nHost: p\r\n\r\n" % number for number in range(3)))
        assert [reader.message() is not None for _ in range(3)] == [True] * 3
    assert [each.start for each in upstream.seen] == [f"GET /{number} HTTP/1.1" for number in range(3)]


def test_connection_that_the_upstream_closes_is_closed() -> None:
    """Where the upstream closes an idle connection, the client's is closed, as it would be without a proxy."""
    with (
        RawUpstream(answering(OK, then_close=True)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), Spy()) as proxy,
        connected(proxy.url) as (connection, reader),
    ):
        connection.sendall(GET)
        assert reader.message() is not None
        assert reader.message() is None


def test_upstream_that_announces_its_end_is_connected_to_again() -> None:
    """A client that keeps its connection nevertheless is served, over a new upstream connection."""
    answer = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with (
        RawUpstream(answering(answer, then_close=True)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), Spy()) as proxy,
        connected(proxy.url) as (connection, reader),
    ):
        for _ in range(3):
            connection.sendall(GET)
            assert reader.message() is not None
    assert upstream.connections == 3


def continuing(final: bytes, *, asks: bool) -> Callable[[RawUpstream, socket.socket, Reader], bool]:
    """An upstream that answers a head with 100 Continue, or at once with something final."""

    def answer(upstream: RawUpstream, connection: socket.socket, reader: Reader) -> bool:
        head = reader.head()
        if head is None:
            return False
        if asks:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = Message(head.start, head.headers, reader._take(4))
        upstream.seen.append(head)
        connection.sendall(final)
        return False

    return answer


EXPECTING = b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"


def test_100_continue_is_the_upstreams_own() -> None:
    """A client that waits for 100 gets it from the upstream, and only then sends its body."""
    with (
        RawUpstream(continuing(OK, asks=True)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), Spy()) as proxy,
        connected(proxy.url) as (connection, reader),
    ):
        connection.sendall(EXPECTING)
        informed = reader.head()
        assert informed is not None
        assert informed.start == "HTTP/1.1 100 Continue"
        connection.sendall(b"body")
        assert reader.message() is not None
    assert upstream.seen[0].body == b"body"


def test_refusal_of_an_expected_body_comes_before_the_body() -> None:
    """A client that waits for 100 gets the upstream's refusal in its place."""
    refusal = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
    with (
        RawUpstream(continuing(refusal, asks=False)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), Spy()) as proxy,
        connected(proxy.url) as (connection, reader),
    ):
        connection.sendall(EXPECTING)
        received = reader.message()
    assert received is not None
    assert received.start == "HTTP/1.1 417 Expectation Failed"


def refused_port() -> str:
    """A URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def broken(url: str, request: bytes = GET) -> tuple[str, str]:
    """How a client's connection ends where the upstream is broken, and what the observer is told."""
    spy = Spy()
    with ProxyServer(Upstream.from_url(url), spy) as proxy, connected(proxy.url) as (connection, reader):
        connection.sendall(request)
        try:
            message = reader.message()
            ending = "nothing" if message is None else "whole" if message.is_whole else "cut"
        except ConnectionResetError:
            ending = "reset"
    return ending, spy.outcome().network_error


def test_upstream_that_refuses_connections_is_to_blame() -> None:
    """Nobody listens at the upstream: the client is reset, and the observer is told why."""
    ending, why = broken(refused_port())
    assert ending == "reset"
    assert "cannot be connected to" in why
    assert "refused" in why


@pytest.mark.parametrize(
    ("answer", "ending", "why"),
    [
        (b"", "reset", "sent what is not HTTP/1.1, or not all of it"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "reset", "sent what is not HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "cut", "without sending complete message body"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "cut", "incomplete chunked read"),
    ],
    ids=["closes", "another protocol", "cut", "cut chunk"],
)
def test_upstream_that_breaks_off_is_to_blame(answer: bytes, ending: str, why: str) -> None:
    """What breaks on the upstream's side breaks on the client's, and is told apart from a response."""
    with RawUpstream(answering(answer, then_close=True)).running() as upstream:
        found = broken(upstream.url)
    assert found[0] == ending
    assert why in found[1]


def test_another_protocol_is_not_followed() -> None:
    """A connection that is to become a WebSocket is broken, and the observer is told why."""
    with RawUpstream(answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")).running() as upstream:
        request = b"GET / HTTP/1.1\r\nHost: p\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
        ending, why = broken(upstream.url, request)
    assert (ending, "another protocol" in why) == ("reset", True)


def test_tls_that_fails_is_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upstream without TLS behind an https URL is told as that."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    with RawUpstream(lambda _, connection, __: connection.send(OK) < 0).running() as upstream:
        ending, why = broken(upstream.url.replace("http://", "https://"))
    assert ending == "reset"
    assert "cannot be connected to at https://" in why
    assert "TLS: " in why


def test_client_that_leaves_is_told_apart() -> None:
    """A client that breaks off in its request is to blame, and not the network."""
    spy = Spy()
    with (
        RawUpstream(answering(OK)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), spy) as proxy,
    ):
        with connected(proxy.url) as (connection, _):
            connection.sendall(b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 10\r\n\r\nhalf")
        outcome = spy.outcome()
    assert outcome.network_error == ""
    assert outcome.client_error.startswith("the client ")


def test_long_bodies_are_streamed() -> None:
    """The first part of a long response arrives before its end has been sent; the observer keeps what it wants."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        spy = Spy(largest_body=10)
        upstream = Upstream.from_url(f"http://127.0.0.1:{listening.getsockname()[1]}")
        with ProxyServer(upstream, spy) as proxy, connected(proxy.url) as (connection, _):
            connection.sendall(GET)
            server, _ = listening.accept()
            with server:
                server.recv(65536)
                server.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\nabcdefghijklm")
                received = b""
                while b"abcdefghijklm" not in received:
                    received += connection.recv(65536)
                server.sendall(b"nopqrstuvwxyz")
                while b"xyz" not in received:
                    received += connection.recv(65536)
        outcome = spy.outcome()
    assert (outcome.response_body, outcome.is_cut) == (b"abcdefghij", True)


def test_answer_of_the_observer_never_leaves() -> None:
    """A request that the observer answers itself does not reach the upstream; the connection goes on."""
    spy = Spy({"answer": lambda _: Answer(403, (("X-Why", "not permitted"),), b"no")})
    with (
        RawUpstream(answering(OK)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), spy) as proxy,
        connected(proxy.url) as (connection, reader),
    ):
        for _ in range(2):
            connection.sendall(framed("POST / HTTP/1.1", [("Host", "p")], b"body", 0))
            received = reader.message()
            assert received is not None
            assert (received.start, received.header("x-why"), received.body) == (
                "HTTP/1.1 403 Forbidden",
                "not permitted",
                b"no",
            )
    assert upstream.connections == 0
    assert [each.from_upstream for each in spy.outcomes] == [False, False]


def test_new_headers_replace_the_clients() -> None:
    """A request that is signed anew has the new headers, and its body as it was."""
    spy = Spy({"headers": lambda body: (("X-Signature", f"of {len(body)}"),)})
    with (
        RawUpstream(answering(OK)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), spy) as proxy,
        connected(proxy.url) as (connection, reader),
    ):
        request = framed("POST / HTTP/1.1", [("Host", "p"), ("x-signature", "old"), ("A", "b")], b"body", 3)
        connection.sendall(request)
        assert reader.message() is not None
    (sent,) = upstream.seen
    assert sent.body == b"body"
    assert shown(sent) == ["A: b", "X-Signature: of 4"]


@pytest.mark.parametrize(
    ("decision", "ending", "reaches"),
    [
        ({"reset": "before"}, "reset", 0),
        ({"reset": "after"}, "reset", 1),
        ({"cut_body": 0.5}, "cut", 1),
        ({"change_body": lambda body: body[:1]}, "whole", 1),
        ({"trickle": (0.01, 2)}, "whole", 1),
        ({"wait_s": 0.01}, "whole", 1),
    ],
    ids=["reset before", "reset after", "cut", "changed", "trickle", "wait"],
)
def test_faults_are_laid_over_real_traffic(decision: dict[str, object], ending: str, reaches: int) -> None:
    """The client meets the fault; the upstream has processed the request, unless the fault comes before."""
    with (
        RawUpstream(answering(OK)).running() as upstream,
        ProxyServer(Upstream.from_url(upstream.url), Spy(decision)) as proxy,
        connected(proxy.url) as (connection, reader),
    ):
        connection.sendall(GET)
        try:
            message = reader.message()
            found = "whole" if message is not None and message.is_whole else "cut"
        except ConnectionResetError:
            found = "reset"
    assert (found, len(upstream.seen)) == (ending, reaches)


@pytest.mark.parametrize("is_known", [True, False])
def test_upstream_with_tls_is_verified(is_known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upstream is trusted by the authorities of the environment, and by no others."""
    authority, stranger = trustme.CA(), trustme.CA()
    (authority if is_known else stranger).cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with RawUpstream(answering(OK, then_close=True), context).running() as upstream:
        ending, why = broken(upstream.url)
    assert (ending, "TLS: the certificate is not trusted" in why) == (("whole", False) if is_known else ("reset", True))
