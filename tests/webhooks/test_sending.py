"""Sending one webhook: where it may go, what is on the wire, and what receivers answer that are no good servers."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from flowproof.inbox import Inbox, InboxResponse
from flowproof.kernel.serving import sending
from flowproof.kernel.serving.sending import NotAllowed, send
from flowproof.kernel.webhooks.model import DeliveryResult, Webhook

TIMEOUT_S = 10.0


def sent(url: str, **changes: Any) -> DeliveryResult:
    """Send a small webhook."""
    options: dict[str, Any] = {"connection": "whole", "timeout_s": TIMEOUT_S, "allowed_hosts": ()}
    headers = changes.pop("headers", (("Content-Type", "application/json"),))
    webhook = Webhook("made", url, changes.pop("body", b"{}"), method=changes.pop("method", "POST"))
    return asyncio.run(send(webhook, headers, **{**options, **changes}))


@contextmanager
def receiver(*answers: bytes, reads: bool = True, holds: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """A receiver that writes these bytes, whatever they are: after it has read a request, or before."""
    got: list[bytes] = []
    released = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listening.accept()
            with connection:
                if reads:
                    got.append(connection.recv(65536))
                for answer in answers:
                    connection.sendall(answer)
                if holds:
                    released.wait(TIMEOUT_S)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook", got
        finally:
            released.set()
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join(TIMEOUT_S)


ANSWERS: dict[str, tuple[bytes, int, bytes]] = {
    "plain": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    "without a length, until it closes": (b"HTTP/1.1 200 OK\r\n\r\nok", 200, b"ok"),
    "without a body": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n", 200, b"ok!"),
    "100 first": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok", 201, b"ok"),
    "103 and 100 first": (
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 No\r\n\r\n",
        500,
        b"",
    ),
    "shorter than it says": (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok", 200, b"ok"),
    "another protocol": (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n\x00\x01", 101, b""),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nok", 200, b"ok"),
    "line feeds alone": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, b"ok"),
    "line feeds alone, no body": (b"HTTP/1.1 204 No Content\n\n", 204, b""),
    "line feeds alone, chunked": (b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n", 200, b"ok"),
    "line feeds after some lines": (b"HTTP/1.1 201 Created\r\nContent-Length: 2\n\nok", 201, b"ok"),
    "a folded header": (b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    "a blank after a chunk's size": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n",
        200,
        b"ok",
    ),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        200,
        b"ok",
    ),
    "a broken chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 200, b""),
}
NO_ANSWERS = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 20",
    "half the headers": b"HTTP/1.1 200 OK\r\nContent-Le",
    "100 and no more": b"HTTP/1.1 100 Continue\r\n\r\n",
    "garbage": b"\x16\x03\x01 hello there\r\n\r\n",
    "another protocol's greeting": b"SSH-2.0-OpenSSH_9.6\r\n",
}


@pytest.mark.parametrize("case", ANSWERS, ids=str)
def test_answer_is_read_as_it_is_meant(case: str) -> None:
    """Whatever way a receiver frames its answer, its final status and its body are read."""
    answer, status, body = ANSWERS[case]

    with receiver(answer) as (url, _):
        got = sent(url)

    assert (got.status, got.body, got.error) == (status, body, "")


@pytest.mark.parametrize("case", NO_ANSWERS, ids=str)
def test_no_answer_is_none(case: str) -> None:
    """What is no whole answer counts as none, with the reason."""
    with receiver(NO_ANSWERS[case]) as (url, _):
        got = sent(url)

    assert (got.status, got.error != "") == (0, True)


@pytest.mark.parametrize("case", [case for case in ANSWERS if case.startswith("line feeds")], ids=str)
def test_line_feeds_alone_stall_no_delivery(case: str) -> None:
    """A receiver that ends its lines with a line feed alone, and keeps its connection, is heard at once."""
    answer, status, body = ANSWERS[case]

    with receiver(answer, holds=True) as (url, _):
        got = sent(url)

    assert (got.status, got.body, got.error) == (status, body, "")


def test_answer_in_many_pieces_is_one() -> None:
    """An answer that comes byte by byte is the same answer."""
    pieces = [bytes([each]) for each in ANSWERS["103 and 100 first"][0]]

    with receiver(*pieces) as (url, _):
        assert sent(url).status == 500


def test_answer_before_the_request_is_read_counts() -> None:
    """A receiver that answers at once and closes, without having read, is heard."""
    with receiver(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", reads=False, holds=True) as (url, _):
        got = sent(url, body=b"x" * 100)

    assert got.status == 413


def test_huge_answer_is_cut() -> None:
    """Of an answer that does not end only the beginning is read, and its status counts."""
    with receiver(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 65536] * 64) as (url, _):
        got = sent(url)

    assert got.status == 200
    assert len(got.body) < 2 * 1024 * 1024


def test_headers_without_end_are_no_answer() -> None:
    """Headers that do not end are given up."""
    with receiver(b"HTTP/1.1 200 OK\r\n", *[b"X-More: " + b"x" * 65000 + b"\r\n"] * 40) as (url, _):
        got = sent(url)

    assert got.status == 0


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok"], ids=["none", "half"])
def test_receiver_that_hangs_is_given_up(answer: bytes) -> None:
    """A receiver that does not finish its answer in time has given none."""
    with receiver(answer, holds=True) as (url, _):
        got = sent(url, timeout_s=0.2)

    assert got == DeliveryResult(error="no answer within 0.2 s")


def test_nobody_there_is_no_answer() -> None:
    """Where nobody listens there is no answer, and it may come again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert sent(f"http://127.0.0.1:{port}/").status == 0


