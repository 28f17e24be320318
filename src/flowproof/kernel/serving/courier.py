"""
Does what has become due: tasks and webhook deliveries, workspace by workspace, on each workspace's own clock.

It runs on the event loop and blocks nothing. Within a workspace deliveries are sent one after the other, in the order
in which they are due; workspaces do not wait for each other. On a real clock it wakes by itself; on a frozen or stepped
one when the clock is moved, and then every attempt happens at the moment at which it was due. It uses the mocks only
under the lock, which it never holds while it waits for a receiver.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from concurrent import futures
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from flowproof.exchange import Headers
from flowproof.kernel.mock import Mock
from flowproof.kernel.state.rows import DeliveryRow
from flowproof.kernel.time.clock import Clock, microseconds, stopwatch_ms
from flowproof.kernel.webhooks.model import DELIVERY_HEADER, Delivery, DeliveryAttempt, DeliveryResult
from flowproof.kernel.webhooks.policy import WebhookPolicy, signed_headers
from flowproof.kernel.workspaces import Workspace

from .sending import NotAllowed, send

__all__ = ["Courier"]

logger = logging.getLogger("flowproof.courier")

TASKS_AT_ONCE = 10
LONGEST_SLEEP_S = 3600.0
START_TIMEOUT_S = 2.0
MOST_AT_ONCE = 256  # connections, of all workspaces together


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """
    What came of one attempt.

    Args:
        at: When it was made, on the workspace's clock.
        headers: As sent.
        result: The response, or why there was none.
        is_final: No later attempt could succeed.
        took_ms: How long it took.
        policy: How the provider delivers.
    """

    at: datetime
    headers: Headers
    result: DeliveryResult
    is_final: bool
    took_ms: float
    policy: WebhookPolicy


class Timer(NamedTuple):
    """The next wake of a workspace: its time in microseconds since 1970, and the loop's handle."""

    due_us: int
    handle: asyncio.TimerHandle


