"""Workflows as data: triggers, configured, listed, toggled, deleted."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients import NotFound
from flowproof.clients.integrations import Integration, Integrations, Workflow
from flowproof.target import Target

from .profiles import NETWORKED, few
from .raw_client import CONFIGURE_WORKFLOW, RawClient, error_of
from .setup import ENTITY_TYPES, EXAMPLE, Platform
from .strategies import INVALID_WORKFLOWS, InvalidExample, entity_types, workflow_bodies

UNKNOWN = (404, "NOT_FOUND", "Workflow not found")
EMAIL = {"type": "send_email", "recipient": "customer", "template": "delivery_confirmation"}
DOCUMENTED_CODES = {"Order": {"order_created", "order_status_changed"}}
Connect = Callable[[Platform], Integration]


def trigger_of(integrations: Integrations, entity_type: str) -> str:
    """The guid of one of an entity type's triggers; only orders and products have to have any."""
    triggers = integrations.triggers(entity_type)
    if not triggers and entity_type not in ("Order", "Product"):
        pytest.skip(f"the account has no trigger of the entity type {entity_type}")
    return triggers[0].guid


@pytest.fixture
def configure(integrations: Integrations, new_name: Callable[[], str]) -> Callable[..., Workflow]:
    """Configures a workflow with a new name: `configure("Order")`."""

    def make(entity_type: str = "Shipment", action: dict[str, Any] | None = None, name: str = "") -> Workflow:
        trigger = trigger_of(integrations, entity_type)
        return integrations.configure_workflow(name or new_name(), entity_type, trigger, action or EMAIL)

    return make


def listed(integrations: Integrations, guid: str, entity_type: str = "Shipment") -> list[Workflow]:
    """A workflow as a list with managed workflows shows it."""
    return [each for each in integrations.workflows(entity_type, managed=True) if each.guid == guid]


@pytest.mark.requirement("integrations.trigger.list", "integrations.trigger.code", "integrations.trigger.product")
@pytest.mark.requirement("integrations.workflow.entity_types")
@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_every_entity_type_has_triggers(integrations: Integrations, entity_type: str) -> None:
    """
    Each of the four entity types has triggers, whose guids differ, and orders have the documented ones.
    """
    triggers = integrations.triggers(entity_type)

    assert {each.code for each in triggers} >= DOCUMENTED_CODES.get(entity_type, set())
    assert triggers
    assert len({each.guid for each in triggers}) == len(triggers)


@pytest.mark.requirement("integrations.workflow.entity_types")
@few(15)
@given(word=st.text(min_size=1, max_size=12).filter(lambda word: word not in (*ENTITY_TYPES, "configured")))
def test_other_entity_types_are_not_found(integrations: Integrations, word: str) -> None:
    """
    Another word than the four, in another case too, is not found in either list.
    """
    for ask in (integrations.triggers, integrations.workflows):
        with pytest.raises(NotFound):
            ask(word)


@pytest.mark.requirement("integrations.workflow.entity_types")
def test_word_of_another_path_is_no_entity_type(integrations: Integrations) -> None:
    """
    "configured" has no triggers. (As a list of workflows its path is that of a workflow, which has no GET.)
    """
    with pytest.raises(NotFound):
        integrations.triggers("configured")


@pytest.mark.requirement("integrations.workflow.configured", "integrations.workflow.starts_active")
@pytest.mark.requirement("integrations.workflow.list", "integrations.workflow.trigger_text")
@pytest.mark.requirement("integrations.workflow.action_text", "integrations.workflow.unmanaged")
@pytest.mark.requirement("integrations.workflow.conditions", "integrations.configure.unknown_fields")
@few(25)
@given(data=st.data(), entity_type=entity_types)
def test_configured_workflow_is_listed_as_text(
    raw: RawClient, integrations: Integrations, new_name: Callable[[], str], entity_type: str, data: st.DataObject
) -> None:
    """
    A workflow is configured with an id and an object, and listed with the trigger's code and the action's type.
    """
    trigger = data.draw(st.sampled_from(integrations.triggers(entity_type)))
    body = {"name": new_name(), **data.draw(workflow_bodies(trigger.guid, entity_type))}
    answer = raw.send("POST", CONFIGURE_WORKFLOW, value=body).json()
    guid = answer["data"]["guid"]
    shown = [each.raw for each in integrations.workflows(entity_type) if each.guid == guid]
    integrations.delete(guid)

    expected = {
        "guid": guid,
        "name": body["name"],
        "entityType": entity_type,
        "trigger": trigger.code,
        "action": body["action"]["type"],
        "isActive": True,
        "isManaged": False,
    }
    assert answer["data"].items() >= {"guid": guid, "name": body["name"], "isActive": True}.items()
    assert [{name: each[name] for name in expected} for each in shown] == [expected]


