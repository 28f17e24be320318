"""
A provider of the tests of webhooks: it signs as Stripe does, HMAC-SHA256 over timestamp and exact body.

It stands outside the package, as a stranger's provider would.
"""

import hashlib
import hmac
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import orjson
from flask import Blueprint

from flowproof.errors import ConfigurationError
from flowproof.exchange import Headers
from flowproof.kernel import (
    Credential,
    Provider,
    ProviderContext,
    ProviderRequest,
    Refusal,
    WireResponse,
    ctx,
    hex_id,
)
from flowproof.kernel.webhooks.model import Webhook
from flowproof.kernel.webhooks.policy import WebhookPolicy

__all__ = ["RETRIES", "provider"]

RETRIES = (10, 60, 300, 1800, 7200, 21600, 43200)
TIMEOUT_S = 60.0  # that no test waits for
SIGNATURE = "Parcels-Signature"
routes = Blueprint("parcels", __name__)


@routes.post("/parcels")
def send_parcel() -> Any:
    """Keep a parcel and send its event, now or later; ``fail`` raises after that."""
    parcel = ctx.json
    key = hex_id(ctx.rng, 16)
    ctx.state.put("parcel", key, {"id": key, **parcel})
    if "after_s" in parcel:
        ctx.context.schedule("notify", after_s=parcel["after_s"], value={"id": key, **parcel})
    else:
        notify(ctx.context, {"id": key, **parcel})
    if parcel.get("fail"):
        raise ZeroDivisionError("on purpose")
    return {"id": key}, 201


@routes.get("/parcels")
def list_parcels() -> Any:
    """All parcels."""
    return {"parcels": list(ctx.state.newest("parcel"))}


def notify(context: ProviderContext, parcel: Any) -> None:
    """Put the event of a parcel into the outbox; ``fail_later`` raises after that."""
    webhook = event(context, "parcel.sent", parcel["url"], parcel["name"])
    context.deliver(replace(webhook, method=parcel.get("method", "POST")))
    if parcel.get("fail_later"):
        raise ZeroDivisionError("on purpose")


def event(context: ProviderContext, name: str, url: str, parcel: str) -> Webhook:
    """An event with an id of its own."""
    body = {"id": f"evt_{hex_id(context.rng, 16)}", "event": name, "at": context.now.isoformat(), "parcel": parcel}
    return Webhook(name, url, orjson.dumps(body))


def sample(context: ProviderContext, name: str, url: str) -> Webhook:
    """A made-up event."""
    if name not in policy.events:
        raise ConfigurationError(f"There is no event {name!r}.", f"There is {', '.join(policy.events)}.")
    return event(context, name, url, "sample")


def unknown(webhook: Webhook) -> Webhook:
    """The same with a name that no document has, and an id of its own."""
    body = orjson.loads(webhook.body)
    changed = {**body, "id": f"{body['id']}u", "event": "parcel.teleported"}
    return replace(webhook, event="parcel.teleported", body=orjson.dumps(changed))


def sign(webhook: Webhook, context: ProviderContext) -> Headers:
    """Over the moment and the exact bytes."""
    (credential,) = context.credentials()
    at = str(int(context.now.timestamp()))
    digest = hmac.new(credential.secrets["secret"].encode(), f"{at}.".encode() + webhook.body, hashlib.sha256)
    return ((SIGNATURE, f"t={at},v1={digest.hexdigest()}"), ("User-Agent", "parcels"))


policy = WebhookPolicy(
    sign=sign,
    sample=sample,
    unknown=unknown,
    events=("parcel.sent", "parcel.lost"),
    signature_headers=frozenset({SIGNATURE.lower()}),
    retry_after_s=RETRIES,
    timeout_s=TIMEOUT_S,
    timestamped=True,
)


def render(refusal: Refusal) -> WireResponse:
    """All errors look alike."""
    return WireResponse(400, orjson.dumps({"error": type(refusal).__name__}))


def presented_key(request: ProviderRequest) -> str | None:
    """Nobody presents one: workspaces are found by the base URL."""
    return request.header("x-key")


def mint(rng: Random, _seed: Any) -> tuple[Credential, ...]:
    """One key with a secret."""
    return (Credential(hex_id(rng, 20), secrets={"secret": hex_id(rng, 32)}),)


provider = Provider(
    slug="parcels",
    title="Parcels",
    routes=routes,
    presented_key=presented_key,
    authenticate=lambda _request, _context: None,
    render=render,
    mint=mint,
    seed={},
    seed_schema="seed.schema.json",
    tasks={"notify": notify},
    webhooks=policy,
    contract=Path(__file__).parent,
)
