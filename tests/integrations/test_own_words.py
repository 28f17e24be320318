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
from flowproof.target import Workspace

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
