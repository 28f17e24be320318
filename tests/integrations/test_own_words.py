"""What the mock says and does beyond the requirements, so that no suite demands it of a provider."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from flowproof.clients.integrations import Integrations
from flowproof.suites.integrations.setup import EXAMPLE
from flowproof.suites.integrations.strategies import (
    INVALID_CONFIGURATIONS,
    INVALID_SUBSCRIPTIONS,
    INVALID_WORKFLOWS,
    InvalidExample,
)
from flowproof.target import ControlRefused, Workspace

CONFIGURATION = {
    "providerId": EXAMPLE.id,
    "providerType": EXAMPLE.type,
    "credentials": dict(EXAMPLE.credentials),
    "settings": {"syncProducts": True},
}
SUBSCRIPTION = {"endpoint": "https://push.example/1", "keys": {"p256dh": "public-key-string", "auth": "secret"}}
WORKFLOW = {
    "name": "x",
    "entityType": "Shipment",
    "triggerId": "trigger-uuid",
    "action": {"type": "send_email", "recipient": "customer", "template": "delivery_confirmation"},
}
TIMEOUT_S = 30


@pytest.mark.parametrize(
    ("path", "right", "examples"),
    [
        ("integrations/provider/configure", CONFIGURATION, INVALID_CONFIGURATIONS),
        ("integrations/save-vapid-subscription", SUBSCRIPTION, INVALID_SUBSCRIPTIONS),
        ("workflows/configure", WORKFLOW, INVALID_WORKFLOWS),
    ],
    ids=["configuration", "subscription", "workflow"],
)
def test_message_names_the_place(
    workspace: Workspace, path: str, right: dict[str, Any], examples: tuple[InvalidExample, ...]
) -> None:
    """The message of a 400 has the JSON path of what is broken."""
    site = workspace.site("integrations")
    headers = {"Authorization": f"Bearer {site.credentials().key}"}
    with requests.Session() as session:
        session.trust_env = False
        answers = {
            each: session.post(f"{site.url}/api/{path}", json=each.of(right), headers=headers, timeout=TIMEOUT_S)
            for each in examples
        }

    wrong = [str(each) for each, answer in answers.items() if each.place not in answer.json()["error"]["message"]]
    assert wrong == []


def test_name_that_stands_twice_is_refused(workspace: Workspace) -> None:
    """A body with a name twice is no JSON to the mock, although RFC 8259 only advises against it."""
    site = workspace.site("integrations")
    headers = {"Authorization": f"Bearer {site.credentials().key}", "Content-Type": "application/json"}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            f"{site.url}/api/workflows/configure", b'{"name":"a","name":"b"}', headers=headers, timeout=TIMEOUT_S
        )

    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "The body is not valid JSON")


def test_managed_workflow_comes_back_as_it_was(
    workspace: Workspace, make_integrations: Callable[..., Integrations]
) -> None:
    """A managed workflow has its guid and its side again when its integration is configured again."""
    client = make_integrations(workspace)
    guid = client.configure(EXAMPLE.id, EXAMPLE.credentials).guid
    (managed,) = client.workflows("Shipment", managed=True)
    client.toggle(managed.guid)
    client.disable(guid)

    client.configure(EXAMPLE.id, EXAMPLE.credentials)

    back = [(each.guid, each.is_active) for each in client.workflows("Shipment", managed=True)]
    assert back == [(managed.guid, False)]


@pytest.mark.parametrize(
    ("text", "managed"),
    [("true", True), ("True", True), ("TRUE", True), ("1", True), ("false", False), ("False", False), ("0", False)],
)
def test_boolean_may_be_spelled_as_languages_do(
    workspace: Workspace, make_integrations: Callable[..., Integrations], text: str, managed: bool
) -> None:
    """The parameter managed is taken as Python and PHP write it, too."""
    with make_integrations(workspace) as client:
        client.configure(EXAMPLE.id, dict(EXAMPLE.credentials), provider_type=EXAMPLE.type)
    token = workspace.credentials("integrations").key
    url = f"{workspace.url('integrations')}/api/workflows/Shipment/configured"
    answer = requests.get(
        url, params={"managed": text}, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_S
    )

    assert answer.status_code == 200
    assert any(each["isManaged"] for each in answer.json()["data"]) is managed


def test_refused_template_is_answered_with_those_there_are(workspace: Workspace) -> None:
    """A workflow with an unknown template is told the templates of the account, without a word of what was sent."""
    token = workspace.credentials("integrations").key
    trigger = workspace.seed("integrations")["triggers"]["Shipment"][0]["guid"]
    action = {"type": "send_email", "recipient": "customer", "template": "planted-word"}
    answer = requests.post(
        f"{workspace.url('integrations')}/api/workflows/configure",
        json={**WORKFLOW, "triggerId": trigger, "action": action},
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT_S,
    )

    message = answer.json()["error"]["message"]
    assert message == (
        "Invalid configuration: action.template must be one of the templates delivery_confirmation, order_confirmation"
    )


def test_seed_data_with_an_unknown_template_is_refused(workspace: Workspace) -> None:
    """A managed workflow of the seed data cannot have a template that the seed data has not."""
    seed = workspace.seed("integrations")
    action = {"type": "send_email", "recipient": "customer", "template": "nobody's"}
    broken = {**seed, "managedWorkflows": [{**seed["managedWorkflows"][0], "action": action}]}

    with pytest.raises(ControlRefused, match=r"action\.template must be one of the templates"):
        workspace.replace_seed("integrations", broken)
