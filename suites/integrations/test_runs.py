"""Executions of workflows: which fire, how often, and what each action does."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients.integrations import Integration, Integrations, Workflow
from flowproof.edge_cases import near_misses
from flowproof.inbox import Inbox
from flowproof.target import Workspace

from .events import Events
from .profiles import NETWORKED, few
from .setup import ENTITY_TYPES, EXAMPLE, TRIGGER_CODES, Platform
from .strategies import entity_types, statuses, values

SHIPMENT = {"id": "S1", "status": "delivered", "customer": {"email": "anna@example.com"}}
DELIVERED = ("Shipment", "shipment_delivered")
Configure = Callable[..., Workflow]


@pytest.fixture
def configure(integrations: Integrations, new_name: Callable[[], str]) -> Configure:
    """Configures a workflow of delivered shipments: `configure({"type": "send_push"}, {"status": "delivered"})`."""

    def make(
        action: Mapping[str, Any] | None = None,
        conditions: Mapping[str, Any] | None = None,
        entity_type: str = "Shipment",
        code: str = "shipment_delivered",
    ) -> Workflow:
        """The workflow; its default action changes the status to closed."""
        trigger = next(each.guid for each in integrations.triggers(entity_type) if each.code == code)
        chosen = {"type": "update_status", "status": "closed"} if action is None else action
        return integrations.configure_workflow(new_name(), entity_type, trigger, chosen, conditions)

    return make


def fired(executions: Any) -> list[str]:
    """The guids of the executions' workflows."""
    return [each["workflow"]["guid"] for each in executions]


# ---- Which fire ----


@pytest.mark.requirement("integrations.run.matching")
@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_event_runs_the_workflows_of_its_trigger(events: Events, configure: Configure, entity_type: str) -> None:
    """
    Of workflows for every trigger there is, an event runs those of its own entity type and trigger, once each.
    """
    made = {
        (each, code): [configure(entity_type=each, code=code).guid for _ in range(2)]
        for each in ENTITY_TYPES
        for code in TRIGGER_CODES[each]
    }

    for code in TRIGGER_CODES[entity_type]:
        assert fired(events.happen(entity_type, code, {"id": "1"})) == made[entity_type, code]


@pytest.mark.requirement("integrations.run.matching", "integrations.run.conditions")
@few(20)
@given(data=st.data(), entity=st.dictionaries(st.sampled_from("abc"), values, max_size=3))
def test_every_event_fires_each_match_exactly_once(
    make_workspace: Callable[..., Workspace],
    make_integrations: Callable[..., Integrations],
    entity: dict[str, Any],
    data: st.DataObject,
) -> None:
    """
    Whatever conditions workflows have, an event fires those whose every condition its entity meets, once each.
    """
    with make_workspace() as workspace:
        integrations, events = make_integrations(workspace), Events(workspace)
        trigger = integrations.triggers("Order")[0].guid
        condition_sets = st.dictionaries(
            st.sampled_from("abc"), st.sampled_from([None, *entity.values()]) | values, max_size=2
        )
        expected = []
        for number, conditions in enumerate(data.draw(st.lists(condition_sets, max_size=5))):
            action = {"type": "update_status", "status": str(number)}
            guid = integrations.configure_workflow(str(number), "Order", trigger, action, conditions).guid
            if all(name in entity and same(value, entity[name]) for name, value in conditions.items()):
                expected.append(guid)

        assert fired(events.happen("Order", "order_created", {**entity, "id": "1"})) == expected
        assert fired(events.executions()) == expected


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal in the sense of JSON Schema: true is not 1."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(same(one[name], other[name]) for name in one)
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


@pytest.mark.requirement("integrations.run.conditions")
@pytest.mark.parametrize(
    ("conditions", "fires"),
    [
        ({}, True),
        ({"status": "delivered"}, True),
        ({"status": "delivered", "id": "S1"}, True),
        ({"customer": {"email": "anna@example.com"}}, True),
        ({"status": "Delivered"}, False),
        *(({"status": each}, False) for each in near_misses("delivered").values()),
        ({"status": "delivered\N{ZERO WIDTH SPACE}"}, False),
        ({"status": "delivered\N{SNOWMAN}"}, False),
        ({"status": "delivered", "id": "S2"}, False),
        ({"weight": None}, False),
        ({"customer": {}}, False),
        ({"customer.email": "anna@example.com"}, False),
    ],
    ids=str,
)
def test_conditions_are_members_with_exact_values(
    events: Events, configure: Configure, conditions: dict[str, Any], fires: bool
) -> None:
    """
    A condition holds when the entity has that member with exactly that value; all conditions have to hold.
    """
    configure(conditions=conditions)

    assert len(events.happen(*DELIVERED, SHIPMENT)) == int(fires)


