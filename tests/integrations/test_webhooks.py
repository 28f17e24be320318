"""The kernel's webhooks with this provider's: samples, trials, and an adversary."""

from collections.abc import Callable
from typing import Any

import pytest

from flowproof.clients.integrations import Integrations
from flowproof.conformance import load_contract
from flowproof.inbox import Inbox
from flowproof.mocks.integrations.webhooks import EVENTS
from flowproof.target import ControlRefused, Workspace
from tests.integrations.mail_server import MailServer

EMAIL = {"type": "send_email", "recipient": "shop@example.com"}
EVENT = {"entityType": "Order", "code": "order_created", "entity": {"id": "O1"}}


@pytest.mark.parametrize("event", EVENTS)
def test_sample_keeps_to_its_schema(workspace: Workspace, inbox: Inbox, event: str) -> None:
    """A sample of each event is a webhook as the contract describes it."""
    workspace.webhooks.trigger("integrations", event, inbox.url)
    (received,) = inbox.wait()
    schemas = load_contract("integrations").schemas

    assert received.json["event"] == event
    assert schemas.findings(schemas.uri_of_file("webhook-event.schema.json"), received.json, "request.body") == ()


def test_sample_of_an_unknown_event_is_refused(workspace: Workspace) -> None:
    """An event that no trigger has cannot be sampled, and the refusal names those that there are."""
    with pytest.raises(ControlRefused, match="order_created"):
        workspace.webhooks.trigger("integrations", "order_lost", "http://127.0.0.1:9/")


def test_good_receiver_stands_its_trial(workspace: Workspace, inbox: Inbox) -> None:
    """A receiver that takes everything stands the trial; what is about signatures does not apply."""
    verdicts = {each["trial"]: each["verdict"] for each in workspace.webhooks.trial("integrations", inbox.url)}

    assert set(verdicts.values()) == {"PASS", "OMIT"}
    assert {verdicts[each] for each in ("wrong_signature", "missing_signature", "old_timestamp")} == {"OMIT"}


def test_adversary_repeats_mails_too(workspace: Workspace, make_integrations: Callable[..., Integrations]) -> None:
    """With an adversary that delivers twice, webhooks have doubles and unknown events, and mails come twice."""
    with MailServer() as server:
        seed: Any = workspace.seed("integrations")
        workspace.replace_seed("integrations", {**seed, "settings": {**seed["settings"], "smtp": server.url}})
        client = make_integrations(workspace)
        client.configure_workflow("Mail", "Order", client.triggers("Order")[0].guid, EMAIL)
        workspace.webhooks.adversary(copies=2, extra_field=True)
        workspace.control("POST", "integrations/events", EVENT)
        workspace.webhooks.wait_until_idle()
        (execution,) = workspace.control("GET", "integrations/executions")["executions"]

    assert (len(execution["deliveries"]), execution["state"]) == (2, "completed")
    assert [str(each["To"]) for each in server.messages] == ["shop@example.com"] * 2


def test_mail_to_nobody_is_not_sent(workspace: Workspace) -> None:
    """A webhook that is triggered to a mail server is no message, and fails without harm."""
    with MailServer() as server:
        workspace.webhooks.trigger("integrations", "order_created", server.url)
        (delivery,) = workspace.webhooks.wait_until_idle()

    assert "from whom" in delivery["attempts"][0]["error"]
    assert server.envelopes == []
