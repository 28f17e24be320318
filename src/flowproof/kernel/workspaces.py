"""Isolated worlds on one server: made, found by credential, changed, reset, taken as a snapshot and put back."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import orjson

from flowproof.conformance import Contract
from flowproof.errors import ConfigurationError, StoreError

from .credentials import Credential, credential_from_row, credential_row
from .faults.plan import FaultPlan
from .faults.reading import plans_from_json
from .hooks import MockHooks
from .provider import Provider
from .provider_context import ProviderContext, State
from .state.store import Store, WorkspaceRow
from .time.clock import Clock, microseconds, system_now
from .webhooks.delivery import Delivery

__all__ = ["DEFAULT", "Workspace", "WorkspaceTaken", "Workspaces"]

DEFAULT = "default"
ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
MOST_TASKS_AT_ONCE = 100_000
MOST_DRAWS = 1000
DAMAGED = (ArithmeticError, AttributeError, LookupError, StoreError, TypeError, ValueError)

logger = logging.getLogger("flowproof.mock")


@dataclass(eq=False)
class WorkspaceTaken(ConfigurationError):
    """A workspace of that id exists already."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """
    One isolated world.

    Args:
        id: Lower-case letters, digits, hyphens and underscores.
        seed: What its ids and chance are drawn from.
        clock: Its only source of time.
        faults: What goes wrong on purpose.
        created_at: ISO 8601, by the operating system's time.
    """

    id: str
    seed: str
    clock: Clock = field(default_factory=Clock)
    faults: tuple[FaultPlan, ...] = ()
    created_at: str = ""

    @classmethod
    def from_row(cls, row: WorkspaceRow) -> "Workspace":
        """A workspace as the store keeps it."""
        faults = () if row.faults == b"[]" else plans_from_json(orjson.loads(row.faults))
        clock = Clock.from_json(orjson.loads(row.clock))
        return cls(row.id, row.seed, clock, faults, row.created_at)

    def to_row(self) -> WorkspaceRow:
        """The workspace as the store keeps it."""
        clock, faults = orjson.dumps(self.clock.to_json()), orjson.dumps([plan.to_json() for plan in self.faults])
        return WorkspaceRow(self.id, self.seed, clock, faults, self.created_at)


class Workspaces:
    """
    All workspaces of a server.

    Args:
        store: Where they live.
        providers: By slug.
        contracts: By slug.
        rng: What ids and credentials of new workspaces are drawn from.
        hooks: Of the mock.
    """

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        contracts: Mapping[str, Contract],
        rng: Random,
        hooks: MockHooks,
    ) -> None:
        self.store = store
        self._providers = providers
        self._contracts = contracts
        self._rng = rng
        self._hooks = hooks

    def create(
        self, workspace_id: str | None = None, *, seed: str | None = None, clock: Clock | None = None
    ) -> Workspace:
        """
        A new workspace with credentials for every provider.

        Raises:
            ConfigurationError: The id is not well formed, or taken.
        """
        chosen = self._drawn_id() if workspace_id is None else workspace_id
        if not ID.fullmatch(chosen):
            raise ConfigurationError(
                f"{chosen!r} cannot be the id of a workspace.",
                "Use up to 63 lower-case letters, digits, hyphens and underscores, a letter or digit first.",
            )
        workspace = Workspace(chosen, seed or chosen, clock or Clock(), created_at=system_now().isoformat())
        with self.store.transaction():
            if self.store.workspace(chosen) is not None:
                raise WorkspaceTaken(f"Workspace {chosen} exists already.", "Choose another id, or none.")
            self.store.add_workspace(workspace.to_row())
            self._mint(workspace.id, self._providers)
        return workspace

    def _drawn_id(self) -> str:
        """An id that is free: the same entropy draws the same ids again when a server starts on a file of before."""
        while self.store.workspace(drawn := f"w{self._rng.getrandbits(48):012x}") is not None:
            pass
        return drawn

    def _mint(self, workspace: str, slugs: Iterable[str]) -> None:
        """Credentials: those of the default workspace are the same on every server, so that they can be pasted once."""
        for slug in slugs:
            rng = Random(f"{DEFAULT}/{slug}") if workspace == DEFAULT else self._rng
            for credential in self._drawn_credentials(self._providers[slug], rng):
                self.store.add_credential(credential_row(workspace, slug, credential))

    def _drawn_credentials(self, provider: Provider, rng: Random) -> Sequence[Credential]:
        """Credentials whose keys are free."""
        for _ in range(MOST_DRAWS):
            drawn = provider.mint(rng, provider.seed)
            if not any(self.store.workspace_of(provider.slug, each.key) for each in drawn):
                return drawn
        raise ConfigurationError(
            f"The provider {provider.slug} draws no credentials that are free.",
            "Draw their keys from the chance given.",
        )

    def ensure_default(self) -> Workspace:
        """The default workspace, made where it is missing; credentials too, where a provider is new to a state file."""
        with self.store.transaction():
            default = self.find(DEFAULT) or self.create(DEFAULT)
            for slug in self._providers:
                for workspace in self.store.workspaces_without(slug):
                    self._mint(workspace, [slug])
            return default

    def find(self, workspace_id: str) -> Workspace | None:
        """The workspace of that id."""
        row = self.store.workspace(workspace_id)
        return Workspace.from_row(row) if row else None

    def find_by_key(self, provider: str, key: str) -> Workspace | None:
        """The workspace to which a provider's credential belongs."""
        row = self.store.workspace_of(provider, key)
        return Workspace.from_row(row) if row else None

    def placed(self, workspace_id: str) -> Workspace | None:
        """The same, remembered from request to request."""
        return self.store.remembered(("workspace", workspace_id), lambda: self.find(workspace_id))

    def placed_by_key(self, provider: str, key: str) -> Workspace | None:
        """The workspace to which a provider's credential belongs, in the same way."""
        return self.store.remembered(("key", provider, key), lambda: self.find_by_key(provider, key))

    def save(self, workspace: Workspace) -> None:
        """Keep clock and faults."""
        self.store.update_workspace(workspace.to_row())

    def delete(self, workspace_id: str) -> None:
        """Forget a workspace and everything in it."""
        with self.store.transaction():
            self.store.delete_workspace(workspace_id)

    def reset(self, workspace: Workspace) -> Workspace:
        """
        As new: no records, tasks, faults or journal, and a real clock.

        Credentials stay, since clients hold them. The exchanges go on counting, so that no id is used twice.
        """
        fresh = replace(workspace, clock=Clock(), faults=())
        with self.store.transaction():
            self.store.clear(workspace.id)
            self.store.exchanges.clear(workspace.id)
            self.save(fresh)
        return fresh

    def set_clock(self, workspace: Workspace, clock: Clock) -> Workspace:
        """Give a workspace another clock and do what has become due by it."""
        with self.store.transaction():
            changed = replace(workspace, clock=clock)
            self.save(changed)
            self.run_due(changed)
        return changed

    def credentials(self, workspace: Workspace, provider: str) -> tuple[Credential, ...]:
        """A workspace's credentials for a provider, the default role first."""
        rows = (row for row in self.store.credentials(workspace.id) if row.provider == provider)
        found = (credential_from_row(row.key, row.body) for row in rows)
        return tuple(sorted(found, key=lambda each: (each.role != "default", each.role)))

    def secrets(self, workspace: Workspace, provider: str) -> tuple[frozenset[str], frozenset[str]]:
        """The secrets of a workspace's credentials for a provider, and the keys of these."""

        def read() -> tuple[frozenset[str], frozenset[str]]:
            found = self.credentials(workspace, provider)
            return frozenset(secret for each in found for secret in each.secrets.values()), frozenset(
                each.key for each in found
            )

        return self.store.remembered(("secrets", workspace.id, provider), read)

    def context(
        self, workspace: Workspace, provider: str, *, now: Any = None, rng_key: str = "", has_own_rng_key: bool = False
    ) -> ProviderContext:
        """
        A workspace as one provider sees it.

        Args:
            workspace: Whose state it is.
            provider: Slug of the provider.
            now: The moment; by default what the clock shows.
            moment: Tells one request or task from another.
            has_own_rng_key: No other has the same ``moment``.
        """
        return ProviderContext(
            state=State(self.store, workspace.id, provider),
            now=now or workspace.clock.now(),
            rng_seed=f"{workspace.seed}/{provider}/{rng_key}",
            default_seed=self._providers[provider].seed,
            contract=self._contracts[provider],
            webhooks=self._providers[provider].webhooks,
            has_own_rng_key=has_own_rng_key,
            findings_filter=self._hooks.findings_filter,
        )

    def run_due(self, workspace: Workspace, *, most: int = MOST_TASKS_AT_ONCE) -> bool:
        """
        Do what has become due on the workspace's clock, in its order, each at its own moment.

        What a task schedules is done in the same run where that is due too. A task that fails is undone, logged and
        dropped: it would otherwise fail every request from then on.

        Args:
            workspace: Whose clock it is.
            most: How many tasks to do at once.

        Returns:
            Whether nothing is left that is due.
        """
        with self.store.transaction():
            until = microseconds(workspace.clock.now())
            for _ in range(most):
                row = self.store.take_due_task(workspace.id, until, self._providers)
                if row is None:
                    return True
                provider = self._providers[row.provider]
                due = Clock.at_microseconds(row.due_us)
                context = self.context(workspace, row.provider, now=due, rng_key=row.rng_key, has_own_rng_key=True)
                try:
                    with self.store.attempt():
                        provider.tasks[row.name](context, orjson.loads(row.body))
                except Exception:
                    logger.exception(
                        "%s: the task %s of %s failed and is dropped", workspace.id, row.name, row.provider
                    )
            return False

    def snapshot(self, workspace: Workspace) -> dict[str, Any]:
        """
        Everything that a workspace's mocks know, as JSON: records, tasks, clock, seed, faults. No credentials.

        The count of exchanges is part of it, since ids are drawn from seed and number.
        """
        return {
            "flowproof": "snapshot/1",
            "seed": workspace.seed,
            "clock": workspace.clock.to_json(),
            "faults": [plan.to_json() for plan in workspace.faults],
            "exchanges": self.store.exchanges.count(workspace.id),
            "records": [list(record) for record in self.store.records(workspace.id)],
            "deliveries": list(self.store.deliveries(workspace.id)),
            "tasks": [
                [row.provider, row.due_us, row.name, orjson.loads(row.body), row.rng_key]
                for row in self.store.tasks(workspace.id)
            ],
        }

    def restore(self, workspace: Workspace, snapshot: Mapping[str, Any]) -> Workspace:
        """
        Put a workspace back to a snapshot, of its own or of another workspace.

        Raises:
            ConfigurationError: The value is no snapshot.
        """
        if snapshot.get("flowproof") != "snapshot/1":
            raise ConfigurationError("This is no snapshot of a workspace.", "Send what GET …/snapshot answered.")
        try:
            with self.store.transaction():
                return self._restore(workspace, snapshot)
        except DAMAGED as error:
            raise ConfigurationError(
                f"The snapshot is damaged: {error!r}.", "Send what GET …/snapshot answered."
            ) from error

    def _restore(self, workspace: Workspace, snapshot: Mapping[str, Any]) -> Workspace:
        self.store.clear(workspace.id)
        for provider, kind, key, value in snapshot["records"]:
            if kind == "seed" and provider in self._providers:
                self._providers[provider].check_seed(value)
            self.store.put(workspace.id, str(provider), str(kind), str(key), value)
        for provider, due_us, name, value, rng_key in snapshot["tasks"]:
            self._check_task(provider, name)
            Clock.at_microseconds(int(due_us))
            self.store.add_task(workspace.id, provider, int(due_us), name, value, rng_key=str(rng_key))
        for delivery in map(Delivery.from_json, snapshot.get("deliveries", ())):
            self._restore_delivery(workspace, delivery)
        clock, faults = Clock.from_json(snapshot["clock"]), plans_from_json(snapshot["faults"])
        restored = replace(workspace, seed=str(snapshot["seed"]), clock=clock, faults=faults)
        self.save(restored)
        self.store.exchanges.count_from(workspace.id, int(snapshot.get("exchanges", 0)))
        self.run_due(restored)
        return restored

    def _restore_delivery(self, workspace: Workspace, delivery: Delivery) -> None:
        """What was being sent when the snapshot was taken waits again."""
        if self._providers[delivery.provider].webhooks is None:
            raise ValueError(f"{delivery.provider} has no webhooks")
        Clock.at_microseconds(delivery.due_us)
        state = delivery.state if delivery.state in ("delivered", "failed") else "pending"
        self.store.add_delivery(workspace.id, delivery.id, delivery.due_us, delivery.to_json(), state=state)

    def _check_task(self, provider: str, name: str) -> None:
        if name not in self._providers[provider].tasks:
            raise ValueError(f"{provider} has no task {name}")


def fired(
    workspace: Workspace, provider: str, operation: str | None
) -> tuple[Workspace, Sequence[tuple[FaultPlan, Random]]]:
    """The workspace after its fault plans have counted a call, and the plans that hit it, each with its chance."""
    counted = tuple(
        replace(plan, calls=plan.calls + 1) if plan.matches(provider, operation) else plan for plan in workspace.faults
    )
    drawn = [(plan, plan.rng(workspace.seed)) for plan in counted if plan.matches(provider, operation)]
    return replace(workspace, faults=counted), [(plan, rng) for plan, rng in drawn if plan.fires(rng)]