TWO_KINDS: list[tuple[Any, Any]] = [
    *((True, 1), (1, True), (0, False), (False, 0), ("1", 1), (1, "1"), (1.5, "1.5"), ("0", 0)),
    *((None, False), (None, ""), ("", None), ("null", None), ("true", True), (True, "true"), ([], {}), ({}, [])),
    *(([1], ["1"]), ({"a": 1}, {"a": "1"}), ({"a": 1}, {"a": True}), ([1, 2], [2, 1])),
]
"""Pairs of values that are not equal in JSON, though some languages take one for the other."""


@pytest.mark.requirement("integrations.run.conditions")
@pytest.mark.parametrize(("condition", "value"), TWO_KINDS)
def test_true_is_not_one(events: Events, configure: Configure, condition: Any, value: Any) -> None:
    """
    Values of different kinds are different, even where a language takes one for the other.
    """
    configure(conditions={"fragile": condition})

    assert events.happen(*DELIVERED, {"id": "S1", "fragile": value}) == []


@pytest.mark.requirement("integrations.run.conditions")
def test_entity_keeps_what_an_event_leaves_out(events: Events, configure: Configure) -> None:
    """
    Conditions see the whole entity, with the members of earlier events.
    """
    configure(conditions={"customer": {"email": "anna@example.com"}})
    events.happen("Shipment", "shipment_created", SHIPMENT)

    assert len(events.happen(*DELIVERED, {"id": "S1"})) == 1
    assert events.happen(*DELIVERED, {"id": "S2"}) == []


@pytest.mark.requirement("integrations.run.matching")
def test_same_code_of_another_type_fires_nothing(
    events: Events, workspace: Workspace, integrations: Integrations, configure: Configure
) -> None:
    """
    Where two entity types have a trigger of one code, an event fires the workflows of its own type only.
    """
    seed = workspace.seed("integrations")
    shared = [{"guid": "shared", "name": "Changed", "code": "changed", "description": "Fires on a change"}]
    workspace.replace_seed("integrations", {**seed, "triggers": dict.fromkeys(ENTITY_TYPES, shared)})
    made = {each: configure(entity_type=each, code="changed").guid for each in ENTITY_TYPES}

    assert {each: fired(events.happen(each, "changed", {"id": "1"})) for each in ENTITY_TYPES} == {
        each: [guid] for each, guid in made.items()
    }


@pytest.mark.requirement("integrations.run.inactive")
def test_inactive_workflow_never_fires(events: Events, integrations: Integrations, configure: Configure) -> None:
    """
    A workflow that was toggled off does nothing, until it is toggled on again.
    """
    guid = configure().guid
    integrations.toggle(guid)
    off = events.happen(*DELIVERED, SHIPMENT)
    integrations.toggle(guid)

    assert (off, fired(events.happen(*DELIVERED, SHIPMENT))) == ([], [guid])


@pytest.mark.requirement("integrations.run.deleted")
def test_deleted_workflow_never_fires(events: Events, integrations: Integrations, configure: Configure) -> None:
    """
    A workflow that was deleted does nothing, also where it has fired before, and the others go on.
    """
    gone, stays = configure().guid, configure().guid
    before = fired(events.happen(*DELIVERED, SHIPMENT))
    integrations.delete(gone)

    assert before == [gone, stays]
    assert fired(events.happen(*DELIVERED, SHIPMENT)) == [stays]


@pytest.mark.requirement("integrations.run.unmanaged", "integrations.workflow.managed_life")
@pytest.mark.parametrize("how", ["disable", "remove"])
def test_unmanaged_workflow_never_fires(
    events: Events, integrations: Integrations, connect: Callable[[Platform], Integration], how: str
) -> None:
    """
    A managed workflow fires while its integration is active; once that is disabled or removed, nobody manages it.
    """
    guid = connect(EXAMPLE).guid
    managed = [each.guid for each in integrations.workflows("Shipment", managed=True) if each.is_managed]
    before = events.happen("Shipment", "shipment_created", SHIPMENT)
    getattr(integrations, how)(guid)

    assert (fired(before), events.happen("Shipment", "shipment_created", SHIPMENT)) == (managed, [])


