"""The control API of webhooks keeps to its own document, and secrets do not leave through the journal."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from flowproof.conformance import check_response
from flowproof.inbox import Inbox, InboxResponse
from flowproof.kernel.control.app import control_contract
from flowproof.kernel.serving import Server
from tests.webhooks.conftest import Depot

CONTRACT = control_contract()


@pytest.fixture
def ask(depot: Depot, parcels_server: Server) -> Callable[..., tuple[int, Any]]:
    """One request to the control API below the workspace, checked by its document."""

    def request(method: str, path: str, value: Any = None) -> tuple[int, Any]:
        below = f"/workspaces/{depot.workspace.id}/webhooks{path}"
        answer = requests.request(method, f"{parcels_server.url}/_flowproof{below}", json=value, timeout=10)
        match = CONTRACT.operations.find(method, below.partition("?")[0])
        assert match is not None, below
        value = answer.json() if answer.content else None
        if answer.ok:
            assert str(answer.status_code) in match.operation.responses, f"{below} answered {answer.status_code}"
        assert check_response(CONTRACT, match.operation, answer.status_code, value) == ()
        return answer.status_code, value

    return request


def test_every_operation_keeps_to_the_document(
    depot: Depot, ask: Callable[..., tuple[int, Any]], make_inbox: Callable[..., Inbox]
) -> None:
    """Each operation, before and after something was delivered, answers as its document says."""
    inbox = make_inbox([500, 200])
    event = {"provider": "parcels", "event": "parcel.sent", "url": inbox.url}

    statuses = [
        ask("GET", "")[0],
        ask("POST", "/trigger", event)[0],
        (depot.wait_until_idle(), ask("GET", "?limit=1"))[1][0],
        ask("GET", "/deliveries/dlv-1")[0],
        ask("POST", "/deliveries/dlv-1/retry")[0],
        (depot.wait_until_idle(), ask("POST", "/deliveries/dlv-1/retry"))[1][0],
        ask("POST", "/deliveries/dlv-1/replay")[0],
        ask("POST", "/deliveries/dlv-1/replay", {"adversary": {"copies": 2}})[0],
        ask("PUT", "/adversary", {"signature": "missing"})[0],
        ask("DELETE", "/adversary")[0],
        ask("PUT", "/allowed-hosts", ["Example.com", "[::2]"])[0],
        ask("POST", "/trials", {"provider": "parcels", "url": inbox.url})[0],
        (depot.wait_until_idle(), ask("GET", "/trials/trial-5"))[1][0],
        ask("GET", "")[0],
    ]

    assert statuses == [200, 202, 200, 200, 202, 422, 202, 202, 200, 204, 200, 202, 200, 200]


@pytest.mark.parametrize(
    ("method", "path", "value", "status"),
    [
        ("GET", "/deliveries/dlv-9", None, 404),
        ("POST", "/deliveries/dlv-9/replay", {}, 404),
        ("POST", "/deliveries/dlv-9/retry", None, 404),
        ("GET", "/trials/trial-9", None, 404),
        ("PUT", "/adversary", {"copies": 1000}, 422),
        ("PUT", "/adversary", {"copies": True}, 422),
        ("PUT", "/adversary", [], 422),
        ("PUT", "/allowed-hosts", [7], 422),
        ("POST", "/trigger", {"provider": "parcels"}, 422),
        ("POST", "/trials", {"provider": "parcels", "url": "http://127.0.0.1/", "event": "parcel.eaten"}, 422),
    ],
    ids=str,
)
def test_what_is_wrong_is_a_problem_document(
    ask: Callable[..., tuple[int, Any]], method: str, path: str, value: Any, status: int
) -> None:
    """What is missing or malformed is answered with a problem document of the right status."""
    assert ask(method, path, value)[0] == status


def test_trial_that_cannot_start_leaves_nothing(depot: Depot, ask: Callable[..., tuple[int, Any]]) -> None:
    """A trial of an event that there is not puts nothing into the outbox."""
    ask("POST", "/trials", {"provider": "parcels", "url": "http://127.0.0.1/", "event": "parcel.eaten"})

    assert depot.wait_until_idle() == []


def test_allowed_host_is_used_and_kept_by_snapshot(depot: Depot, ask: Callable[..., tuple[int, Any]]) -> None:
    """Hosts are kept in lower case without brackets, in a snapshot too; a refused one is a failed delivery, at once."""
    ask("PUT", "/allowed-hosts", ["Example.com", "[::2]"])
    depot.workspace.restore(depot.workspace.snapshot())
    depot.send("http://10.0.0.1/hook?key=1")
    (delivery,) = depot.wait_until_idle()

    assert depot.workspace.control("GET", "webhooks")["allowed_hosts"] == ["::2", "example.com"]
    assert (delivery["state"], [each["status"] for each in delivery["attempts"]]) == ("failed", [0])
    (entry,) = depot.outgoing()
    assert "allowed hosts" in entry["explanation"]


def test_webhook_to_the_control_api_is_refused(depot: Depot, parcels_server: Server) -> None:
    """A webhook cannot delete a workspace, or do anything else to the server that sends it."""
    for host in ("127.0.0.1", "localhost"):
        url = f"http://{host}:{parcels_server.port}/_flowproof/workspaces/{depot.workspace.id}/reset"
        depot.send(url)

    assert [(each["state"], each["attempts"][0]["error"]) for each in depot.wait_until_idle()] == [
        ("failed", "a webhook cannot be delivered to the mock server itself")
    ] * 2


def test_password_in_a_url_is_not_in_the_journal(depot: Depot, inbox: Inbox) -> None:
    """A URL with a password is not delivered to, and the journal does not show the password."""
    depot.send(inbox.url.replace("127.0.0.1", "me:hunter2hunter2@127.0.0.1"))
    depot.wait_until_idle()

    (entry,) = depot.outgoing()
    assert "hunter2" not in str(entry)
    assert entry["request"]["url"] == inbox.url.replace("127.0.0.1", "[redacted]@127.0.0.1")


def test_secret_that_a_receiver_repeats_is_scrubbed(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """The signing secret, should a receiver ever answer it, is in no journal."""
    inbox = make_inbox(InboxResponse(200, (("X-Echo", depot.secret),), depot.secret.encode()))

    depot.send(inbox.url)
    depot.wait_until_idle()

    assert depot.secret not in str(depot.workspace.journal.entries())
    assert depot.secret not in str(depot.workspace.journal.har())


def test_damaged_deliveries_are_not_restored(depot: Depot, inbox: Inbox) -> None:
    """A snapshot whose deliveries are damaged is refused whole, and what was there stays."""
    depot.send(inbox.url)
    depot.wait_until_idle()
    taken = dict(depot.workspace.snapshot())
    (kept,) = taken["deliveries"]

    broken: list[list[Any]] = [
        [kept, kept],
        [{**kept, "provider": "letters"}],
        [{**kept, "due_us": 10**18}],
        [{}],
        ["x"],
    ]
    for damaged in broken:
        with pytest.raises(Exception, match="damaged"):
            depot.workspace.restore({**taken, "deliveries": damaged})

    assert len(depot.wait_until_idle()) == 1
