"""An observer or a kit that raises: a sentence in the log, no traceback, and an exchange that goes its way."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from flowproof.exchange import Headers
from flowproof.proxy import Decision, ProxyServer, Upstream
from flowproof.proxy.observer import Request
from tests.proxy import raw
from tests.proxy.sandboxes import Gate, observed

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SECRET = "hunter2-Zeppelin"


class Fails:
    """
    An observer of another distribution that fails.

    Args:
        place: Where: `decide`, or a field of the decision.
    """

    largest_body = 1024

    def __init__(self, place: str) -> None:
        self._place = place

    def decide(self, _request: Request) -> Decision:
        """Fail, or make a decision that fails."""
        if self._place == "decide":
            self._fail()
        failing: dict[str, Any] = {self._place: self._fail}
        return Decision(**failing)

    def _fail(self, *_given: object) -> Any:
        raise KeyError(SECRET)


@pytest.fixture
def unhandled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What a thread has raised and nobody has caught."""
    found: list[object] = []
    monkeypatch.setattr("threading.excepthook", found.append)
    return found


@contextmanager
def proxied(place: str, *, has_upstream: bool = True) -> Iterator[str]:
    """The URL of a proxy with such an observer."""
    with raw.Upstream(raw.answering(HELLO)).running() as upstream:
        behind = Upstream.from_url(upstream.url) if has_upstream else None
        with ProxyServer(behind, Fails(place)) as proxy:
            yield proxy.url


@pytest.mark.parametrize("place", ["decide", "answer", "change_body", "done"])
def test_exchange_is_passed_on_where_its_observer_fails(
    place: str, caplog: pytest.LogCaptureFixture, unhandled: list[object]
) -> None:
    """Whatever of an observer fails, the client gets the provider's answer, again and again, and the log says why."""
    with proxied(place) as url, requests.Session() as session:
        texts = [session.get(f"{url}/order?key={SECRET}", timeout=60).text for _ in range(2)]

    assert (texts, unhandled) == (["hello", "hello"], [])
    assert [each.levelno for each in caplog.records] == [logging.WARNING] * 2
    assert "of GET /order failed: KeyError in _fail, line" in caplog.messages[0]
    assert SECRET not in caplog.text


def test_request_that_cannot_be_signed_is_not_sent_on(
    caplog: pytest.LogCaptureFixture, unhandled: list[object]
) -> None:
    """A kit whose signature fails gives the client 502 and a sentence, and the provider nothing."""
    with proxied("headers") as url:
        answer = requests.post(f"{url}/order", data="{}", timeout=60)

    assert (answer.status_code, answer.headers["Flowproof-Proxy"], unhandled) == (502, "not sent on", [])
    assert answer.text.startswith("The proxy has sent nothing on: it could not be signed anew (KeyError in _fail")
    assert SECRET not in answer.text + caplog.text


@pytest.mark.parametrize("place", ["decide", "answer"])
def test_observer_that_fails_with_nothing_behind_is_answered_for(
    place: str, caplog: pytest.LogCaptureFixture, unhandled: list[object]
) -> None:
    """Where nothing is behind a proxy, as in a replay, the client gets 502 and not a broken connection."""
    with proxied(place, has_upstream=False) as url:
        answer = requests.get(url, timeout=60)

    assert (answer.status_code, unhandled) == (502, [])
    assert len(caplog.messages) == 1


class BrokenGate(Gate):
    """A gate whose store is gone."""

    def passing(self, *_given: object) -> Any:
        """Fail."""
        raise OSError(SECRET)


def test_nothing_leaves_where_a_permission_is_not_known(
    caplog: pytest.LogCaptureFixture, unhandled: list[object]
) -> None:
    """What fails while a permission is looked up is refused: it may be what the profile forbids."""
    with observed("oneflow", BrokenGate()) as there:
        answer = requests.get(f"{there.site.url}/api/order", timeout=60)

    assert (answer.status_code, answer.headers["Flowproof-Proxy"]) == (502, "failed: nothing was sent")
    assert "Nothing was sent to the provider." in caplog.text
    assert (SECRET in caplog.text, unhandled) == (False, [])


def fail(*_given: object) -> Headers:
    """What a kit does that does not know its own parts."""
    raise AttributeError(SECRET)


@pytest.mark.parametrize(
    ("what", "explanation"),
    [
        ("flowproof.proxy.sandbox.check", "It was not checked: the judgement failed with AttributeError"),
        ("flowproof.proxy.signing.Resigner.__call__", "The proxy has sent nothing on: it could not be"),
    ],
)
def test_journal_says_what_of_a_kit_has_failed(
    what: str, explanation: str, monkeypatch: pytest.MonkeyPatch, unhandled: list[object]
) -> None:
    """An exchange that could not be judged or signed is in the journal, with a sentence in the place of findings."""
    monkeypatch.setattr(what, fail)
    with observed("oneflow", signs=True) as there:
        requests.get(f"{there.site.url}/api/order", timeout=60)
        (entry,) = there.journal()

    assert entry["explanation"].startswith(explanation)
    assert (entry["findings"], unhandled) == ([], [])