@pytest.mark.requirement("integrations.workflow.update", "integrations.run.matching")
def test_updated_workflow_does_what_was_said_last(events: Events, integrations: Integrations) -> None:
    """
    After an update only the new trigger fires the workflow, on no old condition, and only the new action is done.
    """
    delivered, created = integrations.triggers("Shipment")
    for trigger, status, conditions in ((delivered, "first", {"status": "lost"}), (created, "last", None)):
        action = {"type": "update_status", "status": status}
        integrations.configure_workflow("One", "Shipment", trigger.guid, action, conditions)

    assert events.happen("Shipment", delivered.code, SHIPMENT) == []
    assert len(events.happen("Shipment", created.code, SHIPMENT)) == 1
    assert events.entity("Shipment", "S1")["status"] == "last"


# ---- Pauses ----


@pytest.mark.requirement("integrations.run.paused", "integrations.run.resumed")
@NETWORKED
@given(times=st.integers(0, 4))
def test_paused_executions_are_carried_out_once(
    make_workspace: Callable[..., Workspace], make_integrations: Callable[..., Integrations], times: int
) -> None:
    """
    However many events came meanwhile, resuming carries out each waiting execution once, and a second time none.
    """
    with make_workspace() as workspace:
        integrations, events = make_integrations(workspace), Events(workspace)
        trigger = integrations.triggers("Shipment")[0].guid
        action = {"type": "send_email", "recipient": "customer"}
        guid = integrations.configure_workflow("Wait", "Shipment", trigger, action).guid
        events.pause(guid)
        waiting = [events.happen(*DELIVERED, SHIPMENT)[0]["state"] for _ in range(times)]
        mails = [len(events.mails())]
        for _ in range(2):
            integrations.resume(guid)
            mails.append(len(events.mails()))

        assert (waiting, mails) == (["paused"] * times, [0, times, times])
        assert [each["state"] for each in events.executions()] == ["completed"] * times
        assert events.happen(*DELIVERED, SHIPMENT)[0]["state"] == "completed"


@pytest.mark.requirement("integrations.run.paused", "integrations.run.inactive", "integrations.run.deleted")
@pytest.mark.requirement("integrations.run.resumed")
@pytest.mark.parametrize("how", ["toggle", "delete"])
def test_nothing_waiting_comes_of_a_workflow_that_is_off(
    events: Events, integrations: Integrations, configure: Configure, how: str
) -> None:
    """
    What waits in a workflow that is then toggled off or deleted is not carried out by resuming another.
    """
    off, other = configure().guid, configure({"type": "send_email", "recipient": "customer"}).guid
    events.pause(off)
    events.happen(*DELIVERED, SHIPMENT)
    getattr(integrations, how)(off)
    integrations.resume(other)

    assert [each["state"] for each in events.executions()] == ["paused", "completed"]
    assert events.entity("Shipment", "S1")["status"] == "delivered"


@pytest.mark.requirement("integrations.run.inactive", "integrations.run.resumed")
def test_resuming_what_is_off_carries_nothing_out(
    events: Events, integrations: Integrations, configure: Configure
) -> None:
    """
    What waits in an inactive workflow goes on waiting when that is resumed, until it is active and resumed again.
    """
    guid = configure().guid
    events.pause(guid)
    events.happen(*DELIVERED, SHIPMENT)
    integrations.toggle(guid)
    integrations.resume(guid)
    off = events.entity("Shipment", "S1")["status"]
    integrations.toggle(guid)
    integrations.resume(guid)

    assert (off, events.entity("Shipment", "S1")["status"]) == ("delivered", "closed")


@pytest.mark.requirement("integrations.run.paused", "integrations.action.status_updated")
def test_resumed_update_keeps_what_came_meanwhile(
    events: Events, integrations: Integrations, configure: Configure
) -> None:
    """
    An update of a status that had to wait changes the status alone, and keeps the members of later events.
    """
    guid = configure().guid
    events.pause(guid)
    events.happen(*DELIVERED, {**SHIPMENT, "weight": 1})
    events.happen("Shipment", "shipment_created", {"id": "S1", "weight": 2})
    integrations.resume(guid)

    assert events.entity("Shipment", "S1") == {**SHIPMENT, "status": "closed", "weight": 2}


@pytest.mark.requirement("integrations.run.paused")
def test_pause_concerns_one_workflow(events: Events, configure: Configure) -> None:
    """
    While one workflow is paused, the others are carried out.
    """
    paused, runs = configure({"type": "send_email", "recipient": "customer"}), configure()
    events.pause(paused.guid)
    states = {each["workflow"]["guid"]: each["state"] for each in events.happen(*DELIVERED, SHIPMENT)}

    assert states == {paused.guid: "paused", runs.guid: "completed"}


