"""The outbox: filled with the state change, emptied in order, retried on the workspace's clock, written down."""

import itertools
import threading
from collections.abc import Callable

import pytest
import requests

from flowproof.inbox import Inbox, InboxResponse
from flowproof.kernel.serving import Server
from flowproof.kernel.webhooks import outbox
from flowproof.target import ControlRefused
from tests.webhooks.conftest import Depot, moments, names
from tests.webhooks.parcels import RETRIES

TIMEOUT_S = 10.0
SCHEDULE = [0.0, *itertools.accumulate(map(float, RETRIES))]


def test_state_change_is_delivered(depot: Depot, verifying_inbox: Inbox) -> None:
    """The event of a state change is delivered to its receiver, signed, once."""
    depot.send(verifying_inbox.url)

    (received,) = verifying_inbox.wait()
    (delivery,) = depot.wait_until_idle()
    assert (received.verified, received.json["parcel"], received.method) == (True, "books", "POST")
    assert (delivery["state"], len(delivery["attempts"])) == ("delivered", 1)


def test_failed_request_delivers_nothing(depot: Depot, inbox: Inbox) -> None:
    """A view that raises after it put a webhook into the outbox leaves neither state nor webhook."""
    answer = depot.send(inbox.url, fail=True)

    parcels = requests.get(f"{depot.workspace.url('parcels')}/parcels", timeout=10).json()
    assert (answer.status_code, parcels, depot.wait_until_idle(), inbox.received) == (400, {"parcels": []}, [], ())


def test_failed_task_delivers_nothing(depot: Depot, inbox: Inbox) -> None:
    """A task that fails after it put a webhook into the outbox leaves none."""
    depot.send(inbox.url, "never sent", after_s=5, fail_later=True)
    depot.send(inbox.url, "sent", after_s=5)

    depot.workspace.clock.advance(10)
    depot.wait_until_idle()

    assert names(inbox.received) == ["sent"]


@pytest.mark.parametrize("steps", [[86_400], [1, 9, 59, 1, 300, 86_000]], ids=["one leap", "small steps"])
def test_retries_come_at_their_moments(depot: Depot, make_inbox: Callable[..., Inbox], steps: list[int]) -> None:
    """After three failures the fourth attempt succeeds, each at exactly its moment, however the clock was moved."""
    inbox = make_inbox([500, None, 503, 200], verify=depot.verifier())

    depot.send(inbox.url)
    for step in steps:
        depot.wait_until_idle()
        depot.workspace.clock.advance(step)
    (delivery,) = depot.wait_until_idle()

    assert moments(delivery) == SCHEDULE[:4]
    assert [each["status"] for each in delivery["attempts"]] == [500, 0, 503, 200]
    assert (delivery["state"], len({each.body for each in inbox.received})) == ("delivered", 1)


