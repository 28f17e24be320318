"""Postbacks: for orders, shipments and submission errors, to their triggers, with templates and retries."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from flowproof.clients.oneflow import OneFlow, PostbackVerifier
from flowproof.inbox import Inbox, InboxResponse, Received
from flowproof.target import ControlRefused, Workspace

from .setup import SEED
from .strategies import minimum_order

EVENTS = (
    "orderReceived",
    "orderErrored",
    "orderCancelled",
    "orderPrintReady",
    "shipmentShipped",
    "orderSubmissionError",
)
NOON = "2026-03-01T12:00:00Z"
DAY_S = 86_400
AUTHORIZATION = "Bearer a-static-value-of-the-trigger"
RETRIES_S = (60, 300, 1800, 7200, 21600, 43200)

Json = Mapping[str, Any]
SetUp = Callable[..., Workspace]


def trigger(event: str, url: str, **changes: Any) -> dict[str, Any]:
    """A trigger of the seed data."""
    usual = {"method": "POST", "contentType": "application/json", "template": None, "authorization": None}
    return {"event": event, "url": url, **usual, **changes}


@pytest.fixture
def with_triggers(workspace: Workspace) -> SetUp:
    """Sets triggers and settings in the account under test, and freezes its clock at noon."""

    def set_up(*triggers: Json, **settings: Any) -> Workspace:
        changed = {**SEED, "triggers": list(triggers), "settings": {**SEED["settings"], **settings}}
        workspace.replace_seed("oneflow", changed)
        workspace.clock.freeze(NOON)
        return workspace

    return set_up


@pytest.fixture
def all_triggers(with_triggers: SetUp, inbox: Inbox) -> SetUp:
    """Sets one trigger for each event, each with a path of its own."""

    def set_up(**settings: Any) -> Workspace:
        return with_triggers(*(trigger(each, f"{inbox.url}/{each}") for each in EVENTS), **settings)

    return set_up


def postbacks(inbox: Inbox) -> list[tuple[str, Any]]:
    """The received postbacks, as event and JSON value."""
    return [(each.path.rpartition("/")[2], each.json) for each in inbox.received]


def later(workspace: Workspace, seconds: float) -> None:
    """Advance the clock and wait for the deliveries."""
    workspace.clock.advance(seconds)
    workspace.webhooks.wait_until_idle()


@pytest.mark.requirement(
    "oneflow.postback.order_received", "oneflow.postback.order_print_ready", "oneflow.postback.shipment_shipped"
)
def test_life_of_an_order_is_posted_back(oneflow: OneFlow, all_triggers: SetUp, inbox: Inbox) -> None:
    """
    An order that is received, becomes print ready and ships has three postbacks, in that order.
    """
    workspace = all_triggers()
    submission = oneflow.submit(minimum_order("FP-1"))

    later(workspace, 2 * DAY_S)

    order = {"sourceOrderId": "FP-1"}
    received, ready, shipped = postbacks(inbox)
    assert received == ("orderReceived", {"timestamp": "2026-03-01T12:00:01.000Z", **order, "status": "received"})
    assert ready == ("orderPrintReady", {"timestamp": "2026-03-01T12:00:06.000Z", **order, "status": "printready"})
    assert shipped[0] == "shipmentShipped"
    assert (shipped[1]["orderId"], shipped[1]["status"]) == (submission.id, "shipped")
    assert (shipped[1]["shippedDate"], shipped[1]["carrier"]["alias"]) == (
        "2026-03-02T12:00:06.000Z",
        "CUSTOM_SHIPPING",
    )


@pytest.mark.requirement("oneflow.postback.shipment_shipped")
def test_each_shipment_is_posted_back(oneflow: OneFlow, all_triggers: SetUp, inbox: Inbox) -> None:
    """
    An order with two shipments has two postbacks that they were shipped.
    """
    workspace, order = all_triggers(), minimum_order("FP-2")
    order["orderData"]["shipments"] *= 2
    oneflow.submit(order)

    later(workspace, 2 * DAY_S)

    assert [event for event, _ in postbacks(inbox)].count("shipmentShipped") == 2


@pytest.mark.requirement("oneflow.postback.order_errored")
@pytest.mark.parametrize(
    ("setting", "seconds"), [("artwork_unavailable", DAY_S), ("artwork_failing_preflight", 10)], ids=str
)
def test_errored_order_is_posted_back(
    oneflow: OneFlow, all_triggers: SetUp, inbox: Inbox, setting: str, seconds: float
) -> None:
    """
    An order whose artwork cannot be fetched, or fails its preflight, has a postback that it is errored.
    """
    order = minimum_order("FP-3")
    order["orderData"]["items"][0]["components"][0]["preflight"] = True
    workspace = all_triggers(**{setting: ["http://www.site.com/text.pdf"]})
    oneflow.submit(order)

    later(workspace, seconds)

    assert [(event, value["status"]) for event, value in postbacks(inbox)] == [
        ("orderReceived", "received"),
        ("orderErrored", "error"),
    ]


@pytest.mark.requirement("oneflow.postback.order_cancelled")
def test_cancelled_order_is_posted_back(oneflow: OneFlow, all_triggers: SetUp, inbox: Inbox) -> None:
    """
    An order that is cancelled by the API has one postback at once, and none when cancelling it again is refused.
    """
    workspace = all_triggers()
    oneflow.submit(minimum_order("FP-4"))
    later(workspace, 1)

    oneflow.cancel("brandx", "FP-4")
    with pytest.raises(Exception, match="already cancelled"):
        oneflow.cancel("brandx", "FP-4")
    later(workspace, 2 * DAY_S)

    assert [(event, value["status"]) for event, value in postbacks(inbox)] == [
        ("orderReceived", "received"),
        ("orderCancelled", "cancelled"),
    ]


@pytest.mark.requirement("oneflow.postback.submission_error", "oneflow.postback.submission_error_template")
def test_submission_error_is_posted_back(oneflow: OneFlow, all_triggers: SetUp, inbox: Inbox) -> None:
    """
    A submission that cannot become an order has a postback with its id and a message for each error, as JSON.
    """
    workspace, order = all_triggers(), minimum_order("FP-5")
    del order["destination"]["name"]
    order["orderData"]["items"][0]["quantity"] = 0
    submission = oneflow.submit(order)

    later(workspace, 1)

    ((event, value),) = postbacks(inbox)
    assert event == "orderSubmissionError"
    assert {key: value[key] for key in value if key != "errorsClean"} == {
        "TimeStamp": "2026-03-01T12:00:01.000Z",
        "OrderId": submission.id,
        "status": "Order submission error",
    }
    assert sorted(each.rpartition(" - At path ")[2] for each in value["errorsClean"]) == [
        "destination.name",
        "orderData.items.0.quantity",
    ]


@pytest.mark.requirement("oneflow.postback.template", "oneflow.postback.submission_error_template")
def test_documented_template_gives_json(oneflow: OneFlow, with_triggers: SetUp, inbox: Inbox) -> None:
    """
    The document's own submission-error template, its quotes repaired, gives valid JSON for one error.
    """
    template = (
        '{ "TimeStamp": "{{timestamp}}", "OrderId": "{{data.body}}", "status": "Order submission error", '
        '"errorsClean": [{{#each data.errorList}} "{{#if name}}{{ name }}: {{/if}}{{#if message}}{{ message }}'
        '{{else}}Unknown error{{/if}}{{#if path}} - At path {{ path }}{{/if}}" {{/each}}] }'
    )
    workspace = with_triggers(trigger("orderSubmissionError", inbox.url, template=template))
    order = minimum_order("FP-6")
    del order["destination"]["name"]
    oneflow.submit(order)

    later(workspace, 1)

    (received,) = inbox.received
    assert received.json["errorsClean"] == ["ValidationError: is required - At path destination.name"]


@pytest.mark.requirement("oneflow.postback.template")
def test_extra_data_reaches_the_postback(oneflow: OneFlow, with_triggers: SetUp, inbox: Inbox) -> None:
    """
    A template reads the order's own data, its extraData among it.
    """
    template = (
        "{{event}} {{data.order.orderData.extraData.campaign}} {{#each data.order.orderData.items}}{{sku}}{{/each}}"
    )
    workspace = with_triggers(
        trigger("orderReceived", inbox.url, template=template, contentType="text/plain", method="PUT")
    )
    order = minimum_order("FP-7")
    order["orderData"]["extraData"] = {"campaign": "R&D"}
    oneflow.submit(order)

    later(workspace, 1)

    (received,) = inbox.received
    assert received.body == b"orderReceived R&amp;D SKU-CODE-X"


@pytest.mark.requirement("oneflow.postback.methods", "oneflow.postback.content_type")
@pytest.mark.parametrize("method", ["POST", "PUT", "GET"])
@pytest.mark.parametrize("content_type", ["application/json", "application/xml", "text/plain", "text/html"])
def test_method_and_content_type_are_the_triggers(
    oneflow: OneFlow, with_triggers: SetUp, inbox: Inbox, method: str, content_type: str
) -> None:
    """
    A postback has its trigger's method and content type; a GET has no body, and so no content type.
    """
    workspace = with_triggers(
        trigger("orderReceived", inbox.url, method=method, contentType=content_type, template="{{data.status}}")
    )
    oneflow.submit(minimum_order("FP-8"))

    later(workspace, 1)

    (received,) = inbox.received
    expected = (None, b"") if method == "GET" else (content_type, b"received")
    assert (received.method, received.header("content-type"), received.body) == (method, *expected)


@pytest.mark.requirement("oneflow.postback.authorization")
def test_authorization_is_the_triggers_own(oneflow: OneFlow, with_triggers: SetUp, inbox: Inbox) -> None:
    """
    A postback carries the static header of its trigger; one without carries none; nothing is signed.
    """
    workspace = with_triggers(
        trigger("orderReceived", f"{inbox.url}/with", authorization=AUTHORIZATION),
        trigger("orderReceived", f"{inbox.url}/without"),
    )
    oneflow.submit(minimum_order("FP-9"))

    later(workspace, 1)

    verifier = PostbackVerifier(AUTHORIZATION)
    assert [(each.path.rpartition("/")[2], verifier.is_genuine(each.headers)) for each in inbox.received] == [
        ("with", True),
        ("without", False),
    ]
    assert {name.lower() for each in inbox.received for name, _ in each.headers} == {
        *("host", "connection", "content-type", "content-length", "authorization", "flowproof-delivery")
    }


@pytest.mark.requirement("oneflow.postback.authorization")
def test_authorization_is_in_no_journal(oneflow: OneFlow, with_triggers: SetUp, inbox: Inbox) -> None:
    """
    The header's value is not in the journal, not even where a receiver repeats it.
    """
    workspace = with_triggers(trigger("orderReceived", inbox.url, authorization=AUTHORIZATION))
    inbox.answers = _repeat
    oneflow.submit(minimum_order("FP-10"))

    later(workspace, 1)

    kept = json.dumps([*workspace.journal.entries(), workspace.journal.har()])
    assert (AUTHORIZATION.split()[1] in kept, '["Authorization", "[redacted]"]' in kept) == (False, True)


def _repeat(received: Received) -> Any:
    return InboxResponse(200, (("X-You-Sent", received.header("authorization") or ""),), str(received.headers).encode())


@pytest.mark.requirement("oneflow.postback.accepted", "oneflow.postback.retried")
def test_postback_comes_again_until_it_is_accepted(oneflow: OneFlow, with_triggers: SetUp, inbox: Inbox) -> None:
    """
    A postback that is not accepted comes again by the schedule, the same bytes each time, and no more once it is.
    """
    workspace = with_triggers(trigger("orderReceived", inbox.url))
    inbox.answers = [500, 404, None, 200]
    oneflow.submit(minimum_order("FP-11"))

    later(workspace, 1)
    for wait_s in RETRIES_S:
        later(workspace, wait_s)

    (delivery,) = workspace.webhooks.list()
    assert [each["status"] for each in delivery["attempts"]] == [500, 404, 0, 200]
    assert len({each.body for each in inbox.received}) == 1


@pytest.mark.requirement("oneflow.postback.retried")
def test_postback_is_given_up_after_the_last_retry(oneflow: OneFlow, with_triggers: SetUp, inbox: Inbox) -> None:
    """
    A postback that nobody accepts is tried seven times.
    """
    workspace = with_triggers(trigger("orderReceived", inbox.url))
    inbox.answers = 500
    oneflow.submit(minimum_order("FP-12"))

    later(workspace, 10 * DAY_S)

    assert (workspace.webhooks.list()[0]["state"], len(inbox.received)) == ("failed", 1 + len(RETRIES_S))


@pytest.mark.requirement("oneflow.postback.repeated")
def test_adversary_repeats_a_postback(oneflow: OneFlow, all_triggers: SetUp, inbox: Inbox) -> None:
    """
    A receiver can be shown what a repeated postback is like: the same bytes again.
    """
    workspace = all_triggers()
    workspace.webhooks.adversary(copies=2)
    oneflow.submit(minimum_order("FP-13"))

    later(workspace, 1)

    first, second = inbox.received
    assert (first.path, first.body) == (second.path, second.body)


@pytest.mark.requirement("oneflow.postback.repeated", "oneflow.postback.authorization")
def test_receiver_of_postbacks_can_be_tried(oneflow: OneFlow, with_triggers: SetUp, inbox: Inbox) -> None:
    """
    A receiver that checks the header accepts an order's postback and passes the trial, but for what no header proves.
    """
    workspace = with_triggers(trigger("orderReceived", inbox.url, authorization=AUTHORIZATION))
    inbox.answers = lambda received: 200 if PostbackVerifier(AUTHORIZATION).is_genuine(received.headers) else 403

    oneflow.submit(minimum_order("FP-1"))
    later(workspace, 1)
    status = inbox.received[0].status
    verdicts = {each["trial"]: each for each in workspace.webhooks.trial("oneflow", inbox.url)}

    assert status == 200
    assert {name for name, each in verdicts.items() if each["verdict"] != "PASS"} == {"old_timestamp"}
    assert verdicts["old_timestamp"]["reason"] == "no signature of this webhook has a timestamp"


@pytest.mark.requirement("oneflow.postback.template")
@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"template": '{"a":\n "{{> other}}"}'}, "/triggers/1/template, line 2, column 3: {{> other}} is a partial"),
        ({"template": "{{#if a}}"}, "/triggers/1/template, line 1, column 1: the block #if a is not closed"),
        ({"event": "orderPrinted"}, "/triggers/1/event"),
        ({"url": "ftp://127.0.0.1/"}, "/triggers/1/url"),
        ({"method": "PATCH"}, "/triggers/1/method"),
        ({"contentType": "text/csv"}, "/triggers/1/contentType"),
        ({"authorization": "a\r\nX-More: b"}, "/triggers/1/authorization"),
        ({}, "/triggers/1 has the event, method and URL of another trigger"),
    ],
    ids=str,
)
def test_trigger_that_cannot_work_is_refused(
    oneflow: OneFlow, with_triggers: SetUp, inbox: Inbox, changes: Json, detail: str
) -> None:
    """
    What cannot work is refused when the trigger is set up, with its place and reason; the former triggers stay.
    """
    good = trigger("orderReceived", inbox.url)
    workspace = with_triggers(trigger("orderReceived", f"{inbox.url}/former"))

    with pytest.raises(ControlRefused) as refused:
        with_triggers(good, {**good, **changes})
    oneflow.submit(minimum_order("FP-1"))
    later(workspace, 1)

    assert detail in refused.value.detail
    assert [each.path.rpartition("/")[2] for each in inbox.received] == ["former"]


@pytest.mark.requirement("oneflow.postback.submission_error")
def test_resubmitted_order_is_posted_back(oneflow: OneFlow, all_triggers: SetUp, inbox: Inbox) -> None:
    """
    A submission that was edited and resubmitted has a postback that its order was received.
    """
    workspace, broken = all_triggers(), minimum_order("FP-14")
    del broken["destination"]["name"]
    submission = oneflow.submit(broken)
    later(workspace, 1)

    path = f"oneflow/submission-errors/{submission.id}"
    workspace.control("PUT", path, minimum_order("FP-14"))
    workspace.control("POST", f"{path}/resubmit")
    later(workspace, 1)

    assert [event for event, _ in postbacks(inbox)] == ["orderSubmissionError", "orderReceived"]
