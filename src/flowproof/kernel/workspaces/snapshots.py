"""The snapshot of a workspace as JSON: what its mocks know, without credentials."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from flowproof.errors import ConfigurationError, StoreError
from flowproof.kernel.faults.reading import plans_from_json
from flowproof.kernel.provider import Provider
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import SEED
from flowproof.kernel.time.clock import Clock
from flowproof.kernel.webhooks.model import Delivery

from .workspace import Workspace

__all__ = ["restore_snapshot", "take_snapshot"]

FORMAT = "snapshot/1"
DAMAGED = (ArithmeticError, AttributeError, LookupError, StoreError, TypeError, ValueError)


def take_snapshot(store: Store, workspace: Workspace) -> dict[str, Any]:
    """
    Records, tasks, deliveries, clock, seed and faults.

    The count of exchanges is part of it, since ids are drawn from seed and number.
    """
    return {
        "flowproof": FORMAT,
        "seed": workspace.seed,
        "clock": workspace.clock.to_json(),
        "faults": [plan.to_json() for plan in workspace.faults],
        "exchanges": store.exchanges.count(workspace.id),
        "records": [list(record) for record in store.records.of_workspace(workspace.id)],
        "deliveries": list(store.deliveries.last(workspace.id)),
        "tasks": [
            [row.provider, row.due_us, row.name, orjson.loads(row.body), row.rng_key]
            for row in store.tasks.of_workspace(workspace.id)
        ],
    }


def restore_snapshot(
    store: Store, providers: Mapping[str, Provider], workspace: Workspace, snapshot: Mapping[str, Any]
) -> Workspace:
    """
    Put a workspace back to a snapshot, of its own or of another workspace.

    Args:
        store: Where the workspace is kept; the caller has begun a transaction.
        providers: By slug.
        workspace: Which one.
        snapshot: What :func:`take_snapshot` made.

    Raises:
        ConfigurationError: The value is no snapshot; a part of it may have been restored.
    """
    advice = "Send what GET …/snapshot answered."
    if snapshot.get("flowproof") != FORMAT:
        raise ConfigurationError("This is no snapshot of a workspace.", advice)
    try:
        store.workspaces.clear(workspace.id)
        _restore_records(store, providers, workspace.id, snapshot["records"])
        _restore_tasks(store, providers, workspace.id, snapshot["tasks"])
        for delivery in map(Delivery.from_json, snapshot.get("deliveries", ())):
            _restore_delivery(store, providers, workspace.id, delivery)
        clock, faults = Clock.from_json(snapshot["clock"]), plans_from_json(snapshot["faults"])
        restored = replace(workspace, seed=str(snapshot["seed"]), clock=clock, faults=faults)
        store.workspaces.update(restored.to_row())
        store.exchanges.raise_count(workspace.id, int(snapshot.get("exchanges", 0)))
    except DAMAGED as error:
        raise ConfigurationError(f"The snapshot is damaged: {error!r}.", advice) from error
    return restored


def _restore_records(store: Store, providers: Mapping[str, Provider], workspace: str, records: Any) -> None:
    for provider, kind, key, value in records:
        if kind == SEED and provider in providers:
            providers[provider].check_seed(value)
        store.records.put(workspace, str(provider), str(kind), str(key), value)


def _restore_tasks(store: Store, providers: Mapping[str, Provider], workspace: str, tasks: Any) -> None:
    for provider, due_us, name, value, rng_key in tasks:
        if name not in providers[provider].tasks:
            raise ValueError(f"{provider} has no task {name}")
        Clock.at_microseconds(int(due_us))
        store.tasks.add(workspace, provider, int(due_us), name, value, rng_key=str(rng_key))


def _restore_delivery(store: Store, providers: Mapping[str, Provider], workspace: str, delivery: Delivery) -> None:
    """What was being sent when the snapshot was taken is pending again."""
    if providers[delivery.provider].webhooks is None:
        raise ValueError(f"{delivery.provider} has no webhooks")
    Clock.at_microseconds(delivery.due_us)
    state = delivery.state if delivery.state in ("delivered", "failed") else "pending"
    store.deliveries.add(workspace, delivery.id, delivery.due_us, delivery.to_json(), state=state)
