"""What a mock may use during one request or task: its workspace's state, time, random numbers and seed data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from random import Random
from typing import Any, NamedTuple, TypeVar

import orjson

from flowproof.conformance import Contract, Finding

from .credentials import Credential, credential_from_row, credential_row
from .hooks import MockHooks
from .state.protocol import Store
from .state.rows import KERNEL, SEED
from .time.clock import Clock, later, microseconds
from .webhooks.adversary import Adversary
from .webhooks.model import Delivery, Webhook
from .webhooks.outbox import Outbox

__all__ = ["ProviderContext", "ProviderSetup", "State", "exchange_of_task", "hex_id"]

MAX_LISTED = 1_000_000
ParsedSeed = TypeVar("ParsedSeed")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class State:
    """
    One provider's records in one workspace. Values are JSON; none is ever shared with the store.

    Args:
        store: Where they are kept.
        workspace: Id of the workspace.
        provider: Slug of the provider.
    """

    store: Store
    workspace: str
    provider: str

    def get(self, kind: str, key: str) -> Any:
        """The record's value; None where there is no record."""
        return self.store.records.get(self.workspace, self.provider, kind, key)

    def has(self, kind: str, key: str) -> bool:
        return self.store.records.has(self.workspace, self.provider, kind, key)

    def put(self, kind: str, key: str, value: Any) -> None:
        """Add a record, or replace its value; a replaced one keeps its place in the order."""
        self.store.records.put(self.workspace, self.provider, kind, key, value)

    def delete(self, kind: str, key: str) -> bool:
        """Delete a record; False where there is none."""
        return self.store.records.delete(self.workspace, self.provider, kind, key)

    def newest(self, kind: str, *, limit: int = MAX_LISTED, offset: int = 0) -> Sequence[Any]:
        """Values of a kind, the newest first."""
        return self.store.records.newest(
            self.workspace,
            self.provider,
            kind,
            limit=min(limit, MAX_LISTED),
            offset=min(offset, MAX_LISTED * MAX_LISTED),  # (a client may ask for more than 64 bits can count)
        )

    def count(self, kind: str) -> int:
        """How many records of a kind there are."""
        return self.store.records.count(self.workspace, self.provider, kind)


@dataclass(slots=True)
class Scheduled:
    """
    What was scheduled at one moment.

    Args:
        number: How many tasks.
        earliest_us: When the first of them is due, in microseconds since 1970 on the workspace's clock.
    """

    number: int = 0
    earliest_us: int | None = None


class ProviderSetup(NamedTuple):
    """
    What all contexts of one provider share.

    Args:
        default_seed: The provider's own seed data.
        contract: The provider's contract.
        unknown_event: As in the provider's webhook policy; None where the provider delivers no webhooks.
        hooks: Of the mock.
        annotate: Adds findings and an explanation to an exchange of a workspace and provider.
    """

    default_seed: Mapping[str, Any]
    contract: Contract
    unknown_event: Callable[[Webhook], Webhook] | None
    hooks: MockHooks
    annotate: Callable[[State, str, Sequence[Finding], str], None]


