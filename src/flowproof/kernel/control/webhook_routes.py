"""The control API's operations on a workspace's webhooks: outbox, adversary, allowed hosts, replay, trigger, trial."""

from dataclasses import replace
from typing import Any

from flask import Blueprint

from flowproof.errors import ConfigurationError
from flowproof.kernel.provider_context import KEPT_DELIVERIES, OWN, ProviderContext
from flowproof.kernel.time.clock import Clock, microseconds
from flowproof.kernel.webhooks import trial
from flowproof.kernel.webhooks.delivery import Adversary, Delivery, WebhookPolicy
from flowproof.kernel.workspaces import Workspace

from .routes import ControlScene, Missing, now_in_control

__all__ = ["webhook_routes"]

webhook_routes = Blueprint("webhooks", __name__)

KIND = "webhooks"


@webhook_routes.get("")
def list_webhooks(workspace: str) -> dict[str, Any]:
    """The outbox with all its settings; ``settled`` when nothing is due that has not been tried."""
    scene = now_in_control()
    chosen = scene.workspace(workspace)
    store, limit = scene.mock.store, scene.number("limit", KEPT_DELIVERIES)
    return {
        "settled": store.is_settled(chosen.id, microseconds(chosen.clock.now())),
        "adversary": Adversary.from_json(store.get(chosen.id, OWN, KIND, "adversary") or {}).to_json(),
        "allowed_hosts": store.get(chosen.id, OWN, KIND, "allowed_hosts") or [],
        "deliveries": [_shown(Delivery.from_json(each)) for each in store.deliveries(chosen.id, limit=limit)],
    }


@webhook_routes.get("/deliveries/<delivery>")
def get_delivery(workspace: str, delivery: str) -> dict[str, Any]:
    """One delivery with its attempts."""
    scene = now_in_control()
    return _shown(_found(scene, scene.workspace(workspace), delivery))


@webhook_routes.post("/deliveries/<delivery>/replay")
def replay_delivery(workspace: str, delivery: str) -> tuple[dict[str, Any], int]:
    """Deliver the same bytes once more, signed anew; with an adversary where one is sent along."""
    scene = now_in_control()
    chosen = scene.workspace(workspace)
    found = _found(scene, chosen, delivery)
    adversary = Adversary.from_json((scene.json or {}).get("adversary", {}))
    made = _context(scene, chosen, found.provider).deliver(
        found.webhook, adversary=adversary, of=f"replay of {found.id}"
    )
    return {"deliveries": [_shown(each) for each in made]}, 202


@webhook_routes.put("/adversary")
def set_adversary(workspace: str) -> dict[str, Any]:
    """Choose what goes wrong on purpose with webhooks from now on."""
    scene = now_in_control()
    adversary = Adversary.from_json(scene.json)
    _own_world(scene, scene.workspace(workspace)).set_adversary(adversary)
    return adversary.to_json()


@webhook_routes.delete("/adversary")
def dismiss_adversary(workspace: str) -> tuple[str, int]:
    """Deliver honestly again."""
    scene = now_in_control()
    _own_world(scene, scene.workspace(workspace)).set_adversary(Adversary())
    return "", 204


@webhook_routes.put("/allowed-hosts")
def set_allowed_hosts(workspace: str) -> dict[str, Any]:
    """Name the hosts beside loopback to which this workspace may deliver."""
    scene = now_in_control()
    hosts = sorted({host.strip("[]").lower() for host in scene.json})
    scene.mock.store.put(scene.workspace(workspace).id, OWN, KIND, "allowed_hosts", hosts)
    return {"allowed_hosts": hosts}


@webhook_routes.post("/trigger")
def trigger(workspace: str) -> tuple[dict[str, Any], int]:
    """Deliver an event with made-up content."""
    scene = now_in_control()
    context = _context(scene, scene.workspace(workspace), scene.json["provider"])
    policy = _policy(context)
    made = context.deliver(policy.sample(context, scene.json["event"], scene.json["url"]), of="trigger")
    return {"deliveries": [_shown(each) for each in made]}, 202


@webhook_routes.post("/trials")
def start_trial(workspace: str) -> tuple[dict[str, Any], int]:
    """Try a receiver with everything that it must accept or refuse."""
    scene = now_in_control()
    chosen = scene.workspace(workspace)
    context = _context(scene, chosen, scene.json["provider"])
    policy = _policy(context)
    name = f"trial-{context.deliveries + 1}"
    event = scene.json.get("event", policy.events[0])
    started = trial.start(context, policy, event, scene.json["url"], name)
    scene.mock.store.put(chosen.id, OWN, "trial", name, {"omitted": dict(started.omitted)})
    return {"trial": name, "webhooks": started.webhooks}, 202


@webhook_routes.get("/trials/<name>")
def get_trial(workspace: str, name: str) -> dict[str, Any]:
    """What has come of a trial so far."""
    scene = now_in_control()
    chosen = scene.workspace(workspace)
    kept = scene.mock.store.get(chosen.id, OWN, "trial", name)
    if kept is None:
        raise Missing(f"There is no trial {name}.")
    deliveries = [Delivery.from_json(each) for each in scene.mock.store.deliveries(chosen.id)]
    verdicts = list(trial.judged(name, kept["omitted"], deliveries))
    return {"trial": name, "finished": not any(each["verdict"] == "SKIP" for each in verdicts), "verdicts": verdicts}


def _found(scene: ControlScene, workspace: Workspace, delivery: str) -> Delivery:
    kept = scene.mock.store.delivery(workspace.id, delivery)
    if kept is None:
        raise Missing(f"There is no delivery {delivery}.")
    return Delivery.from_json(kept)


def _context(scene: ControlScene, workspace: Workspace, provider: str) -> ProviderContext:
    if provider not in scene.mock.apps:
        raise Missing(f"There is no provider {provider}; there are {', '.join(scene.mock.apps)}.")
    context = scene.mock.workspaces.context(workspace, provider)
    return replace(context, rng_seed=f"{context.rng_seed}control-{context.deliveries}")


def _own_world(scene: ControlScene, workspace: Workspace) -> ProviderContext:
    """The workspace as any of the providers sees it: what the kernel keeps of webhooks is common to them."""
    return scene.mock.workspaces.context(workspace, next(iter(scene.mock.apps)))


def _policy(context: ProviderContext) -> WebhookPolicy:
    if context.webhooks is None:
        raise ConfigurationError(f"{context.state.provider} has no webhooks.", "Choose another provider.")
    return context.webhooks


def _shown(delivery: Delivery) -> dict[str, Any]:
    return {**delivery.to_json(), "due_at": Clock.at_microseconds(delivery.due_us).isoformat()}