def test_every_attempt_is_an_exchange_in_the_journal(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """Each attempt stands in the journal with its moment, its request as sent and the receiver's answer."""
    inbox = make_inbox([500, None, InboxResponse(200, body=b"thanks")])

    depot.send(inbox.url)
    depot.wait_until_idle()
    depot.workspace.clock.advance(86_400)
    (delivery,) = depot.wait_until_idle()

    entries = depot.outgoing()
    assert [each["id"] for each in entries] == [each["exchange"] for each in delivery["attempts"]]
    assert [each["response"]["status"] for each in entries] == [500, 0, 200]
    assert [each["started_at"] for each in entries] == [
        "2026-03-01T12:00:00.000+00:00",
        "2026-03-01T12:00:10.000+00:00",
        "2026-03-01T12:01:10.000+00:00",
    ]
    assert (entries[1]["explanation"], entries[2]["response"]["body"]["text"]) == (
        "the receiver closed the connection without an answer",
        "thanks",
    )
    assert entries[0]["request"]["body"]["text"].encode() == inbox.received[0].body
    assert (entries[0]["request"]["url"], entries[0]["request"]["path"]) == (inbox.url, "/webhooks")


def test_webhook_that_fails_is_no_refused_request(depot: Depot, inbox: Inbox) -> None:
    """The last refused request is the provider's answer to a client, never a receiver's answer to a webhook."""
    inbox.answers = 500
    depot.send(inbox.url)
    depot.wait_until_idle()

    assert depot.workspace.journal.last_refused() is None


def test_delivery_is_given_up_after_the_last_retry(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """A receiver that never accepts is tried once and at each retry, then given up."""
    inbox = make_inbox(500)

    depot.send(inbox.url)
    depot.wait_until_idle()
    depot.workspace.clock.advance(30 * 86_400)
    (delivery,) = depot.wait_until_idle()

    assert (delivery["state"], moments(delivery)) == ("failed", SCHEDULE)


def test_delivery_that_has_failed_is_tried_once_more(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """A retry of a delivery that was given up is one more attempt; what was delivered has no other one."""
    inbox = make_inbox([*[500] * len(SCHEDULE), 200])
    depot.send(inbox.url)
    depot.wait_until_idle()
    depot.workspace.clock.advance(30 * 86_400)
    depot.wait_until_idle()

    assert depot.workspace.webhooks.retry("dlv-1")["state"] == "pending"
    (delivery,) = depot.wait_until_idle()

    assert (delivery["state"], len(delivery["attempts"])) == ("delivered", len(SCHEDULE) + 1)
    with pytest.raises(ControlRefused, match="is delivered"):
        depot.workspace.webhooks.retry("dlv-1")


def test_retry_does_not_overtake_what_is_due_before_it(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """Deliveries of one workspace go out in the order in which they are due, retries among them."""
    inbox = make_inbox([500, 200])

    depot.send(inbox.url, "first")
    depot.send(inbox.url, "second", after_s=5)
    depot.send(inbox.url, "third", after_s=15)
    depot.wait_until_idle()
    depot.workspace.clock.advance(3600)
    depot.wait_until_idle()

    assert names(inbox.received) == ["first", "second", "first", "third"]


def test_events_come_in_their_order(depot: Depot, inbox: Inbox) -> None:
    """Many events come in the order in which they happened, each once."""
    expected = [f"parcel {number}" for number in range(40)]
    for name in expected:
        depot.send(inbox.url, name)
    depot.wait_until_idle()

    assert names(inbox.received) == expected


@pytest.mark.parametrize("mode", ["real", "stepped"])
def test_moving_clock_delivers_by_itself(make_depot: Callable[..., Depot], inbox: Inbox, mode: str) -> None:
    """On a real or stepped clock an event is delivered without anybody asking."""
    depot = make_depot({"mode": mode})

    depot.send(inbox.url)

    assert names(inbox.wait()) == ["books"]


def test_real_clock_wakes_for_what_is_due_later(make_depot: Callable[..., Depot], inbox: Inbox) -> None:
    """On a real clock a task and its webhook come in their time, and no request is needed for it."""
    depot = make_depot({"mode": "real"})

    depot.send(inbox.url, after_s=0.2)

    assert names(inbox.wait()) == ["books"]


def test_real_clock_wakes_for_a_retry(make_depot: Callable[..., Depot], make_inbox: Callable[..., Inbox]) -> None:
    """On a real clock that is set on to just before a retry, the retry comes by itself."""
    depot, inbox = make_depot({"mode": "real"}), make_inbox([500, 200])
    depot.send(inbox.url)
    depot.wait_until_idle()

    depot.workspace.clock.advance(RETRIES[0] - 0.3)

    assert len(inbox.wait(2)) == 2
    assert depot.wait_until_idle()[0]["state"] == "delivered"


def test_redirect_is_not_followed(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """A redirect is a failure like any other, and nothing is sent where it leads."""
    elsewhere = make_inbox()
    inbox = make_inbox(InboxResponse(307, (("Location", elsewhere.url),)))

    depot.send(inbox.url)
    (delivery,) = depot.wait_until_idle()

    assert ([each["status"] for each in delivery["attempts"]], delivery["state"]) == ([307], "pending")
    assert elsewhere.received == ()


def test_method_is_the_webhooks_own(depot: Depot, inbox: Inbox) -> None:
    """A webhook is sent by its own method, with its content type and length."""
    depot.send(inbox.url, method="PUT")

    (received,) = inbox.wait()
    assert (received.method, received.header("content-type")) == ("PUT", "application/json")
    assert received.header("content-length") == str(len(received.body))


def test_replay_sends_the_same_bytes_signed_anew(depot: Depot, verifying_inbox: Inbox) -> None:
    """A replay has the same body and a new signature, at the present moment."""
    depot.send(verifying_inbox.url)
    depot.wait_until_idle()
    depot.workspace.clock.advance(3600)

    (made,) = depot.workspace.webhooks.replay("dlv-1")
    depot.wait_until_idle()

    first, second = verifying_inbox.wait(2)
    assert (made["of"], first.body == second.body, second.verified) == ("replay of dlv-1", True, True)
    assert first.header("parcels-signature") != second.header("parcels-signature")


def test_trigger_sends_made_up_events_with_ids_of_their_own(depot: Depot, verifying_inbox: Inbox) -> None:
    """Two triggered events are two events: a receiver that knows the first acts on the second."""
    for event in ("parcel.sent", "parcel.lost"):
        depot.workspace.webhooks.trigger("parcels", event, verifying_inbox.url)

    received = verifying_inbox.wait(2)
    assert [each.json["event"] for each in received] == ["parcel.sent", "parcel.lost"]
    assert len({each.json["id"] for each in received}) == 2


@pytest.mark.parametrize(
    ("provider", "event", "status"), [("parcels", "parcel.eaten", 422), ("letters", "parcel.sent", 404)]
)
def test_unknown_event_or_provider_is_refused(depot: Depot, provider: str, event: str, status: int) -> None:
    """What cannot be triggered is refused with what there is."""
    with pytest.raises(ControlRefused) as refused:
        depot.workspace.webhooks.trigger(provider, event, "http://127.0.0.1/")

    assert refused.value.status == status


def test_restored_snapshot_delivers_what_waited(depot: Depot, make_depot: Callable[..., Depot], inbox: Inbox) -> None:
    """A snapshot keeps what waits, so that it is delivered where it is restored, in another workspace too."""
    inbox.answers = [500, 200]
    depot.send(inbox.url)
    depot.wait_until_idle()
    other = make_depot()

    other.workspace.restore(depot.workspace.snapshot())
    other.workspace.clock.advance(60)
    (delivery,) = other.wait_until_idle()

    assert (delivery["state"], moments(delivery)) == ("delivered", [0.0, 10.0])
    assert len(depot.wait_until_idle()[0]["attempts"]) == 1


def test_snapshot_taken_while_sending_delivers_again(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """What was under way when the snapshot was taken waits again where it is restored, and is delivered."""
    released = threading.Event()
    inbox = make_inbox(lambda received: 200 if received.number > 1 or released.wait(TIMEOUT_S) else 500)
    depot.send(inbox.url)
    inbox.wait(answered=False)
    taken = depot.workspace.snapshot()
    assert [each["state"] for each in taken["deliveries"]] == ["sending"]

    depot.workspace.restore(taken)
    released.set()

    (delivery,) = depot.wait_until_idle()
    assert (delivery["state"], len(delivery["attempts"]), len(inbox.received)) == ("delivered", 1, 2)


@pytest.mark.parametrize("how", ["reset", "delete"])
def test_attempt_under_way_does_not_reach_the_next_life(
    depot: Depot, make_inbox: Callable[..., Inbox], how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What was under way when a workspace was reset or deleted changes nothing of what comes after."""
    released = threading.Event()
    slow, quick = make_inbox(lambda _: 500 if released.wait(TIMEOUT_S) else 200), make_inbox()
    depot.send(slow.url)
    slow.wait(answered=False)

    getattr(depot.workspace, how)()
    released.set()
    if how == "reset":
        depot.send(quick.url)
        quick.wait()
        slow.wait()
        (delivery,) = depot.wait_until_idle()
        assert (delivery["id"], delivery["state"], len(delivery["attempts"])) == ("dlv-1", "delivered", 1)
        assert [each["request"]["url"] for each in depot.outgoing()] == [quick.url]
    else:
        slow.wait()
        depot.workspace.server.health()
        depot.workspace.server.make_workspace(id=depot.workspace.id)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_outbox_is_bounded(depot: Depot, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what was delivered only the last deliveries are kept; what waits is kept, and ids are not used twice."""
    monkeypatch.setattr(outbox, "MAX_KEPT", 3)
    monkeypatch.setattr(outbox, "TRIM_EVERY", 1)
    inbox.answers = [500, 200]
    for _ in range(8):
        depot.send(inbox.url)
        depot.wait_until_idle()

    assert [each["id"] for each in depot.wait_until_idle()] == ["dlv-1", "dlv-6", "dlv-7", "dlv-8"]
    assert depot.wait_until_idle()[0]["state"] == "pending"


def test_workspaces_do_not_see_each_other(make_depot: Callable[..., Depot], inbox: Inbox) -> None:
    """A delivery, its settings and its clock belong to one workspace."""
    one, other = make_depot(), make_depot()
    one.workspace.webhooks.adversary(copies=3)
    one.workspace.webhooks.allowed_hosts("example.com")

    other.send(inbox.url)

    shown = other.workspace.control("GET", "webhooks")
    assert (len(other.wait_until_idle()), one.wait_until_idle(), shown["allowed_hosts"]) == (1, [], [])


def test_slow_receivers_hold_up_no_other_workspace(
    make_depot: Callable[..., Depot], make_inbox: Callable[..., Inbox], parcels_server: Server
) -> None:
    """While many deliveries wait for slow receivers in some workspaces, another one is served at once."""
    hanging, quick = make_inbox(InboxResponse(200, delay_s=30)), make_inbox()
    held = [make_depot() for _ in range(8)]
    for depot in held:
        for _ in range(10):
            depot.send(hanging.url)
    other = make_depot()

    for _ in range(20):
        other.send(quick.url)
    other.wait_until_idle()

    assert len(quick.received) == 20
    assert not any(depot.workspace.webhooks.is_idle() for depot in held)