# ---- Actions ----


@pytest.mark.requirement("integrations.action.status_updated")
@few(10)
@given(entity_type=entity_types, status=statuses)
def test_status_of_the_entity_is_updated(
    make_workspace: Callable[..., Workspace],
    make_integrations: Callable[..., Integrations],
    entity_type: str,
    status: str,
) -> None:
    """
    An update of a status changes the status of the event's entity, nothing else of it, and fires nothing.
    """
    with make_workspace() as workspace:
        integrations, events = make_integrations(workspace), Events(workspace)
        for trigger in integrations.triggers(entity_type):
            action = {"type": "update_status", "status": status}
            integrations.configure_workflow(trigger.code, entity_type, trigger.guid, action)
        entity = {"id": "1", "status": "x", "weight": 3}
        (execution,) = events.happen(entity_type, TRIGGER_CODES[entity_type][0], entity)

        assert (execution["state"], len(events.executions())) == ("completed", 1)
        assert events.entity(entity_type, "1") == {**entity, "status": status}


@pytest.mark.requirement("integrations.action.email_sent", "integrations.action.email_template")
def test_email_follows_its_template(events: Events, configure: Configure) -> None:
    """
    An e-mail goes to the customer's address, with subject and text of its template filled in.
    """
    configure({"type": "send_email", "recipient": "customer", "template": "delivery_confirmation"})
    (execution,) = events.happen(*DELIVERED, SHIPMENT)
    (mail,) = events.mails()

    assert (execution["state"], execution["mail"]) == ("completed", mail["id"])
    assert (mail["to"], mail["subject"]) == ("anna@example.com", "Your shipment S1 was delivered")
    assert mail["text"] == "Good news: your shipment S1 is delivered.\n"


@pytest.mark.requirement("integrations.action.email_sent")
def test_email_goes_to_the_mail_server(events: Events, workspace: Workspace, configure: Configure) -> None:
    """
    Where a mail server is set, an e-mail is one delivery to it, and stands in the outbox of e-mails as well.
    """
    seed = workspace.seed("integrations")
    server = "smtp://127.0.0.1:9"
    workspace.replace_seed("integrations", {**seed, "settings": {**seed["settings"], "smtp": server}})
    workspace.clock.freeze("2024-01-16T10:00:00Z")
    configure({"type": "send_email", "recipient": "customer"})
    (execution,) = events.happen(*DELIVERED, SHIPMENT)

    sent = {each["id"]: each["webhook"]["url"] for each in events.deliveries()}

    assert (list(sent), list(sent.values())) == (execution["deliveries"], [server])
    assert [each["to"] for each in events.mails()] == ["anna@example.com"]


@pytest.mark.requirement("integrations.action.email_recipient", "integrations.run.failure")
@pytest.mark.parametrize(
    ("recipient", "entity", "to"),
    [
        ("shop@example.com", {}, "shop@example.com"),
        ("customer", {"customer": {"email": "a@example.com"}, "email": "b@example.com"}, "a@example.com"),
        ("customer", {"email": "b@example.com"}, "b@example.com"),
        ("customer", {}, None),
        ("customer", {"customer": {"email": "nobody"}}, None),
        ("customer", {"customer": {"email": "a@example.com\r\nBcc: b@example.com"}}, None),
        ("customer", {"customer": {"email": "a@example.com, b@example.com"}}, None),
        ("customer", {"customer": "a@example.com"}, None),
        ("warehouse", {"warehouse": {"email": "w@example.com"}}, "w@example.com"),
    ],
    ids=str,
)
def test_email_goes_to_one_address_or_fails(
    events: Events, configure: Configure, recipient: str, entity: dict[str, Any], to: str | None
) -> None:
    """
    A recipient is an address, or a word for one of the entity's; without a usable address the execution fails.
    """
    configure({"type": "send_email", "recipient": recipient})
    (execution,) = events.happen(*DELIVERED, {"id": "S1", **entity})

    assert [each["to"] for each in events.mails()] == ([to] if to else [])
    assert (execution["state"], bool(execution["errors"])) == (("completed", False) if to else ("failed", True))


