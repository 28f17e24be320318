"""The control API's operations on a workspace's webhooks: outbox, adversary, allowed hosts, replay, trigger, trial."""

from dataclasses import replace
from typing import Any

from flask import Blueprint

from flowproof.errors import ConfigurationError
from flowproof.kernel.provider_context import ProviderContext
from flowproof.kernel.time.clock import Clock
from flowproof.kernel.webhooks.adversary import Adversary
from flowproof.kernel.webhooks.model import Delivery
from flowproof.kernel.webhooks.outbox import MAX_KEPT, Outbox
from flowproof.kernel.webhooks.policy import WebhookPolicy
from flowproof.kernel.webhooks.trial import start_trial, verdicts

from .context import NotFoundProblem, control_ctx

__all__ = ["webhook_routes"]

webhook_routes = Blueprint("webhooks", __name__)


@webhook_routes.get("")
def list_webhooks(workspace: str) -> dict[str, Any]:
    """The outbox with all its settings; ``settled`` where nothing is due that has not been tried."""
    chosen = control_ctx.workspace(workspace)
    outbox = Outbox(control_ctx.mock.store, chosen.id)
    return {
        "settled": outbox.is_idle(chosen.clock.now()),
        "adversary": outbox.adversary.to_json(),
        "allowed_hosts": list(outbox.allowed_hosts),
        "deliveries": [_shown(each) for each in outbox.last(control_ctx.number("limit", MAX_KEPT))],
    }


@webhook_routes.get("/deliveries/<delivery>")
def get_delivery(workspace: str, delivery: str) -> dict[str, Any]:
    """One delivery with its attempts."""
    return _shown(_delivery(workspace, delivery))


@webhook_routes.post("/deliveries/<delivery>/replay")
def replay_delivery(workspace: str, delivery: str) -> tuple[dict[str, Any], int]:
    """Deliver the same bytes once more, signed anew; with an adversary where the body has one."""
    found = _delivery(workspace, delivery)
    adversary = Adversary.from_json((control_ctx.json or {}).get("adversary", {}))
    context = _context(workspace, found.provider)
    made = context.deliver(found.webhook, adversary=adversary, of=f"replay of {found.id}")
    return {"deliveries": [_shown(each) for each in made]}, 202


@webhook_routes.post("/deliveries/<delivery>/retry")
def retry_delivery(workspace: str, delivery: str) -> tuple[dict[str, Any], int]:
    """Make the next attempt now, whenever it is due; one that has failed is tried once more."""
    found, now = _delivery(workspace, delivery), control_ctx.workspace(workspace).clock.now()
    due = _outbox(workspace).retry_now(found, now)
    if due is None:
        state = "has failed, and may be tried once only" if found.state == "failed" else f"is {found.state}"
        raise ConfigurationError(f"The delivery {found.id} {state}.", "Replay it instead.")
    return _shown(due), 202


@webhook_routes.put("/adversary")
def set_adversary(workspace: str) -> dict[str, Any]:
    """Choose what goes wrong on purpose with webhooks from now on."""
    adversary = Adversary.from_json(control_ctx.json)
    _outbox(workspace).set_adversary(adversary)
    return adversary.to_json()


@webhook_routes.delete("/adversary")
def dismiss_adversary(workspace: str) -> tuple[str, int]:
    """Deliver honestly again."""
    _outbox(workspace).set_adversary(Adversary())
    return "", 204


@webhook_routes.put("/allowed-hosts")
def set_allowed_hosts(workspace: str) -> dict[str, Any]:
    """Name the hosts beside loopback to which this workspace may deliver."""
    outbox = _outbox(workspace)
    outbox.allow_hosts(control_ctx.json)
    return {"allowed_hosts": list(outbox.allowed_hosts)}


@webhook_routes.post("/trigger")
def trigger(workspace: str) -> tuple[dict[str, Any], int]:
    """Deliver an event with made-up content."""
    value = control_ctx.json
    context = _context(workspace, value["provider"])
    sample = _policy(value["provider"]).sample(context, value["event"], value["url"])
    return {"deliveries": [_shown(each) for each in context.deliver(sample, of="trigger")]}, 202


@webhook_routes.post("/trials")
def begin_trial(workspace: str) -> tuple[dict[str, Any], int]:
    """Send a receiver everything that it must accept or refuse."""
    value = control_ctx.json
    context, policy = _context(workspace, value["provider"]), _policy(value["provider"])
    started = start_trial(context, policy, value.get("event", policy.events[0]), value["url"])
    return {"trial": started.name, "webhooks": started.webhooks}, 202


@webhook_routes.get("/trials/<name>")
def get_trial(workspace: str, name: str) -> dict[str, Any]:
    """What has come of a trial so far."""
    found = verdicts(_outbox(workspace), name)
    if found is None:
        raise NotFoundProblem(f"There is no trial {name}.")
    is_finished = not any(each["verdict"] == "SKIP" for each in found)
    return {"trial": name, "finished": is_finished, "verdicts": found}


def _outbox(workspace: str) -> Outbox:
    return Outbox(control_ctx.mock.store, control_ctx.workspace(workspace).id)


def _delivery(workspace: str, delivery: str) -> Delivery:
    found = _outbox(workspace).find(delivery)
    if found is None:
        raise NotFoundProblem(f"There is no delivery {delivery}.")
    return found


def _context(workspace: str, provider: str) -> ProviderContext:
    """The workspace as its provider sees it; other random numbers are drawn after each delivery."""
    context = control_ctx.provider_context(workspace, provider)
    return replace(context, rng_seed=f"{context.rng_seed}control-{context.outbox.total}")


def _policy(provider: str) -> WebhookPolicy:
    policy = control_ctx.app(provider).provider.webhooks
    if policy is None:
        raise ConfigurationError(f"{provider} has no webhooks.", "Choose another provider.")
    return policy


def _shown(delivery: Delivery) -> dict[str, Any]:
    return {**delivery.to_json(), "due_at": Clock.at_microseconds(delivery.due_us).isoformat()}
