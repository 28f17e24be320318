"""The outbox of a workspace: filled in the transaction of the state change, emptied by the courier (serving)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import KERNEL
from flowproof.kernel.time.clock import microseconds

from .adversary import Adversary
from .model import Delivery, Webhook

__all__ = ["MAX_KEPT", "Outbox", "planned_deliveries"]

MAX_KEPT = 1000  # deliveries of a workspace that are delivered or have failed
TRIM_EVERY = 100  # deliveries
KIND = "webhooks"


@dataclass(frozen=True, slots=True)
class Outbox:
    """
    What is to be delivered for a workspace, whichever provider it comes from, with its settings.

    Args:
        store: Where it is kept.
        workspace: Id of the workspace.
    """

    store: Store
    workspace: str

    def add(
        self,
        webhook: Webhook,
        *,
        provider: str,
        unknown: Callable[[Webhook], Webhook],
        now: datetime,
        adversary: Adversary | None = None,
        once: bool = False,
        of: str = "",
    ) -> tuple[Delivery, ...]:
        """
        Add the deliveries of one webhook.

        Args:
            webhook: What an honest sender would deliver.
            provider: Slug.
            unknown: As in the provider's :class:`~.policy.WebhookPolicy`.
            now: The moment on the workspace's clock (aware, UTC).
            adversary: What goes wrong on purpose; by default what the workspace has been set to.
            once: There is one attempt only, whatever comes of it.
            of: What the deliveries belong to, such as the name of a trial.
        """
        before, events = self._counts()
        nth = (events if adversary is None else 0) + 1
        chosen = self.adversary if adversary is None else adversary
        made = tuple(
            Delivery(
                id=f"dlv-{before + number}",
                provider=provider,
                webhook=each,
                due_us=microseconds(now) + round(delay_s * 1_000_000),
                created_at=now.isoformat(),
                adversary=chosen,
                once=once,
                of=of,
            )
            for number, (each, delay_s) in enumerate(planned_deliveries(webhook, chosen, unknown, nth), start=1)
        )
        for delivery in made:
            self.store.deliveries.add(self.workspace, delivery.id, delivery.due_us, delivery.to_json())
        after = before + len(made)
        self._count(after, nth if adversary is None else events)
        if before // TRIM_EVERY != after // TRIM_EVERY:
            self.store.deliveries.trim(self.workspace, keep=MAX_KEPT)
        return made

    def retry_now(self, delivery: Delivery, now: datetime) -> Delivery | None:
        """Make the next attempt due at that moment; returns the delivery, or None where it can have no other one."""
        due = replace(delivery, state="pending", due_us=microseconds(now))
        is_open = delivery.state == "pending" or (delivery.state == "failed" and not delivery.once)
        changed = is_open and self.store.deliveries.reschedule(self.workspace, due.id, due.due_us, due.to_json())
        return due if changed else None

    def find(self, delivery: str) -> Delivery | None:
        kept = self.store.deliveries.get(self.workspace, delivery)
        return None if kept is None else Delivery.from_json(kept)

    def last(self, limit: int | None = None) -> list[Delivery]:
        """The last deliveries, in the order in which they were added."""
        return [Delivery.from_json(each) for each in self.store.deliveries.last(self.workspace, limit=limit)]

    def is_idle(self, now: datetime) -> bool:
        """Whether nothing is being sent or due."""
        return self.store.deliveries.is_idle(self.workspace, microseconds(now))

    @property
    def total(self) -> int:
        """How many deliveries there were, including those that are no longer kept."""
        return self._counts()[0]

    def _counts(self) -> tuple[int, int]:
        """How many deliveries there were, and how many events since the adversary was set."""
        counted = self.store.records.get(self.workspace, KERNEL, KIND, "counted")
        return (counted["deliveries"], counted["events"]) if counted else (0, 0)

    def _count(self, deliveries: int, events: int) -> None:
        counted = {"deliveries": deliveries, "events": events}
        self.store.records.put(self.workspace, KERNEL, KIND, "counted", counted)

    @property
    def adversary(self) -> Adversary:
        return Adversary.from_json(self.store.records.get(self.workspace, KERNEL, KIND, "adversary") or {})

    def set_adversary(self, adversary: Adversary) -> None:
        """Choose what goes wrong from now on; the next event is its first."""
        self.store.records.put(self.workspace, KERNEL, KIND, "adversary", adversary.changed())
        self._count(self.total, 0)

    @property
    def allowed_hosts(self) -> Sequence[str]:
        """Hosts beside loopback to which the workspace may deliver, in alphabetical order."""
        hosts: Sequence[str] = self.store.records.get(self.workspace, KERNEL, KIND, "allowed_hosts") or ()
        return hosts

    def allow_hosts(self, hosts: Iterable[str]) -> None:
        """Replace the hosts beside loopback to which the workspace may deliver."""
        chosen = sorted({host.strip("[]").lower() for host in hosts})
        self.store.records.put(self.workspace, KERNEL, KIND, "allowed_hosts", chosen)


def planned_deliveries(
    webhook: Webhook, adversary: Adversary, unknown: Callable[[Webhook], Webhook], nth: int
) -> Sequence[tuple[Webhook, float]]:
    """
    What is really delivered for one event, each with its delay in seconds.

    Args:
        webhook: What an honest sender would deliver.
        adversary: What goes wrong on purpose.
        unknown: Makes the webhook of an unknown event.
        nth: Which event this is since the adversary was set, counted from 1.
    """
    sent = webhook.with_extra_field() if adversary.extra_field else webhook
    events = [sent, unknown(sent)] if adversary.unknown_event else [sent]
    return [(each, adversary.delay_s(nth)) for each in events for _ in range(adversary.copies)]