@pytest.mark.requirement("integrations.error.bad_request")
@pytest.mark.parametrize(
    "example",
    [pytest.param(each, id=str(each), marks=pytest.mark.requirement(each.requirement)) for each in INVALID_WORKFLOWS],
)
def test_broken_workflow_is_refused(raw: RawClient, integrations: Integrations, example: InvalidExample) -> None:
    """
    A workflow with one thing broken is answered 400.
    """
    right = {"name": "x", "entityType": "Shipment", "triggerId": trigger_of(integrations, "Shipment"), "action": EMAIL}
    answer = raw.send("POST", CONFIGURE_WORKFLOW, value=example.of(right))

    assert error_of(answer)[:2] == (400, "CONFIGURATION_ERROR")


@pytest.mark.requirement("integrations.workflow.body", "integrations.error.json")
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"'])
def test_workflow_is_one_object(raw: RawClient, body: bytes) -> None:
    """
    A body that is no JSON, or no object, is answered 400.
    """
    assert error_of(raw.send("POST", CONFIGURE_WORKFLOW, body=body))[:2] == (400, "CONFIGURATION_ERROR")


@pytest.mark.requirement("integrations.error.content_type")
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_other_content_types_are_refused(raw: RawClient, content_type: str | None) -> None:
    """
    A body whose media type is not JSON is answered 415.
    """
    answer = raw.send("POST", CONFIGURE_WORKFLOW, body=b"{}", headers={"Content-Type": content_type})

    assert error_of(answer)[0] == 415


@pytest.mark.requirement("integrations.workflow.trigger_known", "integrations.error.not_found")
def test_unknown_trigger_is_not_found(integrations: Integrations, new_name: Callable[[], str]) -> None:
    """
    A trigger that does not exist, or that another entity type has, is not found.
    """
    for guid in ("no-such-trigger", integrations.triggers("Product")[0].guid):
        with pytest.raises(NotFound) as missing:
            integrations.configure_workflow(new_name(), "Shipment", guid, EMAIL)
        assert missing.value.code == "NOT_FOUND"


@pytest.mark.requirement("integrations.workflow.update")
def test_same_name_updates_a_workflow(integrations: Integrations, configure: Callable[..., Workflow]) -> None:
    """
    A workflow that is configured again under its name keeps its guid and state, and has the new trigger and action.
    """
    first = configure()
    integrations.toggle(first.guid)
    again = configure(name=first.name, action={"type": "update_status", "status": "closed"})

    assert (again.guid, again.is_active) == (first.guid, False)
    assert [each.action for each in listed(integrations, first.guid)] == ["update_status"]


@pytest.mark.requirement("integrations.workflow.update", "integrations.workflow.listed_by_type")
def test_same_name_of_another_type_is_another_workflow(
    integrations: Integrations, configure: Callable[..., Workflow]
) -> None:
    """
    Workflows of different entity types may have one name, and each is listed with its own type only.
    """
    first = configure("Shipment")
    second = configure("Order", name=first.name)

    assert first.guid != second.guid
    assert (listed(integrations, second.guid), listed(integrations, first.guid, "Order")) == ([], [])


