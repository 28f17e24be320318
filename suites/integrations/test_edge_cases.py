"""Where a provider that is right once goes wrong: the tenth execution, a second connection, names that look alike."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from flowproof.clients import NotFound
from flowproof.clients.integrations import Integration, Integrations, Workflow
from flowproof.edge_cases import COMPOSED, DECOMPOSED, UNUSUAL, near_misses, unusual_texts
from flowproof.target import Workspace, answered_at

from .events import Events
from .profiles import few
from .raw_client import CONFIGURE, CONFIGURE_WORKFLOW, SAVE_SUBSCRIPTION, TRIGGERS, RawClient, error_of
from .setup import EXAMPLE, OPEN, Platform

STATUS = {"type": "update_status", "status": "seen"}
TWELVE = 12
SECONDS_OFF = 120
Connect = Callable[[Platform], Integration]
NeedPlatform = Callable[[Platform], None]


@pytest.fixture
def make_workflow(integrations: Integrations) -> Callable[..., Workflow]:
    """Configures a workflow of orders under a name: `make_workflow("One")`."""

    def make(name: str, action: dict[str, Any] | None = None, entity_type: str = "Order") -> Workflow:
        trigger = integrations.triggers(entity_type)[0].guid
        return integrations.configure_workflow(name, entity_type, trigger, action or STATUS)

    return make


# ---- Tokens ----


@pytest.mark.requirement("integrations.auth.token")
@pytest.mark.parametrize("change", ["other letter case", "cut off", "one more"])
def test_token_is_taken_to_the_letter(raw: RawClient, change: str) -> None:
    """
    What nearly is a token opens nothing, also where only the case of its letters differs.
    """
    right = raw.send("GET", TRIGGERS)
    wrong = raw.send("GET", TRIGGERS, headers={"Authorization": f"Bearer {near_misses(raw.token)[change]}"})

    assert right.status_code == 200
    assert error_of(wrong)[:2] == (401, "UNAUTHORIZED")


@pytest.mark.requirement("integrations.auth.token", "integrations.workflow.not_found", "integrations.error.bad_request")
@pytest.mark.requirement("integrations.integration.not_found", "integrations.workflow.entity_types")
def test_refusal_is_the_same_the_second_time(
    raw: RawClient, make_workflow: Callable[..., Workflow], new_name: Any
) -> None:
    """
    What is refused once is refused again, also after something else was accepted in between.
    """
    for _ in range(2):
        assert error_of(raw.send("GET", TRIGGERS, headers={"Authorization": "Bearer nobody's"}))[0] == 401
        assert error_of(raw.send("GET", "/api/workflows/configured/nothing/toggle"))[0] == 404
        assert error_of(raw.send("DELETE", "/api/workflows/configured/nothing"))[0] == 404
        assert error_of(raw.send("GET", "/api/integrations/provider/disable/nothing"))[0] == 404
        assert error_of(raw.send("DELETE", "/api/integrations/providers/ecommerce/remove/nothing"))[0] == 404
        assert error_of(raw.send("GET", "/api/workflows/triggers/Invoice"))[0] == 404
        assert error_of(raw.send("GET", "/api/workflows/resume-workflow"))[0] == 400
        for path in (CONFIGURE, SAVE_SUBSCRIPTION, CONFIGURE_WORKFLOW):
            assert error_of(raw.send("POST", path, value={}))[:2] == (400, "CONFIGURATION_ERROR")
        assert raw.send("DELETE", f"/api/workflows/configured/{make_workflow(new_name()).guid}").status_code == 200


# ---- The second connection ----


@pytest.mark.requirement("integrations.configure.after_disable", "integrations.configure.connected_at")
def test_connection_after_disable_has_a_moment_of_its_own(
    workspace: Workspace, connect: Connect, integrations: Integrations
) -> None:
    """
    An integration that is disabled and configured again is connected from then on, not from the first time.
    """
    moments = []
    for at in ("2024-01-16T10:00:00Z", "2024-03-01T00:00:00Z", "2025-12-31T23:59:59Z"):
        workspace.clock.freeze(at)
        made = connect(EXAMPLE)
        moments.append((made.connected_at, at))
        integrations.disable(made.guid)

    assert [shown for shown, _ in moments] == [at for _, at in moments]


@pytest.mark.requirement("integrations.disable.answer", "integrations.configure.answer")
def test_each_integration_is_answered_as_itself(connect: Connect, integrations: Integrations) -> None:
    """
    Of two integrations each is configured and disabled under its own guid, the second as the first.
    """
    made = [connect(each).guid for each in (EXAMPLE, OPEN)]

    assert len(set(made)) == 2
    assert [integrations.disable(each).guid for each in made] == made


@pytest.mark.requirement("integrations.configure.connected_at", "integrations.configure.after_disable")
def test_moment_of_connection_is_that_of_the_answer(
    raw: RawClient, need_platform: NeedPlatform, integrations: Integrations
) -> None:
    """
    An integration is connected when its configuration is answered, the second time as the first.
    """
    need_platform(EXAMPLE)
    body = {"providerId": EXAMPLE.id, "providerType": EXAMPLE.type, "credentials": dict(EXAMPLE.credentials)}
    off, guid = [], ""
    for _ in range(2):
        answer = raw.send("POST", CONFIGURE, value=body)
        data = answer.json()["data"]
        off.append(abs(datetime.fromisoformat(data["connectedAt"]) - answered_at(answer)))
        guid = integrations.disable(data["guid"]).guid
    integrations.remove(guid)

    assert max(off) <= timedelta(seconds=SECONDS_OFF)


# ---- Ten and more ----


@pytest.mark.requirement("integrations.run.resumed", "integrations.run.paused")
def test_ten_waiting_executions_and_more_are_resumed_in_order(
    events: Events, integrations: Integrations, make_workflow: Callable[..., Workflow]
) -> None:
    """
    A dozen waiting executions are carried out in the order of their events, the tenth after the ninth.
    """
    guid = make_workflow("Mails", {"type": "send_email", "recipient": "customer"}).guid
    code = integrations.triggers("Order")[0].code
    events.pause(guid)
    addresses = [f"n{number}@example.com" for number in range(1, TWELVE + 1)]
    for number, address in enumerate(addresses):
        events.happen("Order", code, {"id": f"O{number}", "customer": {"email": address}})
    integrations.resume(guid)

    assert [each["to"] for each in events.mails()] == addresses
    assert [each["event"]["entity"]["id"] for each in events.executions()] == [f"O{each}" for each in range(TWELVE)]


@pytest.mark.requirement("integrations.workflow.update", "integrations.run.paused", "integrations.run.resumed")
def test_paused_workflow_that_is_changed_waits_on(
    events: Events, integrations: Integrations, make_workflow: Callable[..., Workflow]
) -> None:
    """
    A paused workflow that is configured again is still paused: what happens then waits until it is resumed.
    """
    guid = make_workflow("Mails", {"type": "send_email", "recipient": "customer"}).guid
    code = integrations.triggers("Order")[0].code
    events.pause(guid)
    again = make_workflow("Mails", {"type": "send_email", "recipient": "customer"}).guid
    events.happen("Order", code, {"id": "O1", "customer": {"email": "n1@example.com"}})
    before = len(events.mails())
    integrations.resume(guid)

    assert (again, before, [each["to"] for each in events.mails()]) == (guid, 0, ["n1@example.com"])


@pytest.mark.requirement("integrations.workflow.deleted", "integrations.workflow.not_found")
def test_workflow_that_is_made_again_is_another(
    integrations: Integrations, make_workflow: Callable[..., Workflow], new_name: Callable[[], str]
) -> None:
    """
    A workflow of a deleted one's name has a guid of its own; the old one stays unknown.
    """
    name = new_name()
    old = make_workflow(name).guid
    integrations.delete(old)
    new = make_workflow(name).guid
    with pytest.raises(NotFound):
        integrations.toggle(old)
    listed = [each.guid for each in integrations.workflows("Order") if each.name == name]
    integrations.delete(new)

    assert (old != new, listed) == (True, [new])


@pytest.mark.requirement("integrations.workflow.list", "integrations.workflow.listed_by_type")
def test_ten_workflows_and_more_are_listed_each_as_it_is(
    integrations: Integrations, make_workflow: Callable[..., Workflow], new_name: Callable[[], str]
) -> None:
    """
    Of a dozen workflows each is listed once, under its own name and with its own side, as often as one asks.
    """
    made = [make_workflow(new_name()) for _ in range(TWELVE)]
    for each in made[1::2]:
        integrations.toggle(each.guid)
    lists = [{each.guid: (each.name, each.is_active) for each in integrations.workflows("Order")} for _ in range(2)]
    for each in made:
        integrations.delete(each.guid)
    guids = {each.guid for each in integrations.workflows("Order")}

    expected = {each.guid: (each.name, index % 2 == 0) for index, each in enumerate(made)}
    assert [{guid: each[guid] for guid in expected} for each in lists] == [expected] * 2
    assert guids.isdisjoint(expected)


@pytest.mark.requirement("integrations.trigger.list")
def test_triggers_are_the_same_each_time(integrations: Integrations) -> None:
    """
    The triggers of an entity type are the same as often as one asks, and none is another type's.
    """
    found = {each: integrations.triggers(each) for each in ("Order", "Product")}

    assert {each: integrations.triggers(each) for each in found} == found
    assert {each.guid for each in found["Order"]}.isdisjoint(each.guid for each in found["Product"])


# ---- Texts that look alike ----


@pytest.mark.requirement("integrations.workflow.update", "integrations.workflow.name")
@pytest.mark.parametrize(
    ("name", "other"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED), ("Cafe", "cafe"), ("Cafe", "Cafe ")], ids=ascii
)
def test_names_that_look_alike_are_two_workflows(
    integrations: Integrations,
    make_workflow: Callable[..., Workflow],
    new_name: Callable[[], str],
    name: str,
    other: str,
) -> None:
    """
    Workflows whose names only look alike are two, each of which is updated under its own name.
    """
    unique = new_name()
    made = [make_workflow(f"{unique} {each}") for each in (name, other, name, other)]
    shown = {each.guid: each.name for each in integrations.workflows("Order")}
    for guid in {each.guid for each in made}:
        integrations.delete(guid)

    assert [each.guid for each in made[:2]] == [each.guid for each in made[2:]]
    assert [shown[each.guid] for each in made[:2]] == [f"{unique} {name}", f"{unique} {other}"]


@pytest.mark.requirement("integrations.workflow.name", "integrations.workflow.list")
@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_name_is_listed_as_it_was_sent(
    integrations: Integrations, make_workflow: Callable[..., Workflow], new_name: Callable[[], str], text: str
) -> None:
    """
    A name comes back as it was sent, in the answer and in the list: not composed, not trimmed, in its letter case.
    """
    _is_listed(integrations, make_workflow, f" {new_name()} {text} ")


@pytest.mark.requirement("integrations.workflow.name", "integrations.workflow.list")
@few(10)
@given(text=unusual_texts())
def test_any_name_is_listed_as_it_was_sent(
    integrations: Integrations, make_workflow: Callable[..., Workflow], new_name: Callable[[], str], text: str
) -> None:
    """
    Whatever a workflow is called, it is listed under that name.
    """
    _is_listed(integrations, make_workflow, f"{new_name()}{text}")


def _is_listed(integrations: Integrations, make_workflow: Callable[..., Workflow], name: str) -> None:
    made = make_workflow(name)
    shown = [each.name for each in integrations.workflows("Order") if each.guid == made.guid]
    integrations.delete(made.guid)

    assert (made.name, shown) == (name, [name])


@pytest.mark.requirement("integrations.workflow.not_found", "integrations.workflow.trigger_known")
@pytest.mark.parametrize("change", ["a blank before", "a blank behind", "cut off", "one more"])
def test_guid_is_taken_to_the_letter(
    integrations: Integrations, make_workflow: Callable[..., Workflow], new_name: Callable[[], str], change: str
) -> None:
    """
    What nearly is the guid of a workflow or a trigger is none.
    """
    made = make_workflow(new_name())
    wrong, wrong_trigger = (near_misses(each)[change] for each in (made.guid, integrations.triggers("Order")[0].guid))
    for ask in (integrations.toggle, integrations.resume, integrations.delete):
        with pytest.raises(NotFound):
            ask(wrong)
    with pytest.raises(NotFound):
        integrations.configure_workflow(new_name(), "Order", wrong_trigger, STATUS)
    shown = [each.is_active for each in integrations.workflows("Order") if each.guid == made.guid]
    integrations.delete(made.guid)

    assert shown == [True]


@pytest.mark.requirement("integrations.integration.not_found", "integrations.integration.identifier")
@pytest.mark.parametrize("change", ["a blank before", "a blank behind", "cut off", "one more"])
def test_guid_of_an_integration_is_taken_to_the_letter(
    connect: Connect, integrations: Integrations, change: str
) -> None:
    """
    What nearly is the guid of an integration disables and removes nothing.
    """
    guid = connect(EXAMPLE).guid
    for ask in (integrations.disable, integrations.remove):
        with pytest.raises(NotFound):
            ask(near_misses(guid)[change])

    assert integrations.disable(guid).guid == guid


@pytest.mark.requirement("integrations.configure.right_credentials")
@pytest.mark.parametrize("name", EXAMPLE.credentials)
@pytest.mark.parametrize("change", near_misses("Any Text"))
def test_credential_is_taken_to_the_letter(raw: RawClient, need_platform: NeedPlatform, name: str, change: str) -> None:
    """
    What nearly is one of a platform's credentials is wrong.
    """
    need_platform(EXAMPLE)
    wrong = {**EXAMPLE.credentials, name: near_misses(EXAMPLE.credentials[name])[change]}
    body = {"providerId": EXAMPLE.id, "providerType": EXAMPLE.type, "credentials": wrong}

    assert error_of(raw.send("POST", CONFIGURE, value=body))[:2] == (400, "CONFIGURATION_ERROR")


@pytest.mark.requirement("integrations.configure.known_provider")
@pytest.mark.parametrize("name", ["providerId", "providerType"])
@pytest.mark.parametrize("change", ["other letter case", "a blank before", "a blank behind", "cut off", "one more"])
def test_name_of_a_platform_is_taken_to_the_letter(
    raw: RawClient, need_platform: NeedPlatform, name: str, change: str
) -> None:
    """
    What nearly is a platform's id or type is not found.
    """
    need_platform(OPEN)
    right = {"providerId": OPEN.id, "providerType": OPEN.type}
    body = {**right, "credentials": {"any": "thing"}, name: near_misses(right[name])[change]}

    assert error_of(raw.send("POST", CONFIGURE, value=body))[:2] == (404, "NOT_FOUND")


# ---- Another workspace ----


@pytest.mark.requirement("integrations.auth.account", "integrations.configure.once", "integrations.workflow.update")
def test_another_workspace_has_an_account_of_its_own(
    connect: Connect,
    integrations: Integrations,
    make_workflow: Callable[..., Workflow],
    make_workspace: Callable[..., Workspace],
    make_integrations: Callable[..., Integrations],
) -> None:
    """
    On a mock, another workspace connects the same platform, and has a workflow of the same name, both its own.
    """
    mine, guid = make_workflow("The same").guid, connect(EXAMPLE).guid
    with make_workspace() as elsewhere:
        there = make_integrations(elsewhere)
        before = there.workflows("Order", managed=True)
        theirs = there.configure_workflow("The same", "Order", there.triggers("Order")[0].guid, STATUS).guid
        connected = there.configure(EXAMPLE.id, EXAMPLE.credentials).guid
        there.toggle(theirs)
        for ask, name in ((there.disable, guid), (there.remove, guid), (there.toggle, mine), (there.delete, mine)):
            with pytest.raises(NotFound):
                ask(name)

    assert (before, {mine, guid}.isdisjoint({theirs, connected})) == ((), True)
    assert [(each.guid, each.is_active) for each in integrations.workflows("Order")] == [(mine, True)]
