"""The inbox: what it keeps, what it answers, how it is waited on, and what it hides."""

import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from freezegun import freeze_time

from flowproof.clients.oneflow import PostbackVerifier
from flowproof.errors import ConfigurationError
from flowproof.inbox import Inbox, InboxResponse, NothingCame, Received

SECRET = "Bearer 0123456789abcdef"


def post(inbox: Inbox, body: bytes = b"{}", method: str = "POST", **headers: str) -> int | None:
    """One request; the status, or None where no answer came."""
    try:
        return requests.request(method, f"{inbox.url}?q=1", data=body, headers=headers, timeout=10).status_code
    except requests.ConnectionError:
        return None


def test_request_is_kept_as_it_came(inbox: Inbox) -> None:
    """Method, path with query, headers in their spelling and exact bytes are kept."""
    post(inbox, b'{"a": [1]}', "PUT", **{"X-Own": "ä".encode().decode("latin-1")})

    (received,) = inbox.wait()
    assert (received.method, received.path, received.body) == ("PUT", "/webhooks?q=1", b'{"a": [1]}')
    assert (received.json, ("X-Own", "Ã¤") in received.headers) == ({"a": [1]}, True)
    assert (received.number, received.status, received.verified, received.at.tzinfo is None) == (1, 200, None, False)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_is_taken(inbox: Inbox, method: str) -> None:
    """A request of whatever method is taken."""
    assert post(inbox, method=method) == 200


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (503, [503, 503, 503]),
        ([500, None, 201], [500, None, 201]),
        ([500, 200], [500, 200, 200]),
        (InboxResponse(418, (("X-One", "1"),), b"tea"), [418, 418, 418]),
        (lambda received: 200 + received.number, [201, 202, 203]),
        (lambda received: InboxResponse(None) if received.number == 2 else InboxResponse(204), [204, None, 204]),
        (lambda received: received.json["missing"], [500, 500, 500]),
    ],
    ids=["a status", "a sequence", "the last stays", "an answer", "a function", "another function", "one failing"],
)  # fmt: skip
def test_inbox_answers_as_it_is_told(
    make_inbox: Callable[..., Inbox], answers: Any, expected: list[int | None]
) -> None:
    """Each way to say what is answered is heard, and what was answered is kept."""
    inbox = make_inbox(answers)

    assert [post(inbox) for _ in range(3)] == expected
    assert [each.status for each in inbox.wait(3)] == expected


def test_inbox_is_waited_on_while_time_is_frozen(inbox: Inbox) -> None:
    """In a test whose time is frozen, what comes is seen, and what does not come is no endless wait."""
    with freeze_time("2024-09-13T12:00:00Z"):
        post(inbox)
        (received,) = inbox.wait()
        with pytest.raises(NothingCame):
            inbox.wait(2, timeout_s=0.05)

    assert (received.body, f"{received.at:%F %T}") == (b"{}", "2024-09-13 12:00:00")


def test_answers_can_change(inbox: Inbox) -> None:
    """What is answered can be set anew, and a sequence then begins anew."""
    post(inbox)
    inbox.answers = [500, 200]
    post(inbox)
    inbox.answers = [404, 200]
    post(inbox)

    assert [each.status for each in inbox.received] == [200, 500, 404]


def test_no_answers_at_all_are_refused(inbox: Inbox) -> None:
    """An empty sequence is an error at once."""
    with pytest.raises(ConfigurationError):
        inbox.answers = []


def test_waiting_ends_with_the_condition(inbox: Inbox) -> None:
    """A wait ends as soon as enough requests of the meant kind have come."""
    threads = [threading.Thread(target=post, args=(inbox, b'{"n": %d}' % number)) for number in range(20)]
    for each in threads:
        each.start()

    found = inbox.wait(3, where=lambda received: received.json["n"] >= 15)

    assert all(each.json["n"] >= 15 for each in found)
    for each in threads:
        each.join()
    assert sorted(each.json["n"] for each in inbox.wait(20)) == list(range(20))
    assert [each.number for each in inbox.received] == list(range(1, 21))