@pytest.mark.requirement("integrations.envelope.no_paging", "integrations.workflow.listed_by_type")
def test_long_lists_come_whole(integrations: Integrations, configure: Callable[..., Workflow]) -> None:
    """
    A list of more workflows than other lists of the provider have on a page has all of them.
    """
    made = {configure("Customer").guid for _ in range(51)}
    shown = {each.guid for each in integrations.workflows("Customer")}
    for guid in made:
        integrations.delete(guid)

    assert made <= shown


@pytest.mark.requirement("integrations.workflow.toggle", "integrations.workflow.toggle_get")
@NETWORKED
@given(times=st.integers(1, 5))
def test_toggling_goes_to_the_other_side(
    integrations: Integrations, configure: Callable[..., Workflow], times: int
) -> None:
    """
    However often a workflow is toggled, the answer and the list agree on which side it is.
    """
    guid = configure().guid
    sides = [integrations.toggle(guid).is_active for _ in range(times)]
    shown = listed(integrations, guid)
    integrations.delete(guid)

    assert sides == [bool(number % 2) for number in range(times)]
    assert [each.is_active for each in shown] == [sides[-1]]


@pytest.mark.requirement("integrations.workflow.deleted", "integrations.workflow.not_found")
def test_deleted_workflow_is_gone(
    integrations: Integrations, raw: RawClient, configure: Callable[..., Workflow]
) -> None:
    """
    A deleted workflow is listed no more, and can neither be toggled, resumed nor deleted again.
    """
    guid = configure().guid
    integrations.delete(guid)
    requests = [("GET", f"configured/{guid}/toggle", ""), ("DELETE", f"configured/{guid}", "")]
    requests.append(("GET", "resume-workflow", f"workflowId={guid}"))

    assert listed(integrations, guid) == []
    assert [error_of(raw.send(way, f"/api/workflows/{path}", query=query)) for way, path, query in requests] == [
        UNKNOWN
    ] * 3


@pytest.mark.requirement("integrations.workflow.deleted", "integrations.workflow.toggle_get")
def test_only_the_named_workflow_is_changed(integrations: Integrations, configure: Callable[..., Workflow]) -> None:
    """
    Of three workflows the one that is named is toggled, the one that is named is deleted, the first stays as it was.
    """
    stays, toggled, gone = (configure().guid for _ in range(3))
    integrations.toggle(toggled)
    integrations.delete(gone)
    shown = {each.guid: each.is_active for each in integrations.workflows("Shipment")}

    assert [shown.get(guid) for guid in (stays, toggled, gone)] == [True, False, None]


UNUSABLE = {
    "unknown template": ("email_template", {**EMAIL, "template": "no_such_template"}),
    "two addresses": ("email_recipient", {**EMAIL, "recipient": "a@example.com, b@example.com"}),
    "two signs": ("email_recipient", {**EMAIL, "recipient": "a@b@example.com"}),
    "no name": ("email_recipient", {**EMAIL, "recipient": "@example.com"}),
}


@pytest.mark.parametrize(
    "unusable",
    [
        pytest.param(each, id=each, marks=pytest.mark.requirement(f"integrations.action.{UNUSABLE[each][0]}"))
        for each in UNUSABLE
    ],
)
def test_email_that_cannot_be_sent_is_refused(
    raw: RawClient, integrations: Integrations, new_name: Callable[[], str], unusable: str
) -> None:
    """
    A workflow whose template nobody has, or whose recipient is no address, is refused when it is configured.
    """
    name, trigger = new_name(), trigger_of(integrations, "Shipment")
    value = {"name": name, "entityType": "Shipment", "triggerId": trigger, "action": UNUSABLE[unusable][1]}

    answer = raw.send("POST", CONFIGURE_WORKFLOW, value=value)

    assert error_of(answer)[:2] == (400, "CONFIGURATION_ERROR")
    assert name not in {each.name for each in integrations.workflows("Shipment")}