@pytest.mark.parametrize(("size", "connection"), [(2, "whole"), (300_000, "whole"), (300_000, "slow")])
def test_body_arrives_byte_for_byte(make_inbox: Callable[..., Inbox], size: int, connection: str) -> None:
    """The exact bytes arrive, also when there are many, also when they come slowly."""
    inbox, body = make_inbox(), bytes(range(256)) * (size // 256) + b"{}"

    assert sent(inbox.url, body=body, connection=connection).status == 200
    assert inbox.received[0].body == body


def test_cut_connection_is_a_broken_request(make_inbox: Callable[..., Inbox]) -> None:
    """A cut connection breaks off inside the body."""
    inbox = make_inbox()

    got = sent(inbox.url, body=b"x" * 1000, connection="cut")

    assert (got.status, got.error) == (0, "cut by the adversary")
    assert inbox.received == ()


def test_request_line_and_headers_are_well_formed() -> None:
    """The target keeps its escapes and its query; blanks and letters beyond ASCII are escaped; Host names the port."""
    with receiver(b"HTTP/1.1 200 OK\r\n\r\n") as (url, got):
        sent(f"{url}/a%20b/ä b?c=%C3%A4&d=e f#not sent")

    head = got[0].split(b"\r\n")
    port = url.rpartition(":")[2].partition("/")[0]
    assert head[:4] == [
        b"POST /hook/a%20b/%C3%A4%20b?c=%C3%A4&d=e%20f HTTP/1.1",
        f"Host: 127.0.0.1:{port}".encode(),
        b"Connection: close",
        b"Content-Length: 2",
    ]


def test_get_without_body_has_no_content_headers() -> None:
    """A GET without a body says nothing of one."""
    with receiver(b"HTTP/1.1 200 OK\r\n\r\n") as (url, got):
        sent(url, method="GET", body=b"")

    assert b"content-" not in got[0].lower()


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": (("X-Evil", "a\r\nX-More: b"),)},
        {"headers": (("X-Evil\r\nX-More", "b"),)},
        {"headers": (("X Evil", "b"),)},
        {"headers": (("X-Evil", "a\x00b"),)},
        {"method": "POST /other HTTP/1.1\r\nX:"},
        {"method": ""},
    ],
    ids=str,
)
def test_nothing_breaks_out_of_its_line(changes: dict[str, Any], inbox: Inbox) -> None:
    """A method or header that would break the request is not sent at all."""
    with pytest.raises(NotAllowed):
        sent(inbox.url, **changes)
    assert (inbox.received, inbox.broken) == ((), 0)


