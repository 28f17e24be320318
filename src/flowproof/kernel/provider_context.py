"""What a mock may touch during one request or task: its workspace's state, time, chance and seed data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from itertools import count
from random import Random
from typing import Any, TypeVar

from flowproof.conformance import Contract, Finding

from .credentials import Credential, credential_from_row, credential_row
from .hooks import FindingsFilter
from .state.store import SEED, Store
from .time.clock import microseconds
from .webhooks.delivery import Adversary, Delivery, Webhook, WebhookPolicy, due_us, planned

__all__ = ["ProviderContext", "State", "hex_id"]

MOST = 1_000_000
KEPT_DELIVERIES = 1000  # of a workspace, beside those that are still to be made
FORGET_EVERY = 100
ParsedSeed = TypeVar("ParsedSeed")
Found = TypeVar("Found")
OWN = "flowproof"  # where a provider's slug stands, for what the kernel itself keeps of a workspace


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
        """The record of that kind and id, or None."""
        return self.store.get(self.workspace, self.provider, kind, key)

    def has(self, kind: str, key: str) -> bool:
        """Whether there is a record of that kind and id."""
        return self.store.has(self.workspace, self.provider, kind, key)

    def put(self, kind: str, key: str, value: Any) -> None:
        """Keep a record; one that was there keeps its place in the order."""
        self.store.put(self.workspace, self.provider, kind, key, value)

    def delete(self, kind: str, key: str) -> bool:
        """Forget a record; False when there was none."""
        return self.store.delete(self.workspace, self.provider, kind, key)

    def newest(self, kind: str, *, limit: int = MOST, offset: int = 0) -> Sequence[Any]:
        """Records of a kind, the newest first."""
        return self.store.newest(
            self.workspace, self.provider, kind, limit=min(limit, MOST), offset=min(offset, MOST * MOST)
        )

    def count(self, kind: str) -> int:
        """How many records of a kind there are."""
        return self.store.count(self.workspace, self.provider, kind)


@dataclass(frozen=True)
class ProviderContext:
    """
    A workspace as one provider sees it at one moment.

    Args:
        state: The provider's records.
        now: The moment on the workspace's clock (aware, UTC): the same for the whole of a request.
        rng_seed: What ids and chance of this moment are drawn from.
        default_seed: The provider's own seed data.
        contract: The provider's contract.
        webhooks: How the provider delivers webhooks; None where it has none.
        has_own_rng_key: No other request or task has the same ``rng_seed``.
        findings_filter: As in :class:`~flowproof.kernel.hooks.MockHooks`.
        scheduled: Counts what is scheduled at this moment.
    """

    state: State
    now: datetime
    rng_seed: str
    default_seed: Mapping[str, Any]
    contract: Contract
    webhooks: WebhookPolicy | None = None
    has_own_rng_key: bool = False
    findings_filter: FindingsFilter | None = None
    scheduled: Iterator[int] = field(default_factory=lambda: count(1), repr=False, compare=False)

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
        if not findings or self.findings_filter is None:
            return findings
        return tuple(self.findings_filter(self.state.provider, findings))

    @cached_property
    def rng(self) -> Random:
        """Seeded: the same workspace seed and the same requests give the same ids."""
        return Random(self.rng_seed)

    @property
    def seed(self) -> Mapping[str, Any]:
        """The account set-up: the workspace's own, or the provider's."""
        state = self.state
        own: Mapping[str, Any] | None = state.store.remembered(
            (SEED, state.workspace, state.provider), lambda: state.get(SEED, SEED)
        )
        return self.default_seed if own is None else own

    def parsed_seed(self, read: Callable[[Mapping[str, Any]], ParsedSeed]) -> ParsedSeed:
        """
        What a mock makes of the account set-up: read once, as long as that stays the same.

        Args:
            read: Makes it; a function or class of a module, whose result nobody changes.
        """
        state, seed = self.state, self.seed
        whose = "" if seed is self.default_seed else state.workspace  # (most workspaces have the usual set-up)
        key = ("parsed_seed", whose, state.provider, read.__module__, read.__qualname__)
        return state.store.remembered(key, lambda: read(seed))

    def schedule(self, name: str, *, after_s: float, value: Any) -> None:
        """Have the provider's task of that name done when the clock has moved on by so many seconds."""
        due = self.now + timedelta(seconds=after_s)
        # Not the row's number in the store, which depends on what other workspaces do.
        state = self.state
        number = next(self.scheduled) if self.has_own_rng_key else self._count_of_tasks()
        rng_key = sha256(f"{self.rng_seed}/{number}".encode()).hexdigest()[:16]
        state.store.add_task(state.workspace, state.provider, microseconds(due), name, value, rng_key=f"task-{rng_key}")

    def _count_of_tasks(self) -> str:
        """Tells this task from all that were scheduled at a moment that is not this one's alone."""
        state = self.state
        return f"c{state.store.count_up(state.workspace, OWN, 'count', 'tasks')}"

    def deliver(
        self, webhook: Webhook, *, adversary: Adversary | None = None, once: bool = False, of: str = ""
    ) -> tuple[Delivery, ...]:
        """
        Put a webhook into the outbox, as part of this transaction.

        Args:
            webhook: What an honest courier would deliver.
            adversary: What goes wrong on purpose; by default what the workspace has been set to.
            once: There is one attempt only, whatever comes of it.
            of: What the delivery belongs to, such as the name of a trial.
        """
        if self.webhooks is None:
            raise ValueError(f"{self.state.provider} has no webhooks")
        store, workspace = self.state.store, self.state.workspace
        counted = store.get(workspace, OWN, "webhooks", "counted") or {"deliveries": 0, "events": 0}
        before, nth = counted["deliveries"], (counted["events"] if adversary is None else 0) + 1
        chosen = self.adversary if adversary is None else adversary
        made = tuple(
            Delivery(
                id=f"dlv-{before + number}",
                provider=self.state.provider,
                webhook=each,
                due_us=due_us(self, delay_s),
                created_at=self.now.isoformat(),
                adversary=chosen,
                once=once,
                of=of,
            )
            for number, (each, delay_s) in enumerate(planned(webhook, chosen, self.webhooks, nth), start=1)
        )
        for delivery in made:
            store.add_delivery(workspace, delivery.id, delivery.due_us, delivery.to_json())
        counted = {"deliveries": before + len(made), "events": nth if adversary is None else counted["events"]}
        store.put(workspace, OWN, "webhooks", "counted", counted)
        if before // FORGET_EVERY != counted["deliveries"] // FORGET_EVERY:
            store.forget_deliveries(workspace, keep=KEPT_DELIVERIES)
        return made

    @property
    def adversary(self) -> Adversary:
        """What goes wrong with the workspace's webhooks on purpose."""
        return Adversary.from_json(self.state.store.get(self.state.workspace, OWN, "webhooks", "adversary") or {})

    def set_adversary(self, adversary: Adversary) -> None:
        """Choose what goes wrong with the workspace's webhooks from now on; the next event is its first."""
        store, workspace = self.state.store, self.state.workspace
        store.put(workspace, OWN, "webhooks", "adversary", adversary.changed())
        store.put(workspace, OWN, "webhooks", "counted", {"deliveries": self.deliveries, "events": 0})

    @property
    def deliveries(self) -> int:
        """How many deliveries the workspace has had, those that are forgotten too."""
        counted = self.state.store.get(self.state.workspace, OWN, "webhooks", "counted")
        return int(counted["deliveries"]) if counted else 0

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Hosts beside loopback to which the workspace may deliver."""
        return frozenset(self.state.store.get(self.state.workspace, OWN, "webhooks", "allowed_hosts") or ())

    def credential(self, key: str) -> Credential | None:
        """The workspace's credential of that key."""
        state = self.state

        def read() -> Credential | None:
            body = state.store.credential(state.workspace, state.provider, key)
            return None if body is None else credential_from_row(key, body)

        return state.store.remembered(("credential", state.workspace, state.provider, key), read)

    def issue(self, credential: Credential) -> None:
        """
        Let a credential, such as an access token, lead to this workspace from now on.

        A bearer token is its own secret: name it among the credential's secrets, so that no journal shows it.

        Raises:
            StoreError: The key is taken.
        """
        row = credential_row(self.state.workspace, self.state.provider, credential)
        self.state.store.add_credential(row)

    def revoke(self, key: str) -> bool:
        """Forget a credential; False when the workspace had none of that key."""
        return self.state.store.delete_credential(self.state.workspace, self.state.provider, key)

    def credentials(self) -> tuple[Credential, ...]:
        """All of the workspace's credentials for this provider."""
        rows = self.state.store.credentials(self.state.workspace)
        return tuple(credential_from_row(row.key, row.body) for row in rows if row.provider == self.state.provider)


def hex_id(rng: Random, digits: int = 24) -> str:
    """An id of so many hexadecimal digits, lower case."""
    return f"{rng.getrandbits(digits * 4):0{digits}x}"
