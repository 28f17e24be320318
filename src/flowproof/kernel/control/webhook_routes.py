"""The control API's operations on a workspace's webhooks: outbox, adversary, allowed hosts, replay, trigger, trial."""

from typing import Any

from flask import Blueprint

from flowproof.errors import ConfigurationError
from flowproof.kernel import trial
from flowproof.kernel.clock import Clock
from flowproof.kernel.store import Store
from flowproof.kernel.webhooks import Adversary, Delivery, WebhookPolicy
from flowproof.kernel.workspaces import Workspace
from flowproof.kernel.world import OWN, World

from .routes import ControlScene, Missing, now_in_control

__all__ = ["webhook_routes"]

webhook_routes = Blueprint("webhooks", __name__)

KIND = "webhooks"


@webhook_routes.get("")
def list_webhooks(workspace: str) -> dict[str, Any]:
    """The outbox with all its settings; ``settled`` when nothing is due that has not been tried."""
    scene = now_in_control()
    chosen = scene.workspace(workspace)
    deliveries = [Delivery.from_json(each) for each in scene.mock.store.deliveries(chosen.id)]
    return {
        "settled": _settled(chosen, deliveries),
        "adversary": _adversary(scene.mock.store, chosen).to_json(),
        "allowed_hosts": scene.mock.store.get(chosen.id, OWN, KIND, "allowed_hosts") or [],
        "deliveries": [_shown(each) for each in deliveries],
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
    made = _world(scene, chosen, found.provider).deliver(found.webhook, adversary=adversary, of=f"replay of {found.id}")
    return {"deliveries": [_shown(each) for each in made]}, 202


@webhook_routes.put("/adversary")
def set_adversary(workspace: str) -> dict[str, Any]:
    """Choose what goes wrong on purpose with webhooks from now on."""
    scene = now_in_control()
    adversary = Adversary.from_json(scene.json)
    scene.mock.store.put(scene.workspace(workspace).id, OWN, KIND, "adversary", adversary.to_json())
    return adversary.to_json()


@webhook_routes.delete("/adversary")
def dismiss_adversary(workspace: str) -> tuple[str, int]:
    """Deliver honestly again."""
    scene = now_in_control()
    scene.mock.store.delete(scene.workspace(workspace).id, OWN, KIND, "adversary")
    return "", 204


@webhook_routes.put("/allowed-hosts")
def set_allowed_hosts(workspace: str) -> dict[str, Any]:
    """Name the hosts beside loopback to which this workspace may deliver."""
    scene = now_in_control()
    hosts = sorted({host.lower() for host in scene.json})
    scene.mock.store.put(scene.workspace(workspace).id, OWN, KIND, "allowed_hosts", hosts)
    return {"allowed_hosts": hosts}


@webhook_routes.post("/trigger")
def trigger(workspace: str) -> tuple[dict[str, Any], int]:
    """Deliver an event with made-up content."""
    scene = now_in_control()
    world = _world(scene, scene.workspace(workspace), scene.json["provider"])
    policy = _policy(world)
    made = world.deliver(policy.sample(world, scene.json["event"], scene.json["url"]), of="trigger")
    return {"deliveries": [_shown(each) for each in made]}, 202


@webhook_routes.post("/trials")
def start_trial(workspace: str) -> tuple[dict[str, Any], int]:
    """Try a receiver with everything that it must accept or refuse."""
    scene = now_in_control()
    chosen = scene.workspace(workspace)
    world = _world(scene, chosen, scene.json["provider"])
    policy = _policy(world)
    name = f"trial-{scene.mock.store.count_deliveries(chosen.id) + 1}"
    event = scene.json.get("event", policy.events[0])
    scene.mock.store.put(chosen.id, OWN, "trial", name, {"provider": scene.json["provider"]})
    return {"trial": name, "webhooks": trial.start(world, policy, event, scene.json["url"], name)}, 202


@webhook_routes.get("/trials/<name>")
def get_trial(workspace: str, name: str) -> dict[str, Any]:
    """What has come of a trial so far."""
    scene = now_in_control()
    chosen = scene.workspace(workspace)
    kept = scene.mock.store.get(chosen.id, OWN, "trial", name)
    if kept is None:
        raise Missing(f"There is no trial {name}.")
    policy = _policy(_world(scene, chosen, kept["provider"]))
    deliveries = [Delivery.from_json(each) for each in scene.mock.store.deliveries(chosen.id)]
    return {"trial": name, "verdicts": list(trial.judged(name, policy, deliveries))}


def _settled(workspace: Workspace, deliveries: list[Delivery]) -> bool:
    now = workspace.clock.now()
    waiting = [each for each in deliveries if each.state in ("pending", "sending")]
    return not any(each.state == "sending" or Clock.at_microseconds(each.due_us) <= now for each in waiting)


def _adversary(store: Store, workspace: Workspace) -> Adversary:
    return Adversary.from_json(store.get(workspace.id, OWN, KIND, "adversary") or {})


def _found(scene: ControlScene, workspace: Workspace, delivery: str) -> Delivery:
    kept = scene.mock.store.delivery(workspace.id, delivery)
    if kept is None:
        raise Missing(f"There is no delivery {delivery}.")
    return Delivery.from_json(kept)


def _world(scene: ControlScene, workspace: Workspace, provider: str) -> World:
    if provider not in scene.mock.apps:
        raise Missing(f"There is no provider {provider}; there are {', '.join(scene.mock.apps)}.")
    return scene.mock.workspaces.world(workspace, provider, moment="control")


def _policy(world: World) -> WebhookPolicy:
    if world.webhooks is None:
        raise ConfigurationError(f"{world.state.provider} has no webhooks.", "Choose another provider.")
    return world.webhooks


def _shown(delivery: Delivery) -> dict[str, Any]:
    return {**delivery.to_json(), "due_at": Clock.at_microseconds(delivery.due_us).isoformat()}