class Courier:
    """
    The background worker of a server.

    Args:
        mock: Whose workspaces it serves.
        lock: Held by whoever uses the mocks.
        reaches_loopback: Whether webhooks go to this machine's loopback without being allowed.

    ``home_port`` is the server's own port on loopback, to which no webhook is sent.
    """

    def __init__(self, mock: Mock, lock: Lock, *, reaches_loopback: bool = True) -> None:
        self.home_port: int | None = None
        self._mock = mock
        self._lock = lock
        self._reaches_loopback = reaches_loopback
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}  # by workspace
        self._rerun: set[str] = set()  # workspaces that were woken while their task ran
        self._timers: dict[str, Timer] = {}
        self._connections = asyncio.Semaphore(MOST_AT_ONCE)
        self._stopping = False

    def start(self) -> None:
        """Take up what an earlier server has left in the state file. Needs a running event loop."""
        self._stopping = False
        with self._lock:
            with self._mock.store.transaction():
                self._mock.store.deliveries.put_back_all()
            waiting = self._mock.store.workspaces_with_work()
        for workspace in waiting:
            self.wake(workspace)
        self._loop = asyncio.get_running_loop()

    @property
    def runs(self) -> bool:
        """Whether it has been started and not stopped."""
        return self._loop is not None and not self._stopping

    @property
    def work(self) -> Collection[object]:
        """The workspaces for which it runs tasks or sends webhooks; it stays up to date."""
        return self._tasks.keys()

    def wake_dirty(self) -> None:
        """Wake the workspaces whose clock, tasks or deliveries have changed."""
        with self._lock:
            dirty = self._mock.store.take_dirty()
        self._wake_due(dirty)

    def wake_dirty_from_thread(self) -> None:
        """Do so from another thread; returns when what is due has been started, as before any later request."""
        with self._lock:
            dirty = self._mock.store.take_dirty()
        if dirty and self._loop is not None and self.runs:
            started = asyncio.run_coroutine_threadsafe(self._start_due(dirty), self._loop)
            futures.wait([started], timeout=START_TIMEOUT_S)  # (a server that stops leaves what is due in the store)

    def _wake_due(self, dirty: Mapping[str, int]) -> None:
        """Wake workspaces, except those whose timer comes early enough: by id, when something is due."""
        for workspace, due_us in dirty.items():
            timer = self._timers.get(workspace)
            if timer is None or due_us < timer.due_us:
                self.wake(workspace)

    async def _start_due(self, dirty: Mapping[str, int]) -> None:
        self._wake_due(dirty)
        await asyncio.sleep(0)  # which lets the new tasks run first

    def wake(self, workspace: str) -> None:
        """Do what is due in a workspace now, or once more where that is under way."""
        if self._stopping:
            return
        timer = self._timers.pop(workspace, None)
        if timer is not None:
            timer.handle.cancel()
        if workspace in self._tasks:
            self._rerun.add(workspace)
            return
        task = asyncio.get_running_loop().create_task(self._do_due(workspace))
        self._tasks[workspace] = task
        task.add_done_callback(lambda _: self._task_done(workspace))

    async def stop(self, *, within_s: float) -> None:
        """Start no more attempts; let those under way finish. What does not finish in time waits in the store."""
        self._stopping = True
        for timer in self._timers.values():
            timer.handle.cancel()
        self._timers.clear()
        self._rerun.clear()
        if self._tasks:
            _, unfinished = await asyncio.wait(self._tasks.values(), timeout=within_s)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    def _task_done(self, workspace: str) -> None:
        self._tasks.pop(workspace, None)
        if workspace in self._rerun:
            self._rerun.discard(workspace)
            self.wake(workspace)

    async def _do_due(self, workspace_id: str) -> None:
        try:
            while not self._stopping:
                with self._lock, self._mock.store.transaction():
                    workspace = self._mock.workspaces.find_cached(workspace_id)
                    if workspace is None:
                        return
                    tasks_done = self._mock.workspaces.run_due(workspace, limit=TASKS_AT_ONCE)
                    delivery = self._take_delivery(workspace) if tasks_done else None
                    if tasks_done and delivery is None:
                        self._set_timer(workspace)
                        return
                if delivery is None:
                    await asyncio.sleep(0)  # many tasks delay no request
                else:
                    await self._deliver(workspace, delivery)
        except Exception:
            logger.exception("%s: its tasks and deliveries cannot be looked after", workspace_id)

    def _take_delivery(self, workspace: Workspace) -> DeliveryRow | None:
        return self._mock.store.deliveries.take_due(workspace.id, microseconds(workspace.clock.now()))

    def _set_timer(self, workspace: Workspace) -> None:
        due_us = self._mock.store.next_due_us(workspace.id)
        if due_us is None or workspace.clock.mode != "real" or self._stopping:
            return
        wait_s = (Clock.at_microseconds(due_us) - workspace.clock.now()).total_seconds()
        loop = asyncio.get_running_loop()
        handle = loop.call_later(min(max(wait_s, 0.001), LONGEST_SLEEP_S), self.wake, workspace.id)
        self._timers[workspace.id] = Timer(due_us, handle)

    async def _deliver(self, workspace: Workspace, row: DeliveryRow) -> None:
        store = self._mock.store
        try:
            delivery = Delivery.from_json(row.value)
            attempt = await self._attempt(workspace, delivery)
        except asyncio.CancelledError:
            with self._lock:
                store.deliveries.put_back(row.seq)
            raise
        except Exception:
            logger.exception("%s: the delivery %s cannot be sent and is given up", workspace.id, row.value["id"])
            with self._lock:
                store.deliveries.update(row.seq, "failed", row.value["due_us"], row.value)
            return
        with self._lock, store.transaction():
            if store.deliveries.is_sending(row.seq):  # else the workspace was reset, restored or deleted meanwhile
                after = self._record(workspace, delivery, attempt)
                store.deliveries.update(row.seq, after.state, after.due_us, after.to_json())

    async def _attempt(self, workspace: Workspace, delivery: Delivery) -> AttemptResult:
        """One attempt, at the moment at which it was due unless the clock is a real one."""
        at = workspace.clock.now() if workspace.clock.mode == "real" else Clock.at_microseconds(delivery.due_us)
        rng_key = f"{delivery.id}-{len(delivery.attempts)}"
        adversary = delivery.adversary
        with self._lock:
            context = self._mock.workspaces.context(workspace, delivery.provider, now=at, rng_key=rng_key)
            policy = self._mock.apps[delivery.provider].provider.webhooks
            if policy is None:
                raise ValueError(f"{delivery.provider} has no webhooks")
            signed = signed_headers(delivery.webhook, adversary, policy, context)
            headers = (*signed, (DELIVERY_HEADER, f"{workspace.id}/{delivery.id}"))
            allowed_hosts = context.outbox.allowed_hosts
        async with self._connections:
            started_ms = stopwatch_ms()
            is_final = False
            try:
                result = await send(
                    delivery.webhook,
                    headers,
                    connection="whole" if delivery.attempts else adversary.connection,
                    timeout_s=policy.timeout_s,
                    allowed_hosts=allowed_hosts,
                    home_port=self.home_port,
                    reaches_loopback=self._reaches_loopback,
                )
            except NotAllowed as error:
                result, is_final = DeliveryResult(error=str(error)), True
        return AttemptResult(at, headers, result, is_final, stopwatch_ms() - started_ms, policy)

    def _record(self, workspace: Workspace, delivery: Delivery, attempt: AttemptResult) -> Delivery:
        """Write an attempt into the journal; returns the delivery after it."""
        at, result = attempt.at, attempt.result
        exchange = self._mock.record_delivery(workspace, delivery, at, attempt.headers, result, attempt.took_ms)
        return delivery.after_attempt(
            DeliveryAttempt(exchange, at.isoformat(), result.status, result.error),
            at_us=microseconds(at),
            retry_after_s=attempt.policy.retry_after_s,
            is_final=attempt.is_final,
        )
