"""Performs a workflow's action: queues a webhook, a push message or an e-mail, or changes the entity."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import orjson

from flowproof.kernel import ProviderContext, hex_id
from flowproof.kernel.webhooks.model import Webhook

from . import mail
from .models import Action, Execution, ExecutionState, SeedData
from .records import Records
from .webhooks import push_to, webhook_to

__all__ = ["perform"]

Handler = Callable[[Execution, ProviderContext], Execution]


class ActionFailed(Exception):
    """An action cannot be performed; the text gives the reason."""


def perform(execution: Execution, context: ProviderContext) -> Execution:
    """The execution after its action; FAILED with the reason where the action cannot be performed."""
    try:
        done = HANDLERS[Action(execution.action["type"])](execution, context)
    except ActionFailed as error:
        return replace(execution, state=ExecutionState.FAILED, errors=(str(error),))
    state = ExecutionState.FAILED if done.errors else ExecutionState.PERFORMED
    return replace(done, state=state)


def call_webhook(execution: Execution, context: ProviderContext) -> Execution:
    workflow = {"guid": execution.workflow, "name": execution.name}
    return _deliver(execution, context, webhook_to(execution.action["url"], execution.event, workflow))


def send_push(execution: Execution, context: ProviderContext) -> Execution:
    """Send a push message to every subscription. An unusable subscription does not stop the others."""
    from . import push  # noqa: PLC0415 (cryptography takes long to load; only who pushes should wait for it)

    subscriptions = Records(context.state).subscriptions()
    if not subscriptions:
        raise ActionFailed("no push subscription has been saved")
    message, ttl_s = _push_message(execution), SeedData(context.seed).settings["push_ttl_s"]
    for subscription in subscriptions:
        try:
            body = push.encrypt(message, subscription, context.rng)
        except push.UnusableSubscription as error:
            execution = replace(execution, errors=(*execution.errors, f"{subscription.endpoint}: {error}"))
        else:
            execution = _deliver(execution, context, push_to(subscription, body, execution.event, ttl_s=ttl_s))
    return execution


def _push_message(execution: Execution) -> bytes:
    """The message for the browser. Inferred: the document shows none."""
    event = execution.event
    return orjson.dumps(
        {
            "title": execution.action.get("title", execution.name),
            "body": execution.action.get("message", ""),
            "data": {"event": event.code, "entityType": event.entity_type, "entityId": event.entity["id"]},
        }
    )


def send_email(execution: Execution, context: ProviderContext) -> Execution:
    """Send an e-mail to the configured mail server, if there is one, and store it in any case."""
    seed, records, entity = SeedData(context.seed), Records(context.state), execution.event.entity
    recipient = mail.address_of(execution.action["recipient"], entity)
    if recipient is None:
        raise ActionFailed(f"the entity has no e-mail address for {execution.action['recipient']}")
    subject, text = _subject_and_text(execution, seed)
    subject = " ".join(mail.fill(subject, entity).split())
    if len(subject) > mail.LONGEST_SUBJECT:
        raise ActionFailed(f"the subject has more than {mail.LONGEST_SUBJECT} characters")
    kept = {
        "id": records.next_id("mail"),
        "from": seed.settings["mail_from"],
        "to": recipient,
        "subject": subject,
        "text": mail.fill(text, entity),
        "at": context.now.isoformat(),
        "smtp": seed.settings["smtp"],
    }
    records.put_mail(kept)
    execution = replace(execution, mail=kept["id"])
    if kept["smtp"] is None:
        return execution
    from flowproof.kernel.webhooks.mail_message import mail_delivery  # noqa: PLC0415 (few servers send an e-mail)

    delivery = mail_delivery(
        execution.event.code,
        kept["smtp"],
        sender=kept["from"],
        recipient=recipient,
        subject=kept["subject"],
        text=kept["text"],
        message_id=hex_id(context.rng, 32),
        at=context.now,
    )
    return _deliver(execution, context, delivery)


def _subject_and_text(execution: Execution, seed: SeedData) -> tuple[str, str]:
    name = execution.action.get("template")
    if name is None:
        return execution.name, f"{execution.name}: {execution.event.entity_type} {{id}}\n"
    template = seed.templates.get(name)
    if template is None:
        raise ActionFailed(f"there is no template {name}")
    return template["subject"], template["text"]


def update_status(execution: Execution, context: ProviderContext) -> Execution:
    """Change the status of the entity's current record. This raises no event."""
    records, event = Records(context.state), execution.event
    entity = records.entity(event.entity_type, event.entity["id"]) or event.entity
    records.put_entity(event.entity_type, {**entity, "status": execution.action["status"]})
    return execution


HANDLERS: Mapping[Action, Handler] = MappingProxyType(
    {
        Action.WEBHOOK: call_webhook,
        Action.SEND_PUSH: send_push,
        Action.SEND_EMAIL: send_email,
        Action.UPDATE_STATUS: update_status,
    }
)


def _deliver(execution: Execution, context: ProviderContext, webhook: Webhook) -> Execution:
    made: Any = context.deliver(webhook, of=execution.id)
    return replace(execution, deliveries=(*execution.deliveries, *(each.id for each in made)))
