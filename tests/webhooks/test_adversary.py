"""The adversary: what goes wrong with webhooks on purpose is what a receiver meets on the wire."""

import sys
from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

import pytest

from flowproof.inbox import Inbox, InboxResponse
from flowproof.kernel.serving import courier, sending
from flowproof.kernel.webhooks.model import DeliveryResult
from flowproof.kernel.webhooks.trial import TRIAL_PARTS
from flowproof.target import ControlRefused
from tests.webhooks.conftest import Depot, moments, names
from tests.webhooks.parcels import RETRIES
from tests.webhooks.reference_receiver import WRONG, ParcelVerifier, ReferenceReceiver, wrong_receiver

DAY_S = 86_400
REFUSE = ("wrong_signature", "missing_signature", "old_timestamp")


def played(depot: Depot, inbox: Inbox, *parcels: str, advance_s: float = 0, **adversary: Any) -> list[dict[str, Any]]:
    """Send parcels under an adversary and settle."""
    depot.workspace.webhooks.adversary(**adversary)
    for each in parcels or ("books",):
        depot.send(inbox.url, each)
    depot.wait_until_idle()
    if advance_s:
        depot.workspace.clock.advance(advance_s)
    return depot.wait_until_idle()


def test_each_event_comes_twice(depot: Depot, verifying_inbox: Inbox) -> None:
    """With two copies each event comes twice, the same bytes, each signed."""
    played(depot, verifying_inbox, copies=2)

    first, second = verifying_inbox.received
    assert (first.body == second.body, first.verified, second.verified) == (True, True, True)


@pytest.mark.parametrize(
    ("copies", "expected"), [(1, ["b", "d", "a", "c"]), (2, ["b", "b", "d", "d", "a", "a", "c", "c"])]
)
def test_events_come_out_of_order(depot: Depot, verifying_inbox: Inbox, copies: int, expected: list[str]) -> None:
    """Every other event, beginning with the first, comes after the next, however often each comes."""
    depot.send(verifying_inbox.url, "before the adversary")
    depot.wait_until_idle()
    verifying_inbox.clear()

    played(depot, verifying_inbox, "a", "b", "c", "d", out_of_order_s=5, copies=copies, advance_s=5)

    assert names(verifying_inbox.received) == expected
    assert all(each.verified for each in verifying_inbox.received)


def test_late_event_is_signed_late(depot: Depot, verifying_inbox: Inbox) -> None:
    """A late event is delivered late, and signed at that time: nothing proves that it is old."""
    deliveries = played(depot, verifying_inbox, late_s=DAY_S, advance_s=DAY_S)

    (received,) = verifying_inbox.received
    assert (moments(deliveries[0]), received.verified) == ([DAY_S], True)
    assert received.json["at"] == "2026-03-01T12:00:00+00:00"


def test_old_timestamp_is_signed_rightly(depot: Depot, verifying_inbox: Inbox) -> None:
    """A recorded event has a right signature with an old timestamp: only its age shows it."""
    played(depot, verifying_inbox, old_timestamp_s=DAY_S)

    (received,) = verifying_inbox.received
    assert (depot.verifier().is_signed(received, received.body), received.verified) == (True, False)


@pytest.mark.parametrize("signature", ["wrong", "missing"])
def test_signature_is_wrong_or_missing(depot: Depot, verifying_inbox: Inbox, signature: str) -> None:
    """A wrong signature has the form of a right one; a missing one is missing, and nothing else with it."""
    played(depot, verifying_inbox, signature=signature)

    (received,) = verifying_inbox.received
    sent = received.header("parcels-signature")
    assert (received.verified, received.header("user-agent")) == (False, "parcels")
    assert (sent is None) == (signature == "missing")
    assert sent is None or len(sent) == len("t=1772366400,v1=") + 64


def test_unknown_event_follows_each(depot: Depot, verifying_inbox: Inbox) -> None:
    """Each event is followed by one that no document names, signed rightly, with an id of its own."""
    played(depot, verifying_inbox, unknown_event=True)

    known, unknown = verifying_inbox.received
    assert [each.json["event"] for each in (known, unknown)] == ["parcel.sent", "parcel.teleported"]
    assert (known.json["id"] != unknown.json["id"], unknown.verified) == (True, True)


def test_extra_field_is_signed_with_the_rest(depot: Depot, verifying_inbox: Inbox) -> None:
    """A body with a field that no document names is signed as it is sent."""
    played(depot, verifying_inbox, extra_field=True)

    (received,) = verifying_inbox.received
    assert ("flowproofUnknownField" in received.json, received.verified) == (True, True)


