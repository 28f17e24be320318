"""
Does what has become due: tasks and webhook deliveries, workspace by workspace, on each workspace's own clock.

It runs on the event loop and blocks nothing. Within a workspace deliveries go one after the other, in the order in
which they are due; workspaces do not wait for each other. On a real clock it wakes by itself; on a frozen or stepped
one when the clock is moved, and then every attempt happens at the moment at which it was due. It looks at the mocks
only when it has the turn, which it never keeps while it waits for a receiver.
"""

import asyncio
import logging
from collections.abc import Mapping
from concurrent import futures
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from flowproof.exchange import Headers
from flowproof.kernel.mock import Mock
from flowproof.kernel.state.rows import DeliveryRow
from flowproof.kernel.time.clock import Clock, microseconds, stopwatch_ms
from flowproof.kernel.webhooks.model import Delivery, DeliveryAttempt, DeliveryResult
from flowproof.kernel.webhooks.policy import WebhookPolicy, signed_headers
from flowproof.kernel.workspaces import Workspace

from .sending import NotAllowed, send

__all__ = ["Courier"]

logger = logging.getLogger("flowproof.courier")

TASKS_AT_ONCE = 10
LONGEST_SLEEP_S = 3600.0
BEGIN_WITHIN_S = 2.0
MOST_AT_ONCE = 256  # connections, of all workspaces together


@dataclass(frozen=True, slots=True)
class Tried:
    """
    What came of one attempt.

    Args:
        at: When it was made, on the workspace's clock.
        headers: As sent.
        sent: The answer, or why there was none.
        hopeless: No later attempt could succeed.
        took_ms: How long it took.
        policy: How the provider delivers.
    """

    at: datetime
    headers: Headers
    sent: DeliveryResult
    hopeless: bool
    took_ms: float
    policy: WebhookPolicy


class Alarm(NamedTuple):
    """When a workspace is looked after again, in microseconds since 1970, and what sees to it."""

    due_us: int
    handle: asyncio.TimerHandle