@pytest.mark.requirement("integrations.workflow.managed_filter", "integrations.workflow.managed_life")
def test_managed_workflows_are_listed_on_demand(
    connect: Connect, integrations: Integrations, configure: Callable[..., Workflow], target: Target
) -> None:
    """
    With managed=true the managed workflows stand beside the others, without it they do not.
    """
    own = configure().guid
    before = {each.guid for each in integrations.workflows("Shipment", managed=True)}
    connect(EXAMPLE)
    shown = {managed: integrations.workflows("Shipment", managed=managed) for managed in (None, False, True)}

    assert all(own in {each.guid for each in workflows} for workflows in shown.values())
    _need_managed(target, [each for each in shown[True] if each.is_managed])
    assert {each.is_managed for each in shown[True] if each.guid not in before} == {True}
    assert not any(each.is_managed for each in (*shown[None], *shown[False]))


@pytest.mark.requirement("integrations.workflow.managed_filter")
@pytest.mark.parametrize("word", ["yes", "2", "on", ""])
def test_managed_is_true_or_false(raw: RawClient, word: str) -> None:
    """
    Another word for managed is answered 400.
    """
    answer = raw.send("GET", "/api/workflows/Order/configured", query=f"managed={word}")

    assert error_of(answer)[:2] == (400, "CONFIGURATION_ERROR")


@pytest.mark.requirement("integrations.workflow.managed_life", "integrations.workflow.not_found")
def test_managed_workflows_go_with_their_integration(
    connect: Connect, integrations: Integrations, target: Target
) -> None:
    """
    Managed workflows are gone while their integration is disabled, and come back when it comes back, none twice.
    """
    before = {each.guid for each in integrations.workflows("Shipment", managed=True)}
    guid = connect(EXAMPLE).guid
    came = [each for each in integrations.workflows("Shipment", managed=True) if each.guid not in before]
    _need_managed(target, came)
    managed = came[0]
    integrations.disable(guid)
    gone = listed(integrations, managed.guid)
    for ask in (integrations.toggle, integrations.resume, integrations.delete):
        with pytest.raises(NotFound):
            ask(managed.guid)
    connect(EXAMPLE)
    back = [each for each in integrations.workflows("Shipment", managed=True) if each.guid not in before]

    assert gone == []
    assert sorted(str(each.name) for each in back) == sorted(str(each.name) for each in came)


def _need_managed(target: Target, managed: list[Workflow]) -> None:
    """Skip the test if no managed workflow came with the platform, as on a sandbox account."""
    if target.workspace is None and not managed:
        pytest.skip("no managed workflow of shipments comes with the platform")


@pytest.mark.requirement("integrations.workflow.resume_id")
@pytest.mark.parametrize("query", ["", "workflowId=", "guid=x"])
def test_resuming_needs_a_workflow(raw: RawClient, query: str) -> None:
    """
    Without the id of a workflow nothing is resumed: 400.
    """
    answer = raw.send("GET", "/api/workflows/resume-workflow", query=query)

    assert error_of(answer)[:2] == (400, "CONFIGURATION_ERROR")


@pytest.mark.requirement("integrations.run.resumed", "integrations.envelope.success_alone")
def test_workflow_that_is_not_paused_is_resumed(raw: RawClient, configure: Callable[..., Workflow]) -> None:
    """
    Resuming a workflow that is not paused changes nothing, and is answered like any other.
    """
    answer = raw.send("GET", "/api/workflows/resume-workflow", query=f"workflowId={configure().guid}")

    assert (answer.json()["success"], "data" in answer.json()) == (True, False)


@pytest.mark.requirement("integrations.error.route")
@pytest.mark.parametrize(
    "path", ["/", "/api/workflows", "/api/v1/workflows/triggers/Order", "/api/workflows/triggers/Order/"]
)
def test_other_paths_are_not_found(raw: RawClient, path: str) -> None:
    """
    A path that the document does not have is answered 404 in the envelope.
    """
    assert error_of(raw.send("GET", path))[:2] == (404, "NOT_FOUND")


@pytest.mark.requirement("integrations.error.method")
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "configure"), ("POST", "triggers/Order"), ("PUT", "configured/x")]
)
def test_other_methods_are_refused(raw: RawClient, method: str, path: str) -> None:
    """
    A method that a path does not have is answered 405 in the envelope.
    """
    answer = raw.send(method, f"/api/workflows/{path}")

    assert (error_of(answer)[0], answer.headers["Allow"] != "") == (405, True)
