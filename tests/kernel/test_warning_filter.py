"""A program's warning filters do not reach the server that it runs."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from flowproof.inbox import Inbox
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.mock import Mock
from flowproof.kernel.serving import Server, sending
from tests.webhooks.parcels import provider


def noisy(done: Callable[..., Any]) -> Callable[..., Any]:
    """The same, deprecated."""

    def deprecated(*arguments: Any, **settings: Any) -> Any:
        warnings.warn("this is done otherwise now", DeprecationWarning, stacklevel=1)
        return done(*arguments, **settings)

    return deprecated


@pytest.fixture
def filters_that_raise(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every warning is an error, and what serves requests and sends webhooks warns each time."""
    monkeypatch.setattr(Mock, "handle", noisy(Mock.handle))
    monkeypatch.setattr("flowproof.kernel.serving.courier.send", noisy(sending.send))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_deprecated_library_costs_no_answer_and_no_webhook(filters_that_raise: None) -> None:
    """Where warnings are errors, a server whose libraries warn answers and sends its webhooks; others still raise."""
    with Server(build_gateway([provider], ServerSettings(entropy=4))) as server, Inbox() as inbox:
        parcels = f"{server.url}/w/default/parcels/parcels"
        requests.get(f"{server.url}/_flowproof/workspaces/default", timeout=60)
        sent = requests.post(parcels, json={"name": "books", "url": inbox.url}, timeout=60)
        received = inbox.wait()
        with pytest.raises(DeprecationWarning):
            warnings.warn("mine", DeprecationWarning, stacklevel=1)

    assert sent.ok, sent.text
    assert len(received) == 1