class Courier:
    """
    The background worker of a server.

    Args:
        mock: Whose workspaces are looked after.
        turn: Held by whoever uses the mocks.
    """

    def __init__(self, mock: Mock, turn: Lock) -> None:
        self.home_port: int | None = None
        self._mock = mock
        self._turn = turn
        self._loop: asyncio.AbstractEventLoop | None = None
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._alarms: dict[str, Alarm] = {}
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._stopping = False

    def start(self) -> None:
        """Take up what an earlier server has left in the state file. Needs a running event loop."""
        self._stopping = False
        with self._turn:
            with self._mock.store.transaction():
                self._mock.store.deliveries.put_back_all()
            waiting = self._mock.store.workspaces_with_work()
        for workspace in waiting:
            self.wake(workspace)
        self._loop = asyncio.get_running_loop()

    @property
    def runs(self) -> bool:
        """Whether it looks after anything."""
        return self._loop is not None and not self._stopping

    def wake_touched(self) -> None:
        """Look after the workspaces whose clock, tasks or deliveries have changed."""
        with self._turn:
            touched = self._mock.store.take_dirty()
        self._wake_for(touched)

    def wake_touched_from_outside(self) -> None:
        """The same from another thread; it returns when what is due has been begun, as before any later request."""
        with self._turn:
            touched = self._mock.store.take_dirty()
        if touched and self._loop is not None and self.runs:
            begun = asyncio.run_coroutine_threadsafe(self._begin(touched), self._loop)
            futures.wait([begun], timeout=BEGIN_WITHIN_S)  # (a server that stops leaves what is due in the store)

    def _wake_for(self, touched: Mapping[str, int]) -> None:
        """What is due no earlier than what a workspace's alarm is set for can wait for that."""
        for workspace, due_us in touched.items():
            alarm = self._alarms.get(workspace)
            if alarm is None or due_us < alarm.due_us:
                self.wake(workspace)

    async def _begin(self, touched: Mapping[str, int]) -> None:
        self._wake_for(touched)
        await asyncio.sleep(0)  # which lets their tasks come first

    def wake(self, workspace: str) -> None:
        """Look after a workspace now, or once more when it is being looked after."""
        if self._stopping:
            return
        alarm = self._alarms.pop(workspace, None)
        if alarm is not None:
            alarm.handle.cancel()
        if workspace in self._busy:
            self._again.add(workspace)
            return
        task = asyncio.get_running_loop().create_task(self._look_after(workspace))
        self._busy[workspace] = task
        task.add_done_callback(lambda _: self._looked_after(workspace))

    async def stop(self, *, within_s: float) -> None:
        """Begin no attempt any more; let those under way finish, and what does not in time wait in the store."""
        self._stopping = True
        for alarm in self._alarms.values():
            alarm.handle.cancel()
        self._alarms.clear()
        self._again.clear()
        if self._busy:
            _, unfinished = await asyncio.wait(self._busy.values(), timeout=within_s)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    def _looked_after(self, workspace: str) -> None:
        self._busy.pop(workspace, None)
        if workspace in self._again:
            self._again.discard(workspace)
            self.wake(workspace)

    async def _look_after(self, workspace_id: str) -> None:
        try:
            while not self._stopping:
                with self._turn, self._mock.store.transaction():
                    workspace = self._mock.workspaces.find_cached(workspace_id)
                    if workspace is None:
                        return
                    done = self._mock.workspaces.run_due(workspace, limit=TASKS_AT_ONCE)
                    due = self._taken(workspace) if done else None
                    if done and due is None:
                        self._set_alarm(workspace)
                        return
                if due is None:
                    await asyncio.sleep(0)  # a crowd of tasks holds up nobody's request
                else:
                    await self._deliver(workspace, due)
        except Exception:
            logger.exception("%s: its tasks and deliveries cannot be looked after", workspace_id)

    def _taken(self, workspace: Workspace) -> DeliveryRow | None:
        return self._mock.store.deliveries.take_due(workspace.id, microseconds(workspace.clock.now()))

    def _set_alarm(self, workspace: Workspace) -> None:
        due_us = self._mock.store.next_due_us(workspace.id)
        if due_us is None or workspace.clock.mode != "real" or self._stopping:
            return
        wait_s = (Clock.at_microseconds(due_us) - workspace.clock.now()).total_seconds()
        loop = asyncio.get_running_loop()
        handle = loop.call_later(min(max(wait_s, 0.001), LONGEST_SLEEP_S), self.wake, workspace.id)
        self._alarms[workspace.id] = Alarm(due_us, handle)

    async def _deliver(self, workspace: Workspace, row: DeliveryRow) -> None:
        store = self._mock.store
        try:
            delivery = Delivery.from_json(row.value)
            tried = await self._tried(workspace, delivery)
        except asyncio.CancelledError:
            with self._turn:
                store.deliveries.put_back(row.seq)
            raise
        except Exception:
            logger.exception("%s: the delivery %s cannot be sent and is given up", workspace.id, row.value["id"])
            with self._turn:
                store.deliveries.update(row.seq, "failed", row.value["due_us"], row.value)
            return
        with self._turn, store.transaction():
            if store.deliveries.is_sending(row.seq):  # else the workspace was reset, restored or deleted meanwhile
                after = self._recorded(workspace, delivery, tried)
                store.deliveries.update(row.seq, after.state, after.due_us, after.to_json())

    async def _tried(self, workspace: Workspace, delivery: Delivery) -> Tried:
        """One attempt, at the moment at which it was due unless the clock is a real one."""
        at = workspace.clock.now() if workspace.clock.mode == "real" else Clock.at_microseconds(delivery.due_us)
        rng_key = f"{delivery.id}-{len(delivery.attempts)}"
        adversary = delivery.adversary
        with self._turn:
            context = self._mock.workspaces.context(workspace, delivery.provider, now=at, rng_key=rng_key)
            policy = self._mock.apps[delivery.provider].provider.webhooks
            if policy is None:
                raise ValueError(f"{delivery.provider} has no webhooks")
            headers = signed_headers(delivery.webhook, adversary, policy, context)
            allowed_hosts = context.outbox.allowed_hosts
        async with self._room:
            started_ms = stopwatch_ms()
            hopeless = False
            try:
                sent = await send(
                    delivery.webhook,
                    headers,
                    connection="whole" if delivery.attempts else adversary.connection,
                    timeout_s=policy.timeout_s,
                    allowed_hosts=allowed_hosts,
                    home_port=self.home_port,
                )
            except NotAllowed as error:
                sent, hopeless = DeliveryResult(error=str(error)), True
        return Tried(at, headers, sent, hopeless, stopwatch_ms() - started_ms, policy)

    def _recorded(self, workspace: Workspace, delivery: Delivery, tried: Tried) -> Delivery:
        """The delivery after an attempt, which is written into the journal."""
        sent = tried.sent
        exchange = self._mock.record_attempt(workspace, delivery, tried.at, tried.headers, sent, tried.took_ms)
        return delivery.after_attempt(
            DeliveryAttempt(exchange, tried.at.isoformat(), sent.status, sent.error),
            at_us=microseconds(tried.at),
            retry_after_s=tried.policy.retry_after_s,
            is_final=tried.hopeless,
        )