def test_failed_wait_shows_everything_but_secrets(make_inbox: Callable[..., Inbox]) -> None:
    """A wait that fails shows each request with its verdict and body, and hides headers that may be secret."""
    inbox = make_inbox(202, verify=lambda received: False)
    post(inbox, b'{"event": "here"}', Authorization=SECRET, **{"X-Api-Key": SECRET, "X-Seen": "yes"})
    inbox.wait()  # (the sender may have its answer before the inbox has noted that)

    with pytest.raises(NothingCame) as failed:
        inbox.wait(2, timeout_s=0.05)

    text = str(failed.value)
    assert "within 0.05 s 1 of 2 wanted requests came" in text
    assert "1. POST /webhooks?q=1 answered 202, NOT verified" in text
    assert '17 bytes: {"event": "here"}' in text
    assert ("X-Seen: yes" in text, "Authorization: [hidden]" in text, SECRET in text) == (True, True, False)
    assert SECRET not in repr(failed.value.received)


def test_failed_wait_says_when_nothing_came(inbox: Inbox) -> None:
    """A wait for which nothing came says so."""
    with pytest.raises(NothingCame, match="nothing came at all"):
        inbox.wait(timeout_s=0.01)


def test_broken_request_is_counted_and_not_kept(inbox: Inbox) -> None:
    """A request that breaks off is no delivery; a failed wait says that there was one."""
    with socket.create_connection(("127.0.0.1", inbox.port)) as connection:
        connection.sendall(b"POST /webhooks HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""  # (the inbox has closed it, and so has counted it)

    with pytest.raises(NothingCame, match="1 broke off"):
        inbox.wait(timeout_s=0.01)
    assert (inbox.received, inbox.broken) == ((), 1)


def test_verifier_is_recorded_and_may_refuse(make_inbox: Callable[..., Inbox]) -> None:
    """Each request is verified; a verifier that raises verifies nothing; what is not verified may be refused."""

    def verify(received: Received) -> bool:
        return PostbackVerifier(SECRET).is_genuine(received.headers)

    inbox = make_inbox(verify=verify, refuse=401)
    broken = make_inbox(verify=lambda received: received.json["missing"])

    assert [post(inbox, Authorization=SECRET), post(inbox, Authorization=f"{SECRET}x"), post(inbox)] == [200, 401, 401]
    assert [each.verified for each in inbox.received] == [True, False, False]
    assert (post(broken), broken.received[0].verified) == (200, False)


def test_postback_verifier_wants_exactly_one_header() -> None:
    """Two Authorization headers prove nothing, even if one of them is right; an empty value is refused."""
    verifier = PostbackVerifier(SECRET)

    assert verifier.is_genuine({"AUTHORIZATION": SECRET})
    assert not verifier.is_genuine([("Authorization", SECRET), ("authorization", "other")])
    assert SECRET not in repr(verifier)
    with pytest.raises(ConfigurationError):
        PostbackVerifier(" ")


def test_waiting_for_what_has_come_but_was_not_answered(make_inbox: Callable[..., Inbox]) -> None:
    """A request can be waited for while its answer is still held back, and closing the inbox holds up nobody."""
    inbox = make_inbox(InboxResponse(200, delay_s=30))
    sender = threading.Thread(target=post, args=(inbox,))
    sender.start()

    (received,) = inbox.wait(answered=False)
    inbox.close()
    sender.join(10)

    assert (received.status, sender.is_alive()) == (None, False)


def test_inbox_forgets_when_told(inbox: Inbox) -> None:
    """Cleared, it has had nothing."""
    post(inbox)
    inbox.clear()
    post(inbox)

    assert [each.number for each in inbox.wait()] == [1]


def test_inbox_writes_nothing(
    make_inbox: Callable[..., Inbox], capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is sent, nothing is written to the terminal or to a log of ours."""
    caplog.set_level(logging.DEBUG)
    inbox = make_inbox([None, 200])
    post(inbox, Authorization=SECRET)
    post(inbox, Authorization=SECRET)
    with socket.create_connection(("127.0.0.1", inbox.port)) as connection:
        connection.sendall(b"\x00\x01garbage\r\n\r\n")
        connection.recv(100)

    assert capfd.readouterr() == ("", "")
    assert [each for each in caplog.records if each.name.startswith("flowproof")] == []


def test_closed_inbox_lets_go_of_its_port() -> None:
    """After its block nobody answers any more; closing twice does no harm."""
    with Inbox() as inbox:
        assert post(inbox) == 200
    inbox.close()

    assert post(inbox) is None