@pytest.mark.requirement("integrations.run.failure")
def test_failure_stops_no_other_workflow(events: Events, configure: Configure) -> None:
    """
    An execution that cannot be carried out says why, and those after it are carried out all the same.
    """
    configure({"type": "send_email", "recipient": "warehouse"})
    configure({"type": "send_push"})
    configure()
    executions = events.happen(*DELIVERED, SHIPMENT)

    assert [each["state"] for each in executions] == ["failed", "failed", "completed"]
    assert [each["errors"] for each in executions] == [
        ["the entity has no e-mail address for warehouse"],
        ["no push subscription has been saved"],
        [],
    ]


@pytest.mark.requirement("integrations.action.webhook_sent", "integrations.action.webhook_body")
def test_webhook_tells_what_happened(events: Events, workspace: Workspace, configure: Configure, inbox: Inbox) -> None:
    """
    A webhook is a POST with the event, the entity, the workflow and the moment, and nothing that signs it.
    """
    workspace.clock.freeze("2024-01-16T10:00:00Z")
    made = configure({"type": "webhook", "url": inbox.url})
    events.happen(*DELIVERED, SHIPMENT)
    (received,) = inbox.wait()
    workspace.webhooks.wait_until_idle()

    assert (received.method, received.header("content-type")) == ("POST", "application/json")
    assert received.json == {
        "event": "shipment_delivered",
        "entityType": "Shipment",
        "entity": SHIPMENT,
        "workflow": {"guid": made.guid, "name": made.name},
        "occurredAt": "2024-01-16T10:00:00.000Z",
    }
    assert [each["state"] for each in events.executions()] == ["completed"]


@pytest.mark.requirement("integrations.action.webhook_sent", "integrations.run.matching")
def test_each_webhook_arrives_once(events: Events, workspace: Workspace, configure: Configure, inbox: Inbox) -> None:
    """
    Two workflows and three events make six webhooks, each delivered once.
    """
    guids = [configure({"type": "webhook", "url": inbox.url}).guid for _ in range(2)]
    for number in range(3):
        events.happen(*DELIVERED, {"id": f"S{number}"})
    inbox.wait(6)
    workspace.webhooks.wait_until_idle()
    came = [(each.json["entity"]["id"], each.json["workflow"]["guid"]) for each in inbox.received]

    assert sorted(came) == sorted((f"S{number}", guid) for number in range(3) for guid in guids)


@pytest.mark.requirement("integrations.run.failure", "integrations.action.webhook_sent")
def test_webhook_that_is_refused_fails_visibly(
    events: Events, workspace: Workspace, configure: Configure, inbox: Inbox
) -> None:
    """
    A webhook that the receiver goes on refusing is tried again, and leaves a failed execution with the status.
    """
    inbox.answers = 500
    workspace.clock.freeze("2024-01-16T10:00:00Z")
    configure({"type": "webhook", "url": inbox.url})
    events.happen(*DELIVERED, SHIPMENT)
    workspace.webhooks.wait_until_idle()
    states = [events.executions()[0]["state"]]
    for pause_s in (10, 60, 300):
        workspace.clock.advance(pause_s)
        workspace.webhooks.wait_until_idle()
        states.append(events.executions()[0]["state"])

    assert (states, len(inbox.received)) == (["running", "running", "running", "failed"], 4)
    assert ["500" in error for error in events.executions()[0]["errors"]] == [True]


@pytest.mark.requirement("integrations.run.failure")
def test_webhook_leaves_this_machine_only_if_allowed(
    events: Events, workspace: Workspace, configure: Configure
) -> None:
    """
    A webhook, or a push, to an address that is not on loopback is not sent, and fails visibly.
    """
    configure({"type": "webhook", "url": "http://192.0.2.1/hook"})
    events.happen(*DELIVERED, SHIPMENT)
    workspace.webhooks.wait_until_idle()
    (execution,) = events.executions()

    assert (execution["state"], "loopback" in execution["errors"][0]) == ("failed", True)


@pytest.mark.requirement("integrations.push.unusable_key", "integrations.run.failure")
def test_push_to_placeholder_keys_fails_visibly(
    events: Events, integrations: Integrations, configure: Configure
) -> None:
    """
    The document's own literals are saved as a subscription, and a push to it fails, saying what is wrong with the key.
    """
    keys = {"p256dh": "public-key-string", "auth": "auth-secret-string"}
    integrations.save_push_subscription({"endpoint": "https://fcm.googleapis.com/fcm/send/...", "keys": keys})
    configure({"type": "send_push"})
    (execution,) = events.happen(*DELIVERED, SHIPMENT)

    assert (execution["state"], events.deliveries()) == ("failed", [])
    assert "p256dh" in execution["errors"][0]
