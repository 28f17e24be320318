"""The registry of workspaces: it creates, finds, changes and deletes them, and runs what is due on their clocks."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Any

import orjson

from flowproof.conformance import Contract, Finding
from flowproof.errors import ConfigurationError, StoreConflict, StoreError
from flowproof.kernel.credentials import Credential, credential_from_row, credential_row
from flowproof.kernel.hooks import MockHooks
from flowproof.kernel.journal.annotation import annotate
from flowproof.kernel.journal.journal import exchange_id
from flowproof.kernel.provider import Provider
from flowproof.kernel.provider_context import ProviderContext, ProviderSetup, State, exchange_of_task
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import TaskRow
from flowproof.kernel.time.clock import Clock, system_now
from flowproof.kernel.time.failed_tasks import FailedTasks
from flowproof.kernel.time.tasks import run_due_tasks
from flowproof.redaction.journal_entries import redact_text

from .snapshots import restore_snapshot, take_snapshot
from .workspace import DEFAULT, Workspace

__all__ = ["DEFAULT", "WorkspaceTaken", "Workspaces"]

logger = logging.getLogger("flowproof.mock")

ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
MAX_TASKS = 100_000  # that are run at once
MAX_DRAWS = 1000  # of credentials, until their keys are free


@dataclass(eq=False)
class WorkspaceTaken(ConfigurationError):
    """A workspace of that id exists already."""


class Workspaces:
    """
    All workspaces of a server.

    Args:
        store: Where they are kept.
        providers: By slug.
        contracts: By slug.
        rng: What ids and credentials of new workspaces are drawn from.
        hooks: Of the mock.
        note: Adds a text to the journal's entry of an exchange, by workspace and number.
        shared: The server can be reached from other machines: no workspace has credentials that are known everywhere.
    """

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        contracts: Mapping[str, Contract],
        rng: Random,
        hooks: MockHooks,
        note: Callable[[str, int, str], None],
        *,
        shared: bool = False,
    ) -> None:
        self.store = store
        self._providers = providers
        self._rng = rng
        self._note = note
        self._shared = shared
        self._setups = {
            slug: ProviderSetup(
                provider.seed,
                contracts[slug],
                provider.webhooks.unknown if provider.webhooks else None,
                hooks,
                self._annotate,
            )
            for slug, provider in providers.items()
        }

    def create(
        self, workspace_id: str | None = None, *, seed: str | None = None, clock: Clock | None = None
    ) -> Workspace:
        """
        Create a workspace with credentials for every provider.

        Raises:
            ConfigurationError: The id is not well formed, or taken.
        """
        chosen = self._free_id() if workspace_id is None else workspace_id
        if not ID.fullmatch(chosen):
            raise ConfigurationError(
                f"{chosen!r} cannot be the id of a workspace.",
                "Use up to 63 lower-case letters, digits, hyphens and underscores, a letter or digit first.",
            )
        workspace = Workspace(chosen, seed or chosen, clock or Clock(), created_at=system_now().isoformat())
        with self.store.transaction():
            if self.store.workspaces.get(chosen) is not None:
                raise WorkspaceTaken(f"Workspace {chosen} exists already.", "Choose another id, or none.")
            try:
                self.store.workspaces.add(workspace.to_row())
            except StoreConflict as error:  # another server has made it meanwhile
                raise WorkspaceTaken(f"Workspace {chosen} exists already.", "Choose another id, or none.") from error
            self._mint(workspace.id, self._providers)
        return workspace

    def _free_id(self) -> str:
        """Draw ids until one is free: a server that starts again on its file draws the same ids again."""
        while self.store.workspaces.get(drawn := f"w{self._rng.getrandbits(48):012x}") is not None:
            pass
        return drawn

    def _mint(self, workspace: str, slugs: Iterable[str]) -> None:
        """Add credentials; the default workspace has the same ones on every server that only this machine reaches."""
        for slug in slugs:
            is_public = workspace == DEFAULT and not self._shared
            rng = _public_rng(slug) if is_public else self._rng
            for credential in self._free_credentials(self._providers[slug], rng):
                self.store.credentials.add(credential_row(workspace, slug, credential))

    def _free_credentials(self, provider: Provider, rng: Random) -> Sequence[Credential]:
        for _ in range(MAX_DRAWS):
            drawn = provider.mint(rng, provider.seed)
            if not any(self.store.credentials.owner(provider.slug, each.key) for each in drawn):
                return drawn
        raise ConfigurationError(
            f"The provider {provider.slug} draws no credentials that are free.",
            "Draw their keys from the chance given.",
        )

    def ensure_default(self) -> Workspace:
        """The default workspace, created where it is missing. All get credentials of a provider new to a state file."""
        with self.store.transaction():
            try:
                default = self.find(DEFAULT) or self.create(DEFAULT)
            except WorkspaceTaken:  # by a server that starts at the same time
                default = self._existing(DEFAULT)
            if self._shared:
                self._revoke_public()
            for slug in self._providers:
                for workspace in self.store.credentials.workspaces_without(slug):
                    self._mint(workspace, [slug])
            return default

    def _existing(self, workspace_id: str) -> Workspace:
        found = self.find(workspace_id)
        if found is None:
            raise StoreError(f"workspace {workspace_id} comes and goes")
        return found

    def _revoke_public(self) -> None:
        """Revoke the credentials that everybody knows: the state file may come from a server on loopback."""
        for slug, provider in self._providers.items():
            public = provider.mint(_public_rng(slug), provider.seed)
            if any(self.store.credentials.get(DEFAULT, slug, each.key) is not None for each in public):
                for row in self.store.credentials.of_workspace(DEFAULT):
                    if row.provider == slug:
                        self.store.credentials.delete(DEFAULT, slug, row.key)

    def find(self, workspace_id: str) -> Workspace | None:
        row = self.store.workspaces.get(workspace_id)
        return Workspace.from_row(row) if row else None

    def claim(self, workspace_id: str) -> Workspace | None:
        """As :meth:`find`, cached from request to request; the open transaction has the workspace for itself then."""
        self.store.claim(workspace_id)
        return self.store.cached(workspace_id, ("workspace",), lambda: self.find(workspace_id))

    def seen(self, workspace_id: str) -> Workspace | None:
        """A workspace as this process has claimed it last, without a look at the state; None where it is not known."""
        seen: Workspace | None = self.store.last_cached(workspace_id, ("workspace",))
        return seen

    def claim_by_key(self, provider: str, key: str) -> Workspace | None:
        """As :meth:`claim`, for the workspace that a provider's credential belongs to."""
        owner = self.store.credentials.owner(provider, key)
        while owner is not None:
            workspace = self.claim(owner)
            before, owner = owner, self.store.credentials.owner(provider, key)
            if owner == before:
                return workspace
        return None

    def save(self, workspace: Workspace) -> None:
        """Keep seed, clock and faults."""
        self.store.workspaces.update(workspace.to_row())

    def delete(self, workspace_id: str) -> None:
        """Delete a workspace with everything in it."""
        self.store.workspaces.delete(workspace_id)

    def reset(self, workspace: Workspace) -> Workspace:
        """
        Delete records, tasks, deliveries, faults and journal, and set a real clock.

        Credentials stay, since clients hold them. The exchanges go on counting, so that no id is used twice.
        """
        fresh = replace(workspace, clock=Clock(), faults=())
        with self.store.transaction():
            self.store.workspaces.clear(workspace.id)
            self.store.exchanges.clear(workspace.id)
            self.save(fresh)
        return fresh

    def set_clock(self, workspace: Workspace, clock: Clock) -> Workspace:
        """Set a workspace's clock and run what is due on it."""
        with self.store.transaction():
            changed = replace(workspace, clock=clock)
            self.save(changed)
            self.run_due(changed)
        return changed

    def credentials(self, workspace: Workspace, provider: str) -> tuple[Credential, ...]:
        """A workspace's credentials for a provider, the default role first, without those that were revoked."""
        found = (each for each in self._kept_credentials(workspace.id, provider) if not each.revoked)
        return tuple(sorted(found, key=lambda each: (each.role != "default", each.role)))

    def _kept_credentials(self, workspace: str, provider: str) -> Iterator[Credential]:
        rows = (row for row in self.store.credentials.of_workspace(workspace) if row.provider == provider)
        return (credential_from_row(row.key, row.body) for row in rows)

    def adopt_credentials(self, workspace: Workspace, provider: str, parts: Mapping[str, Mapping[str, str]]) -> None:
        """
        Put credentials from elsewhere in the place of a workspace's own.

        Args:
            workspace: Whose.
            provider: Slug of the provider.
            parts: By role, each with its ``key`` and its secret parts by name. Roles and parts that the workspace does
                not have are left out.
        """
        with self.store.transaction():
            for own in self.credentials(workspace, provider):
                new = parts.get(own.role)
                if new is None:
                    continue
                secrets = {
                    name: new.get(name, new["key"] if value == own.key else value)
                    for name, value in own.secrets.items()
                }
                self.store.credentials.delete(workspace.id, provider, own.key)
                adopted = replace(own, key=new["key"], secrets=secrets)
                self.store.credentials.add(credential_row(workspace.id, provider, adopted))

    def secrets(self, workspace: Workspace, provider: str) -> tuple[frozenset[str], frozenset[str]]:
        """The secrets of a workspace's credentials for a provider, and the credentials' keys."""
        return self._secrets(workspace.id, provider)

    def _secrets(self, workspace: str, provider: str) -> tuple[frozenset[str], frozenset[str]]:
        def read() -> tuple[frozenset[str], frozenset[str]]:
            found = tuple(self._kept_credentials(workspace, provider))  # (a client may present a revoked one)
            secrets = frozenset(secret for each in found for secret in each.secrets.values())
            return secrets, frozenset(each.key for each in found)

        return self.store.cached(workspace, ("secrets", provider), read)

    def context(
        self,
        workspace: Workspace,
        provider: str,
        *,
        now: datetime | None = None,
        rng_key: str = "",
        has_own_rng_key: bool = False,
        exchange: str = "",
    ) -> ProviderContext:
        """
        A workspace as one provider sees it.

        Args:
            workspace: The workspace.
            provider: Slug of the provider.
            now: The moment (aware, UTC); by default what the clock shows.
            rng_key: Tells one request or task from another.
            has_own_rng_key: No other has the same ``rng_key``.
            exchange: Id of the exchange that all of it comes from, where there is one.
        """
        return ProviderContext(
            State(self.store, workspace.id, provider),
            now or workspace.clock.now(),
            f"{workspace.rng_root}/{provider}/{rng_key}",
            self._setups[provider],
            has_own_rng_key,
            exchange,
        )

    def _annotate(self, state: State, exchange: str, findings: Sequence[Finding], explanation: str) -> None:
        secrets, _ = self._secrets(state.workspace, state.provider)
        if annotate(self.store, exchange, findings, explanation, secrets):
            found = "; ".join(map(str, findings))
            logger.info("%s %s", exchange, redact_text(f"was answered, and refused later: {found}", secrets))

    def run_due(self, workspace: Workspace, *, limit: int = MAX_TASKS) -> bool:
        """Run the tasks that are due on a workspace's clock, each at its own moment; whether none is left."""

        def run(row: TaskRow) -> int | None:
            context = self.context(
                workspace,
                row.provider,
                now=Clock.at_microseconds(row.due_us),
                rng_key=row.rng_key,
                has_own_rng_key=True,
                exchange=_exchange_of(workspace, row),
            )
            self._providers[row.provider].tasks[row.name](context, orjson.loads(row.body))
            return context.scheduled.earliest_us

        def keep_failed(row: TaskRow, error: Exception) -> None:
            task = FailedTasks(self.store, workspace.id).keep(row, error, workspace.clock.now())
            text = f"the task {row.name} of {row.provider} failed and is kept as {task}"
            logger.error("%s: %s; POST …/tasks/%s/run runs it again", workspace.id, text, task, exc_info=error)
            exchange = exchange_of_task(row.rng_key)
            if exchange is not None:
                self._note(workspace.id, exchange, f"Afterwards {text}: {type(error).__name__}. See GET …/tasks.")

        return run_due_tasks(self.store, workspace.id, workspace.clock, self._providers, run, keep_failed, limit=limit)

    def run_again(self, workspace: Workspace, task: str) -> bool:
        """Run a task again that failed; False where there is none of that id."""
        with self.store.transaction():
            is_there = FailedTasks(self.store, workspace.id).schedule_again(task, workspace.clock.now())
            self.run_due(workspace)
        return is_there

    def snapshot(self, workspace: Workspace) -> dict[str, Any]:
        """What the workspace's mocks know, as JSON; no credentials, and no secrets of records but by reference."""
        with self.store.transaction():
            return take_snapshot(self.store, self._providers, workspace)

    def restore(self, workspace: Workspace, snapshot: Mapping[str, Any]) -> Workspace:
        """
        Put a workspace back to a snapshot and run what is due on its clock.

        Raises:
            ConfigurationError: The value is no snapshot.
        """
        with self.store.transaction():
            restored = restore_snapshot(self.store, self._providers, workspace, snapshot)
            self.run_due(restored)
        return restored


def _public_rng(slug: str) -> Random:
    """Draws the development credentials of the default workspace."""
    return Random(f"{DEFAULT}/{slug}")


def _exchange_of(workspace: Workspace, row: TaskRow) -> str:
    """Id of the exchange that a task comes from; empty where there is none."""
    number = exchange_of_task(row.rng_key)
    return "" if number is None else exchange_id(workspace.id, number)
