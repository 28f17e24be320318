"""
One event, four workflows, one for each action, and the evidence that each delivery arrived.

    python -m tests.integrations.demonstration
"""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from flowproof.clients.integrations import Integrations
from flowproof.inbox import Inbox, Received
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.mocks.integrations import provider
from flowproof.target import ControlClient, Workspace
from tests.integrations.mail_server import MailServer
from tests.integrations.push_service import Browser, claims_of

__all__ = ["Evidence", "demonstrate", "render"]

ENTITY = {"id": "S-1001", "status": "delivered", "customer": {"email": "anna@example.com"}}


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    The results of the event.

    Args:
        executions: As the control API shows them in the end.
        webhook: What the receiver got.
        push: What the push service got.
        message: What the browser read of it.
        claims: Whom the push service was told the push is from.
        signer: The key that signed that.
        server_key: The account's key, as the browser was told.
        mail: What the mail server got: sender, recipients, subject and text.
        entity: The entity in the end.
        journal: Every delivery as the journal has it.
    """

    executions: Any
    webhook: Received
    push: Received
    message: Any
    claims: Any
    signer: str
    server_key: str
    mail: tuple[str, list[str], str, str]
    entity: Any
    journal: Any


def demonstrate() -> Evidence:
    """Start a server, a receiver, a push service and a mail server on loopback; then raise one event."""
    with ExitStack() as stack:
        server = stack.enter_context(Server(build_gateway([provider], ServerSettings(entropy=0))))
        workspace = ControlClient(server.url).make_workspace(clock={"mode": "frozen", "now": "2024-01-16T10:00:00Z"})
        receiver = stack.enter_context(Inbox())
        browser = Browser(stack.enter_context(Inbox(201, path="/push/anna")))
        mail_server = stack.enter_context(MailServer())
        seed = workspace.seed("integrations")
        workspace.replace_seed("integrations", {**seed, "settings": {**seed["settings"], "smtp": mail_server.url}})
        with Integrations(workspace.url("integrations"), workspace.credentials("integrations").key) as integrations:
            _configure(integrations, receiver.url, browser)
        event = {"entityType": "Shipment", "code": "shipment_delivered", "entity": ENTITY}
        workspace.control("POST", "integrations/events", event)
        workspace.webhooks.wait_until_idle()
        return _evidence(workspace, receiver, browser, mail_server)


def _configure(integrations: Integrations, url: str, browser: Browser) -> None:
    integrations.save_push_subscription(browser.subscription())
    trigger = next(each.guid for each in integrations.triggers("Shipment") if each.code == "shipment_delivered")
    email = {"type": "send_email", "recipient": "customer", "template": "delivery_confirmation"}
    for name, action in {
        "Tell the shop": {"type": "webhook", "url": url},
        "Tell the browser": {"type": "send_push", "title": "Delivered", "message": "Your parcel is there"},
        "Customer Delivery Notification": email,
        "Close the shipment": {"type": "update_status", "status": "closed"},
    }.items():
        integrations.configure_workflow(name, "Shipment", trigger, action, {"status": "delivered"})


def _evidence(workspace: Workspace, receiver: Inbox, browser: Browser, mail_server: MailServer) -> Evidence:
    (webhook,), (push,) = receiver.wait(), browser.inbox.wait()
    claims, signer = claims_of(push)
    (envelope,), (message,) = mail_server.envelopes, mail_server.messages
    return Evidence(
        executions=workspace.control("GET", "integrations/executions")["executions"],
        webhook=webhook,
        push=push,
        message=browser.read(push),
        claims=claims,
        signer=signer,
        server_key=workspace.control("GET", "integrations/push")["applicationServerKey"],
        mail=(envelope.mail_from or "", envelope.rcpt_tos, str(message["Subject"]), message.get_content()),
        entity=workspace.control("GET", "integrations/entities/Shipment/S-1001"),
        journal=[entry for entry in workspace.journal.entries() if entry["direction"] == "out"],
    )


def render(evidence: Evidence) -> Iterator[str]:
    """The evidence as text."""
    event = evidence.executions[0]["event"]
    yield f"One event: {event['code']} of Shipment {event['entity']['id']}, at {event['occurred_at']}. It ran:"
    for each in evidence.executions:
        arrived = f", deliveries {', '.join(each['deliveries'])}" if each["deliveries"] else ""
        yield f"  {each['id']} {each['action']['type']:13} {each['workflow']['name']!r}: {each['state']}{arrived}"
    yield f"webhook, in the inbox: {evidence.webhook.method} {evidence.webhook.path}"
    yield f"  {evidence.webhook.body.decode()}"
    push = evidence.push
    size = f"{len(push.body)} bytes, Content-Encoding {push.header('content-encoding')}, TTL {push.header('ttl')}"
    yield f"push, at the push service: {push.method} {push.path}, {size}"
    yield f"  decrypted by the browser: {json.dumps(evidence.message)}"
    yield f"  signed for {evidence.claims['aud']} by the account's key: {evidence.signer == evidence.server_key}"
    sender, recipients, subject, text = evidence.mail
    yield f"e-mail, in the mail server: from {sender} to {', '.join(recipients)}: {subject!r}"
    yield f"  {text.strip()}"
    yield f"status, of the entity: {ENTITY['status']} -> {evidence.entity['status']}"
    yield "and the journal has each delivery:"
    for entry in evidence.journal:
        request, response = entry["request"], entry["response"]
        yield f"  {entry['id']} {request['method']} {request['url'].partition(':')[0]} answered {response['status']}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(render(demonstrate())) + "\n")