@dataclass(frozen=True)
class ProviderContext:
    """
    A workspace as one provider sees it at one moment.

    Args:
        state: The provider's records.
        now: The moment on the workspace's clock (aware, UTC): the same for the whole of a request.
        rng_seed: What ids and random numbers of this moment are drawn from.
        setup: What all contexts of the provider share.
        has_own_rng_key: No other request or task has the same ``rng_seed``.
        exchange: Id of the exchange that all of it comes from; empty where there is none.
    """

    state: State
    now: datetime
    rng_seed: str
    setup: ProviderSetup = field(repr=False)
    has_own_rng_key: bool = False
    exchange: str = ""

    @property
    def contract(self) -> Contract:
        """The provider's contract."""
        return self.setup.contract

    @cached_property
    def scheduled(self) -> Scheduled:
        """Counts what is scheduled at this moment."""
        return Scheduled()

    def findings(self, schema_file: str, value: Any, where: str = "request.body") -> tuple[Finding, ...]:
        """What is wrong with a JSON value by a schema file of the contract."""
        return self.filtered(
            self.contract.schemas.findings(self.contract.schemas.uri_of_file(schema_file), value, where)
        )

    def filtered(self, findings: tuple[Found, ...]) -> tuple[Found, ...]:
        """
        Those of a check's findings that count: all, unless the mock's findings filter leaves some out.

        A rule that collects findings before it refuses passes them through here.
        """
        findings_filter = self.setup.hooks.findings_filter
        if not findings or findings_filter is None:
            return findings
        return tuple(findings_filter(self.state.provider, findings))

    @cached_property
    def rng(self) -> Random:
        """Seeded: the same workspace seed and the same requests give the same ids."""
        return Random(self.rng_seed)

    @property
    def seed(self) -> Mapping[str, Any]:
        """The seed data: the workspace's own, or the provider's."""
        state = self.state
        own: Mapping[str, Any] | None = state.store.cached(
            state.workspace, (SEED, state.provider), lambda: state.get(SEED, SEED)
        )
        return self.setup.default_seed if own is None else own

    def parsed_seed(self, parse: Callable[[Mapping[str, Any]], ParsedSeed]) -> ParsedSeed:
        """
        The seed data as a mock parses it, cached as long as the seed data stays the same.

        Args:
            parse: A function or class of a module, whose result nobody changes.
        """
        state, seed = self.state, self.seed
        owner = (
            None if seed is self.setup.default_seed else state.workspace
        )  # (most workspaces have the provider's seed data)
        key = ("parsed_seed", state.provider, parse.__module__, parse.__qualname__)
        return state.store.cached(owner, key, lambda: parse(seed))

    def schedule(self, name: str, *, after_s: float, value: Any) -> None:
        """
        Run the provider's task of that name when the clock has moved on by so many seconds.

        A task that fails is kept, and can be run again. One that is due beyond the calendar is due at its end.
        """
        state, due_us = self.state, microseconds(later(self.now, after_s))
        scheduled = self.scheduled
        scheduled.number += 1
        if scheduled.earliest_us is None or due_us < scheduled.earliest_us:
            scheduled.earliest_us = due_us
        # The number is not the row's in the store, which depends on what other workspaces do.
        number = scheduled.number if self.has_own_rng_key else self._task_number()
        drawn = sha256(f"{self.rng_seed}/{number}".encode()).hexdigest()[:16]
        rng_key = f"task-{drawn}-{self.exchange.rpartition('-')[2]}" if self.exchange else f"task-{drawn}"
        state.store.tasks.add(state.workspace, state.provider, due_us, name, value, rng_key=rng_key)

    def waiting(self, name: str) -> Iterator[tuple[datetime, Any]]:
        """The provider's scheduled tasks of a name, each with its moment on the workspace's clock and its value."""
        for row in self.state.store.tasks.of_workspace(self.state.workspace):
            if (row.provider, row.name) == (self.state.provider, name):
                yield Clock.at_microseconds(row.due_us), orjson.loads(row.body)

    def annotate(self, exchange: str, findings: Sequence[Finding], explanation: str) -> None:
        """
        Log, and add to the journal, why an exchange that was answered before it was judged is refused after all.

        An exchange of another workspace, which a snapshot may have brought, stays as it is.
        """
        if exchange.rpartition("-")[0] == self.state.workspace:
            self.setup.annotate(self.state, exchange, findings, explanation)

    def _task_number(self) -> str:
        """Tells a task from all others that were scheduled with the same ``rng_seed``."""
        state = self.state
        return f"c{state.store.records.increment(state.workspace, KERNEL, 'count', 'tasks')}"

    @property
    def outbox(self) -> Outbox:
        """The workspace's outbox, which all its providers share."""
        return Outbox(self.state.store, self.state.workspace)

    def deliver(
        self, webhook: Webhook, *, adversary: Adversary | None = None, once: bool = False, of: str = ""
    ) -> tuple[Delivery, ...]:
        """Put a webhook into the outbox, as part of this transaction; the arguments are those of :class:`Outbox`."""
        if self.setup.unknown_event is None:
            raise ValueError(f"{self.state.provider} has no webhooks")
        return self.outbox.add(
            webhook,
            provider=self.state.provider,
            unknown=self.setup.unknown_event,
            now=self.now,
            adversary=adversary,
            once=once,
            of=of,
        )

    def credential(self, key: str) -> Credential | None:
        """The workspace's credential of that key; None where it has none, or has revoked it."""
        found = self._kept_credential(key)
        return None if found is None or found.revoked else found

    def revocation(self, key: str) -> str:
        """Why the workspace has revoked its credential of that key; empty where it has not."""
        found = self._kept_credential(key)
        return found.revoked if found is not None else ""

    def _kept_credential(self, key: str) -> Credential | None:
        state = self.state

        def read() -> Credential | None:
            body = state.store.credentials.get(state.workspace, state.provider, key)
            return None if body is None else credential_from_row(key, body)

        return state.store.cached(state.workspace, ("credential", state.provider, key), read)

    def issue(self, credential: Credential) -> None:
        """
        Add a credential, such as an access token, that leads to this workspace from now on.

        A bearer token is its own secret: name it among the credential's secrets, so that no journal shows it.

        Raises:
            StoreConflict: The key is taken.
        """
        row = credential_row(self.state.workspace, self.state.provider, credential)
        self.state.store.credentials.add(row)

    def revoke(self, key: str, *, why: str = "") -> bool:
        """
        Take a credential back; False where the workspace has none of that key.

        Args:
            key: The credential's.
            why: What :meth:`revocation` then says, such as ``its API key was revoked``. Without it nothing of the
                credential is kept.
        """
        kept = self._kept_credential(key) if why else None
        is_deleted = self.state.store.credentials.delete(self.state.workspace, self.state.provider, key)
        if kept is not None:
            self.issue(replace(kept, revoked=why))
        return is_deleted

    def credentials(self, *, revoked: bool = False) -> tuple[Credential, ...]:
        """All of the workspace's credentials for this provider: those in use, or those that were revoked."""
        rows = self.state.store.credentials.of_workspace(self.state.workspace)
        found = (credential_from_row(row.key, row.body) for row in rows if row.provider == self.state.provider)
        return tuple(each for each in found if bool(each.revoked) is revoked)


def exchange_of_task(rng_key: str) -> int | None:
    """The number of the exchange that a task comes from, by the task's ``rng_key``; None where there is none."""
    number = rng_key.removeprefix("task-").partition("-")[2]
    return int(number) if number.isdecimal() and len(number) < 16 else None


def hex_id(rng: Random, digits: int = 24) -> str:
    """An id of so many hexadecimal digits, lower case."""
    return f"{rng.getrandbits(digits * 4):0{digits}x}"
