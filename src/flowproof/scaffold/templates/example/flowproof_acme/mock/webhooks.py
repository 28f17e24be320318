"""The webhook of a new booking: its body, its signature, and where it goes."""

import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from flowproof.errors import ConfigurationError
from flowproof.exchange import Headers
from flowproof.kernel import ProviderContext
from flowproof.kernel.webhooks.model import Webhook
from flowproof.kernel.webhooks.policy import WebhookPolicy

__all__ = ["POLICY", "notify"]

CREATED = "booking.created"
SAMPLE = {"id": "sample", "room": "blue", "guests": 2, "day": "2026-03-02"}


def notify(context: ProviderContext, booking: Mapping[str, Any], url: str | None) -> None:
    """Queue the webhook of a new booking, where somebody asked for it."""
    if url:
        context.deliver(_webhook(CREATED, url, booking))


def _webhook(event: str, url: str, booking: Mapping[str, Any]) -> Webhook:
    return Webhook(event, url, orjson.dumps({"event": event, "booking": booking}))


def sign(webhook: Webhook, context: ProviderContext) -> Headers:
    """The header that authenticates a webhook, made when it is sent."""
    (credential,) = context.credentials()
    seconds = str(int(context.now.timestamp()))
    key = credential.secrets["secret"].encode()
    signature = hmac.new(key, seconds.encode() + b"." + webhook.body, "sha256").hexdigest()
    return (("X-Signature", f"t={seconds},v1={signature}"),)


def sample(_context: ProviderContext, event: str, url: str) -> Webhook:
    """
    A webhook about a booking that does not exist.

    Raises:
        ConfigurationError: There is no such event.
    """
    if event != CREATED:
        raise ConfigurationError(f"Acme has no event {event}.", f"There is: {CREATED}.")
    return _webhook(event, url, SAMPLE)


def unknown(webhook: Webhook) -> Webhook:
    """The same webhook with an event that no document names."""
    body = orjson.loads(webhook.body) | {"event": "booking.painted"}
    return replace(webhook, event="booking.painted", body=orjson.dumps(body))


POLICY = WebhookPolicy(
    sign=sign,
    sample=sample,
    unknown=unknown,
    events=(CREATED,),
    signature_headers=frozenset({"x-signature"}),
    timestamped=True,
)