LOOPBACK = ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001", "localhost", "LOCALHOST", "127.9.8.7"]
FORBIDDEN = [
    "http://10.0.0.1/",
    "http://192.168.1.1:80/",
    "http://169.254.169.254/latest/meta-data/",
    "http://8.8.8.8/",
    "http://0.0.0.0:{port}/",
    "http://0/",
    "http://[::]:{port}/",
    "http://[::ffff:10.0.0.1]/",
    "http://[::ffff:a00:1]/",
    "http://[fe80::1]/",
    "http://[64:ff9b::a00:1]/",
    "http://0x0a000001/",
    "http://167772161/",
    "http://012.0.0.1/",
    "http://10.1/",
    "http://user@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}@10.0.0.1/",
    "http://10.0.0.1#@127.0.0.1:{port}/",
    "http://10.0.0.1\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@10.0.0.1/",
    "https://10.0.0.1/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "http://",
    "http://:{port}/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:port/",
    "http://[::1/",
    "http://a..b/",
    f"http://{'a' * 70}.example/",
    "",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_is_allowed_however_it_is_written(host: str, inbox: Inbox) -> None:
    """Whatever means this machine's loopback may be sent to: what counts is the address that is connected to."""
    if host == "127.9.8.7":
        with socket.create_server((host, 0)) as listening:
            assert sent(f"http://{host}:{listening.getsockname()[1]}/", timeout_s=0.1).error.startswith("no answer")
    else:
        assert sent(inbox.url.replace("127.0.0.1", host)).status == 200


@pytest.mark.parametrize("url", FORBIDDEN, ids=str)
def test_elsewhere_is_not_allowed(url: str, inbox: Inbox) -> None:
    """Nothing but loopback may be sent to, in whatever spelling; and nothing is connected to."""
    with pytest.raises(NotAllowed):
        sent(url.replace("{port}", str(inbox.port)))
    assert (inbox.received, inbox.broken) == ((), 0)


@pytest.fixture
def names_lead_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let every name have these addresses; returns the names that are resolved from then on."""

    def lead(*addresses: str) -> list[str]:
        resolved: list[str] = []

        async def getaddrinfo(_loop: Any, host: str, port: int, **_: Any) -> list[Any]:
            resolved.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
        return resolved

    return lead


@pytest.mark.parametrize(
    "addresses", [("10.0.0.1",), ("127.0.0.1", "10.0.0.1"), ("10.0.0.1", "127.0.0.1"), ("fd00::1",)], ids=str
)
def test_name_with_a_private_address_is_not_allowed(
    names_lead_to: Callable[..., list[str]], addresses: tuple[str, ...]
) -> None:
    """A name is judged by all of its addresses, and none of them may be elsewhere."""
    names_lead_to(*addresses)

    with pytest.raises(NotAllowed, match=r"innocent\.example is not on loopback"):
        sent("http://innocent.example/")


def test_name_is_resolved_once(names_lead_to: Callable[..., list[str]], inbox: Inbox) -> None:
    """The address that was checked is the one that is connected to: a name is resolved once, so it cannot change."""
    resolved = names_lead_to("127.0.0.1")

    assert sent(f"http://innocent.example:{inbox.port}/").status == 200
    assert resolved.count("innocent.example") == 1
    assert inbox.received[0].header("host") == f"innocent.example:{inbox.port}"


def test_allowed_host_is_allowed_by_its_name(
    names_lead_to: Callable[..., list[str]], inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that the workspace allows may be sent to, by the name that was allowed and no other."""
    names_lead_to("127.0.0.1")
    monkeypatch.setattr(sending, "is_loopback", lambda _: False)  # so that nothing leaves this machine

    assert sent(f"http://Hooks.Example:{inbox.port}/", allowed_hosts={"hooks.example"}).status == 200
    with pytest.raises(NotAllowed):
        sent(f"http://other.example:{inbox.port}/", allowed_hosts={"hooks.example"})
    with pytest.raises(NotAllowed):
        sent(inbox.url, allowed_hosts={"hooks.example"})


def test_every_address_of_a_name_is_tried(names_lead_to: Callable[..., list[str]], inbox: Inbox) -> None:
    """A name whose first address nobody listens at is reached by its second, as localhost often is."""
    names_lead_to("127.0.0.2", "127.0.0.1")

    assert sent(f"http://localhost:{inbox.port}/").status == 200


def test_name_without_address_may_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that cannot be resolved now is a failure that may pass, so it is tried again."""

    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)

    assert sent("http://soon.example/").error.startswith("soon.example has no address")


def test_slow_resolution_counts_as_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time to find an address is part of the time that an attempt may take."""

    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        await asyncio.sleep(TIMEOUT_S)
        return []

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)

    assert sent("http://slow.example/", timeout_s=0.05).error == "no answer within 0.05 s"


def test_webhook_cannot_steer_the_server_itself(inbox: Inbox) -> None:
    """The server's own port is no receiver: its control API trusts loopback, and a webhook comes from there."""
    with pytest.raises(NotAllowed, match="the mock server itself"):
        sent(inbox.url, home_ports={inbox.port})
    with pytest.raises(NotAllowed, match="the mock server itself"):
        sent(inbox.url.replace("127.0.0.1", "localhost"), home_ports={inbox.port}, allowed_hosts={"localhost"})


def test_inbox_answer_headers_are_read(make_inbox: Callable[..., Inbox]) -> None:
    """The headers of the answer are kept as they came."""
    inbox = make_inbox(InboxResponse(202, (("X-One", "1"), ("X-One", "2"))))

    assert [value for name, value in sent(inbox.url).headers if name == "X-One"] == ["1", "2"]
