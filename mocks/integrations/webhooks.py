"""The requests of webhooks and push messages. Webhooks are unsigned; a push message is signed (VAPID)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from flowproof.errors import ConfigurationError
from flowproof.exchange import Headers
from flowproof.kernel import ProviderContext, hex_id, seed_data
from flowproof.kernel.time.clock import instant_to_text
from flowproof.kernel.webhooks.model import Webhook
from flowproof.kernel.webhooks.policy import WebhookPolicy

from .auth import VAPID
from .models import ENTITY_TYPES, Event, SeedData, Subscription

__all__ = ["POLICY", "push_private_key", "push_to", "webhook_to"]

PUSH = ("Content-Encoding", "aes128gcm")


def webhook_to(url: str, event: Event, workflow: Mapping[str, str]) -> Webhook:
    """
    The webhook of a workflow's action.

    Source:
        Ours: the document says "Call external webhook" and shows no body.
    """
    body = {
        "event": event.code,
        "entityType": event.entity_type,
        "entity": event.entity,
        "workflow": workflow,
        "occurredAt": event.occurred_at,
    }
    return Webhook(event.code, url, orjson.dumps(body))


def push_to(subscription: Subscription, body: bytes, event: Event, *, ttl_s: int) -> Webhook:
    """A push message for a push service (RFC 8030), signed when it is sent."""
    headers = (PUSH, ("TTL", str(ttl_s)))
    return Webhook(event.code, subscription.endpoint, body, "application/octet-stream", headers=headers)


def push_private_key(context: ProviderContext) -> str:
    """The private key that signs the workspace's push messages."""
    return next(each.secrets["privateKey"] for each in context.credentials() if each.role == VAPID)


def sign(webhook: Webhook, context: ProviderContext) -> Headers:
    """The ``Authorization`` header of a push message. Webhooks have no signature: no scheme is known."""
    if PUSH not in webhook.headers:
        return ()
    from . import push  # noqa: PLC0415 (cryptography takes long to load; only who pushes should wait for it)

    subject = SeedData(context.seed).settings["push_subject"]
    return (("Authorization", push.authorization(push_private_key(context), webhook.url, subject, context.now)),)


def sample(context: ProviderContext, event: str, url: str) -> Webhook:
    """A webhook with a made-up entity."""
    for entity_type in ENTITY_TYPES:
        if any(trigger.code == event for trigger in SeedData(context.seed).triggers(entity_type)):
            entity = {"id": hex_id(context.rng, 8), "status": event.rpartition("_")[2]}
            made = Event("evt-sample", entity_type, event, entity, instant_to_text(context.now))
            return webhook_to(url, made, {"guid": hex_id(context.rng, 32), "name": "Sample"})
    raise ConfigurationError(f"No entity has the trigger {event}.", f"There are: {', '.join(EVENTS)}.")


def unknown_event(webhook: Webhook) -> Webhook:
    """The same webhook with an event that no trigger has. Push messages and e-mails stay unchanged."""
    if webhook.content_type != "application/json":
        return webhook
    return replace(webhook, body=orjson.dumps({**orjson.loads(webhook.body), "event": "flowproof_unknown_event"}))


def _events(seed: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(trigger["code"] for each in ENTITY_TYPES for trigger in seed["triggers"][each])


EVENTS = _events(seed_data("integrations"))
POLICY = WebhookPolicy(sign=sign, sample=sample, unknown=unknown_event, events=EVENTS, retry_after_s=(10, 60, 300))
