"""The webhook of an order's status: its body, its signature, and where it goes."""

from dataclasses import replace
from typing import Any

import orjson

from flowproof.errors import ConfigurationError
from flowproof.exchange import Headers
from flowproof.kernel import Credential, ProviderContext
from flowproof.kernel.signing import SigningScheme, sign
from flowproof.kernel.webhooks.model import Webhook
from flowproof.kernel.webhooks.policy import WebhookPolicy

from . import api_keys, rules
from .models import Order, Status
from .records import Account

__all__ = ["POLICY", "body_of", "notify"]

SCHEME = SigningScheme(parts=("timestamp", "body"), separator="", digest="sha256", encoding="hex")
UNKNOWN = "EN_ROUTE"
JSON = "application/json"


def notify(context: ProviderContext, account: Account, order: Order) -> None:
    """Queue a webhook about an order's status, to the order's own URL or else the configured one."""
    url = order.sent.get("webhookUrl") or account.configuration["webhookUrl"]
    if url:
        context.deliver(Webhook(order.status.value, url, orjson.dumps(body_of(order))))


def body_of(order: Order) -> dict[str, Any]:
    """
    The body of an order's webhook.

    Source:
        configuring-webhooks-and-callbacks. Observed. That externalReference is a text, though the page's table says
        Number, is our reading.
    """
    body = {
        "reference": order.reference,
        "externalReference": order.external_reference,
        "quantity": order.sent["quantity"],
        "recipientIdentifier": order.sent["recipientIdentifier"],
        "email": order.sent["email"],
        "status": order.status.value,
    }
    return {**body, "voucherCodes": list(order.voucher_codes)} if order.voucher_codes else body


def sign_webhook(webhook: Webhook, context: ProviderContext) -> Headers:
    """The headers that authenticate a webhook, made when it is sent; none for an email, or where no API key is left."""
    credential = _credential(context, webhook) if webhook.content_type == JSON else None
    if credential is None:
        return ()
    timestamp = context.now.isoformat(timespec="microseconds").replace("+00:00", "Z")
    key = credential.secrets["signing_key"].encode()
    signature = sign(SCHEME, timestamp.encode() + webhook.body, key)
    return (
        ("AccessToken", f"Bearer {credential.secrets['webhook_token']}"),
        ("X-SIGNATURE", signature),
        ("X-TIMESTAMP", timestamp),
    )


def sample(context: ProviderContext, event: str, url: str) -> Webhook:
    """
    A webhook about an order that does not exist.

    Raises:
        ConfigurationError: There is no such status.
    """
    if event not in list(Status):
        raise ConfigurationError(f"Flow1st has no status {event}.", f"There are: {', '.join(Status)}.")
    sent = {
        "externalReference": "sample-1",
        "productBundleSku": "codm30cp",
        "quantity": 1,
        "recipientIdentifier": "GEDKZW",
        "email": "player@partner.example",
    }
    order = Order(rules.new_reference(context.rng), "staging", Status(event), sent, 0, "USD")
    return Webhook(event, url, orjson.dumps(body_of(order)))


def unknown_event(webhook: Webhook) -> Webhook:
    """The same webhook with an undocumented status. Emails stay unchanged."""
    if webhook.content_type != JSON:
        return webhook
    return replace(webhook, event=UNKNOWN, body=orjson.dumps({**orjson.loads(webhook.body), "status": UNKNOWN}))


def _credential(context: ProviderContext, webhook: Webhook) -> Credential | None:
    """The order's API key, or another one of its environment; of staging where there is no such order."""
    reference = orjson.loads(webhook.body)["reference"]
    environment = context.state.get("environment_of", reference) or "staging"
    account = Account.of(context, environment)
    order = account.order(reference) if account is not None else None
    own = context.credential(order.api_key) if order is not None else None
    return own or next(iter(api_keys.of_environment(context, environment)), None)


POLICY = WebhookPolicy(
    sign=sign_webhook,
    sample=sample,
    unknown=unknown_event,
    events=tuple(status.value for status in Status if status is not Status.NEW),
    signature_headers=frozenset({"x-signature"}),
    timestamped=True,
)