def test_slow_connection_brings_the_same_bytes(
    depot: Depot, verifying_inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that come slowly are the same bytes, and the delivery succeeds."""
    monkeypatch.setattr(sending, "SLOW_S", 0.2)
    (delivery,) = played(depot, verifying_inbox, connection="slow")

    (entry,) = depot.outgoing()
    assert (verifying_inbox.received[0].verified, delivery["state"]) == (True, "delivered")
    assert entry["duration_ms"] >= 150


def test_cut_connection_comes_again_whole(depot: Depot, verifying_inbox: Inbox) -> None:
    """The first attempt breaks off inside the body; the retry is whole."""
    (delivery,) = played(depot, verifying_inbox, connection="cut", advance_s=RETRIES[0])

    assert [each["status"] for each in delivery["attempts"]] == [0, 200]
    assert (len(verifying_inbox.received), verifying_inbox.broken) == (1, 1)


def test_goes_on_after_success(depot: Depot, verifying_inbox: Inbox) -> None:
    """A sender that does not hear the answer comes again at every retry; in the end it is delivered all the same."""
    (delivery,) = played(depot, verifying_inbox, after_success=True, advance_s=30 * DAY_S)

    assert (len(verifying_inbox.received), delivery["state"]) == (1 + len(RETRIES), "delivered")


def test_every_attempt_is_signed_anew(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """Each attempt is signed at its own moment over the exact bytes: a retry a day later is as fresh as the first."""
    inbox = make_inbox([500] * 7 + [200])
    fresh: list[bool] = []

    depot.send(inbox.url)
    depot.wait_until_idle()
    for wait_s in RETRIES:
        depot.workspace.clock.advance(wait_s)
        depot.wait_until_idle()
        fresh.append(depot.verifier()(inbox.received[-1]))

    assert (len(inbox.received), fresh) == (8, [True] * 7)
    assert len({each.header("parcels-signature") for each in inbox.received}) == 8


def test_everything_at_once(depot: Depot, verifying_inbox: Inbox) -> None:
    """Whatever is asked for together happens together."""
    deliveries = played(
        depot, verifying_inbox, "a", copies=2, unknown_event=True, extra_field=True, late_s=60, signature="wrong",
        advance_s=60,
    )  # fmt: skip

    assert [each.json["event"] for each in verifying_inbox.received] == ["parcel.sent"] * 2 + ["parcel.teleported"] * 2
    assert {each.verified for each in verifying_inbox.received} == {False}
    assert [moments(each) for each in deliveries] == [[60.0]] * 4


def test_adversary_shows_in_the_journal(depot: Depot, verifying_inbox: Inbox) -> None:
    """The journal says what went wrong with an attempt on purpose, and nothing of an honest one."""
    played(depot, verifying_inbox, signature="missing")
    played(depot, verifying_inbox)

    assert [each["faults"] for each in depot.outgoing()] == [[{"id": "adversary", "signature": "missing"}], []]


def test_dismissed_adversary_delivers_honestly(depot: Depot, verifying_inbox: Inbox) -> None:
    """A dismissed adversary leaves nothing behind."""
    depot.workspace.webhooks.adversary(copies=3)
    depot.workspace.control("DELETE", "webhooks/adversary")

    depot.send(verifying_inbox.url)

    assert len(depot.wait_until_idle()) == 1


@pytest.mark.parametrize("wrong", [{"copies": 0}, {"signature": "odd"}, {"evil": True}, {"late_s": -1}], ids=str)
def test_unknown_wish_is_refused(depot: Depot, wrong: dict[str, Any]) -> None:
    """What no adversary can do is refused with what is wrong."""
    with pytest.raises(ControlRefused) as refused:
        depot.workspace.webhooks.adversary(**wrong)

    assert refused.value.status == 422


# ---- The trial ----


def verdicts(depot: Depot, receiver: Callable[..., Any], make_inbox: Callable[..., Inbox]) -> dict[str, str]:
    """The verdict on each part of a trial."""
    inbox = make_inbox(receiver)
    return {each["trial"]: each["verdict"] for each in depot.workspace.webhooks.trial("parcels", inbox.url)}


def test_reference_receiver_passes_every_part(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """A receiver that does everything right passes every part, and acts once on each event that is genuine."""
    receiver = ReferenceReceiver(depot.verifier())

    assert verdicts(depot, receiver, make_inbox) == {each.name: "PASS" for each in TRIAL_PARTS}
    accepted = [each.name for each in TRIAL_PARTS if each.expected == "accept"]
    assert len(receiver.acted) == len(set(receiver.acted)) == len(accepted)
    assert len(receiver.ignored) == 1


CAUGHT = {
    "AcceptsForged": dict.fromkeys(REFUSE, "FAIL"),
    "AcceptsOld": {"old_timestamp": "FAIL"},
    "VerifiesItsOwnJson": {each.name: "FAIL" for each in TRIAL_PARTS if each.expected == "accept"},
    "ChokesOnExtraField": {"extra_field": "FAIL"},
    "ChokesOnUnknownEvent": {"unknown_event": "FAIL"},
    "RefusesTwice": {"twice": "FAIL"},
    "ActsTwice": {},
    "Crashes": {each.name: "ERROR" for each in TRIAL_PARTS},
}


@pytest.mark.parametrize("name", CAUGHT, ids=str)
def test_wrong_receiver_fails_where_it_is_wrong(depot: Depot, make_inbox: Callable[..., Inbox], name: str) -> None:
    """A receiver that does one thing wrong fails in exactly the parts that are about it."""
    found = verdicts(depot, wrong_receiver(name, depot.verifier()), make_inbox)

    assert {trial: verdict for trial, verdict in found.items() if verdict != "PASS"} == CAUGHT[name]


def test_every_wrong_receiver_is_judged() -> None:
    """No wrong receiver is left out here."""
    assert set(CAUGHT) == {each.__name__ for each in WRONG}


def test_acting_twice_shows_in_the_receiver_only(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """From outside nobody sees that an event was acted on twice: the receiver's own state must be asked."""
    right, wrong = ReferenceReceiver(depot.verifier()), wrong_receiver("ActsTwice", depot.verifier())
    verdicts(depot, right, make_inbox)
    verdicts(depot, wrong, make_inbox)

    assert [len(each.acted) - len(set(each.acted)) for each in (right, wrong)] == [0, 1]


def test_slow_receiver_is_an_error_with_the_reason(
    depot: Depot, make_inbox: Callable[..., Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that answers too late is an ERROR with that reason, and no FAIL."""
    limits = chain([0.0], repeat(60.0))  # the time of the first request is over at once

    async def send(*arguments: Any, **options: Any) -> DeliveryResult:
        return await sending.send(*arguments, **{**options, "timeout_s": next(limits)})

    monkeypatch.setattr(courier, "send", send)
    inbox = make_inbox(ReferenceReceiver(depot.verifier()))

    found = depot.workspace.webhooks.trial("parcels", inbox.url)

    assert {each["trial"]: each["reason"] for each in found if each["verdict"] != "PASS"} == {
        "honest": "no answer within 0 s"
    }


def test_trial_says_what_was_answered(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """A verdict has the answers, the exchanges in the journal, and for a failure the reason."""
    found = depot.workspace.webhooks.trial("parcels", make_inbox(202).url)

    forged = next(each for each in found if each["trial"] == "wrong_signature")
    kept = {each["id"]: each for each in depot.outgoing()}
    assert (forged["verdict"], forged["answers"]) == ("FAIL", [202])
    assert forged["reason"] == "the receiver answered 202 where it must refuse"
    assert kept[forged["exchanges"][0]]["faults"] == [{"id": "adversary", "signature": "wrong"}]


def test_trial_is_no_business_of_the_workspaces_adversary(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """A trial sends what it says, whatever goes wrong with other webhooks; two trials do not mix."""
    depot.workspace.webhooks.adversary(copies=3, late_s=60)
    receiver = ReferenceReceiver(depot.verifier())

    for _ in range(2):
        assert set(verdicts(depot, receiver, make_inbox).values()) == {"PASS"}


def test_receiver_elsewhere_is_an_error(depot: Depot) -> None:
    """A receiver that may not be sent to is an error that says so, and is tried once."""
    found = depot.workspace.webhooks.trial("parcels", "http://10.0.0.1/hook")

    assert {each["verdict"] for each in found if each["trial"] != "cut"} == {"ERROR"}
    assert found[0]["reason"] == "10.0.0.1 is not on loopback and not among the workspace's allowed hosts"


def demonstration(depot: Depot, make_inbox: Callable[..., Inbox]) -> str:
    """What the lead wants to see: a day of retries in the journal, and the adversary against the reference receiver."""
    inbox = make_inbox([500, None, InboxResponse(503), 200], verify=depot.verifier())
    depot.send(inbox.url)
    depot.wait_until_idle()
    depot.workspace.clock.advance(DAY_S)
    (delivery,) = depot.wait_until_idle()
    lines = [f"One delivery, {delivery['webhook']['event']} to {inbox.url}, {delivery['state']}:"]
    for entry in depot.outgoing():
        signature = dict(entry["request"]["headers"])["Parcels-Signature"]
        result = entry["response"]["status"] or entry["explanation"]
        lines.append(f"  {entry['id']}  {entry['started_at'][:19]}  {signature[:26]}…  {result}")
    receiver = ReferenceReceiver(ParcelVerifier(depot.secret, depot.workspace.clock.now))
    lines.append("\nThe adversary's list, and what the reference receiver did:")
    for each in depot.workspace.webhooks.trial("parcels", make_inbox(receiver).url):
        answers = ", ".join(map(str, each["answers"]))
        lines.append(
            f"  {each['trial']:<18} must {each['expected']:<7} answered {answers:<9} {each['verdict']:<5} {each['why']}"
        )
    repeated = len(receiver.acted) - len(set(receiver.acted))
    lines.append(f"  it acted on {len(receiver.acted)} events, ignored {len(receiver.ignored)}, twice on {repeated}")
    return "\n".join(lines)


def test_demonstration(depot: Depot, make_inbox: Callable[..., Inbox]) -> None:
    """
    Three failures, a retry on a clock that is moved on, a success; then the reference receiver passes the whole trial.

    ``python -m pytest tests/webhooks -k demonstration -s`` shows both.
    """
    shown = demonstration(depot, make_inbox)
    sys.stdout.write(f"\n\n{shown}\n\n")

    assert (shown.count(" PASS "), shown.count("FAIL"), shown.count("200\n")) == (len(TRIAL_PARTS), 0, 1)
