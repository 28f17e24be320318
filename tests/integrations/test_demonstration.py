"""One event that runs four workflows, one of each action, with the evidence of each arrival."""

from tests.integrations.demonstration import demonstrate, render


def test_one_event_runs_one_workflow_of_each_action() -> None:
    """One event delivers a webhook, a push that the browser reads, an e-mail, and changes the entity's status."""
    evidence = demonstrate()
    print("\n" + "\n".join(render(evidence)))  # noqa: T201 (seen with pytest -s)

    kinds = [(each["action"]["type"], each["state"]) for each in evidence.executions]
    assert kinds == [(kind, "completed") for kind in ("webhook", "send_push", "send_email", "update_status")]
    assert evidence.webhook.json["event"] == "shipment_delivered"
    assert (evidence.message["title"], evidence.signer) == ("Delivered", evidence.server_key)
    assert evidence.mail[1:3] == (["anna@example.com"], "Your shipment S-1001 was delivered")
    assert evidence.entity["status"] == "closed"
