"""The snapshot of a workspace as JSON: what its mocks know, without credentials."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import orjson

from flowproof.errors import ConfigurationError, StoreError
from flowproof.kernel.faults.reading import plans_from_json
from flowproof.kernel.provider import Provider
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import SEED
from flowproof.kernel.time.clock import Clock, microseconds
from flowproof.kernel.webhooks.model import Delivery

from .snapshot_secrets import SnapshotSecrets
from .workspace import DEFAULT, Workspace

__all__ = ["restore_snapshot", "snapshot_digest", "take_snapshot"]

FORMAT = "snapshot/2"
EXACT = 2**53  # up to here every whole number is one of JSON's for every client
DAMAGED = (ArithmeticError, AttributeError, LookupError, StoreError, TypeError, ValueError)


def take_snapshot(store: Store, providers: Mapping[str, Provider], workspace: Workspace) -> dict[str, Any]:
    """
    Records, tasks, deliveries, clock, seed and faults.

    The count of exchanges is part of it, since ids are drawn from seed and number. So is the digest of everything else:
    mocks read their records without checking them.
    """
    kept_apart = SnapshotSecrets(store, DEFAULT)
    content = {
        "flowproof": FORMAT,
        "seed": workspace.seed,
        "clock": workspace.clock.to_json(),
        "faults": [plan.to_json() for plan in workspace.faults],
        "exchanges": store.exchanges.count(workspace.id),
        "records": [
            [slug, kind, key, kept_apart.referred(value, _secret_members(providers, slug))]
            for slug, kind, key, value in list(store.records.of_workspace(workspace.id))
        ],
        "deliveries": list(store.deliveries.last(workspace.id)),
        "tasks": [
            [row.provider, row.due_us, row.name, orjson.loads(row.body), row.rng_key]
            for row in store.tasks.of_workspace(workspace.id)
        ],
    }
    return {**content, "sha256": snapshot_digest(content)}


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
    if snapshot.get("sha256") != snapshot_digest({name: value for name, value in snapshot.items() if name != "sha256"}):
        raise ConfigurationError("The snapshot is damaged: its digest (sha256) is that of another content.", advice)
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


def snapshot_digest(content: Mapping[str, Any]) -> str:
    """The digest of JSON, whichever way a client writes it: sorted, and without the fraction of a whole number."""
    return sha256(orjson.dumps(_canonical(content), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _canonical(value: Any) -> Any:
    match value:
        case Mapping():
            return {name: _canonical(each) for name, each in value.items()}
        case list():
            return [_canonical(each) for each in value]
        case float() if value.is_integer():
            return int(value) if abs(value) < EXACT else value
        case _:
            return value


def _secret_members(providers: Mapping[str, Provider], slug: str) -> frozenset[str]:
    return providers[slug].secret_members if slug in providers else frozenset()


def _restore_records(store: Store, providers: Mapping[str, Provider], workspace: str, records: Any) -> None:
    kept_apart = SnapshotSecrets(store, DEFAULT)
    for provider, kind, key, shown in records:
        value = kept_apart.resolved(shown)
        if kind == SEED and provider in providers:
            providers[provider].check_seed(value)
        store.records.put(workspace, str(provider), str(kind), str(key), value)


def _restore_tasks(store: Store, providers: Mapping[str, Provider], workspace: str, tasks: Any) -> None:
    for provider, due_us, name, value, rng_key in tasks:
        if name not in providers[provider].tasks:
            raise ValueError(f"{provider} has no task {name}")
        _check_due(int(due_us))
        store.tasks.add(workspace, provider, int(due_us), name, value, rng_key=str(rng_key))


def _check_due(due_us: int) -> None:
    if microseconds(Clock.at_microseconds(due_us)) != due_us:
        raise ValueError(f"{due_us} is beyond the calendar")


def _restore_delivery(store: Store, providers: Mapping[str, Provider], workspace: str, delivery: Delivery) -> None:
    """What was being sent when the snapshot was taken is pending again."""
    if providers[delivery.provider].webhooks is None:
        raise ValueError(f"{delivery.provider} has no webhooks")
    _check_due(delivery.due_us)
    state = delivery.state if delivery.state in ("delivered", "failed") else "pending"
    store.deliveries.add(workspace, delivery.id, delivery.due_us, delivery.to_json(), state=state)
