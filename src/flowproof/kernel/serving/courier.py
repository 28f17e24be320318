"""
Does what has become due: tasks and webhook deliveries, workspace by workspace, on each workspace's own clock.

It runs on the event loop and blocks nothing: where the state is a database that several servers share, it uses the
mocks in threads. Within a workspace deliveries are sent one after the other, in the order
in which they are due; workspaces do not wait for each other. On a real clock it wakes by itself; on a frozen or stepped
one when the clock is moved, and then every attempt happens at the moment at which it was due. It uses the mocks only
under the lock, which it never holds while it waits for a receiver.

Servers that share a database each look after what they have changed themselves; once a second each looks for what
nobody looks after, since a server may have ended. Whoever claims a workspace first does what is due in it.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent import futures
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from flowproof.errors import StoreError, StoreUnavailable
from flowproof.exchange import Headers
from flowproof.kernel.mock import Mock
from flowproof.kernel.state.damage import loaded
from flowproof.kernel.state.rows import DeliveryRow
from flowproof.kernel.time.clock import Clock, microseconds, stopwatch_ms
from flowproof.kernel.webhooks.model import DELIVERY_HEADER, Delivery, DeliveryAttempt, DeliveryResult
from flowproof.kernel.webhooks.policy import WebhookPolicy, signed_headers
from flowproof.kernel.workspaces import Workspace

from .sending import NotAllowed, send
from .threads import COURIER_THREADS, DatabaseThreads

__all__ = ["Courier"]

logger = logging.getLogger("flowproof.courier")

TASKS_A_TURN = 4  # where the loop does them: a request waits for no more, and an order leaves two
TASKS_A_TRANSACTION = 10  # where a thread does them, and a database takes round trips for each transaction
SHORTEST_SLEEP_S, LONGEST_SLEEP_S = 0.01, 3600.0  # a look finds what many requests have left, not one for each
START_TIMEOUT_S = 2.0
MOST_AT_ONCE = 256  # connections, of all workspaces together
SWEEP_S = 1.0
OVERDUE_US = 1_000_000  # until what is due and cannot be done here is looked at again
SWEPT_AT_ONCE = 200  # workspaces
BUSY_S, LONGEST_BUSY_S = 0.02, 0.5  # until a workspace that another server has is tried again
RETRY_S, LONGEST_RETRY_S = 0.2, 5.0  # until what came of an attempt is written again, while the database is away
Result = TypeVar("Result")


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


@dataclass(frozen=True, slots=True)
class DueWork:
    """
    What a look at a workspace has found.

    Args:
        workspace: As it is; None where there is none of that id.
        delivery: The one that is to be sent now.
        next_due_us: When something is due next, in microseconds since 1970 on the workspace's clock.
        is_busy: Another server has the workspace.
        has_tasks: There are more tasks that are due.
    """

    workspace: Workspace | None
    delivery: DeliveryRow | None = None
    next_due_us: int | None = None
    is_busy: bool = False
    has_tasks: bool = False


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

    ``home_ports`` are the server's own ports on loopback, to which no webhook is sent.
    """

    def __init__(self, mock: Mock, lock: AbstractContextManager[object], *, reaches_loopback: bool = True) -> None:
        self.home_ports: frozenset[int] = frozenset()
        self._mock = mock
        self._lock = lock
        self._threads = None if mock.store.sharing is None else DatabaseThreads(COURIER_THREADS)
        self._tasks_at_once = TASKS_A_TURN if self._threads is None else TASKS_A_TRANSACTION
        self._sweeper: asyncio.Task[None] | None = None
        self._reaches_loopback = reaches_loopback
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}  # by workspace
        self._rerun: set[str] = set()  # workspaces that were woken while their task ran
        self._lost: dict[str, int] = {}  # by workspace, a delivery that was taken, which the database could not answer
        self._timers: dict[str, Timer] = {}
        self._errors: dict[str, str] = {}  # the last one of each workspace, which is logged once; "" is the sweep's
        self._connections = asyncio.Semaphore(MOST_AT_ONCE)
        self._stopping = False

    def start(self) -> None:
        """Take up what an earlier server has left in the state. Needs a running event loop."""
        self._stopping = False
        with self._lock:
            with self._mock.store.transaction():
                self._mock.store.deliveries.put_back_all()
            waiting = self._mock.store.workspaces_with_work() if self._mock.store.sharing is None else ()
        for workspace in waiting:
            self.wake(workspace)
        self._loop = asyncio.get_running_loop()
        if self._mock.store.sharing is not None:
            self._sweeper = self._loop.create_task(self._sweep())

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
        """
        Look after workspaces in which something is due, by id with the moment.

        Where a real clock is known not to have come to it, that needs no look at the state, only a timer.
        """
        for workspace_id, due_us in dirty.items():
            timer = self._timers.get(workspace_id)
            if timer is not None and timer.due_us <= due_us:
                continue
            workspace = self._mock.workspaces.seen(workspace_id) if due_us else None
            if workspace is None or workspace.clock.mode != "real" or due_us <= microseconds(workspace.clock.now()):
                self.wake(workspace_id)
            else:
                self._set_timer(workspace, due_us)

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
        if self._sweeper is not None:
            self._sweeper.cancel()
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

    async def _use(self, step: Callable[..., Result], *arguments: object) -> Result:
        """Run a step that uses the mocks: here under the lock, or in a thread where it waits for a database."""
        if self._threads is not None:
            return await self._threads.run(step, *arguments)
        with self._lock:
            return step(*arguments)

    async def _sweep(self) -> None:
        """Look again and again for what is due and nobody looks after."""
        while not self._stopping:
            try:
                neglected, taken = await self._use(self._look_around)
                self._take_up(taken)
                for workspace in neglected:
                    self.wake(workspace)
                self._errors.pop("", None)
            except StoreError as error:
                self._log_once("", f"what is due cannot be looked for: {error}")
            await asyncio.sleep(SWEEP_S)

    def _look_around(self) -> tuple[Sequence[str], Sequence[tuple[str, int]]]:
        """Workspaces that nobody looks after, and what this server is said to be sending."""
        sharing = self._mock.store.sharing
        if sharing is None:
            return (), ()
        sharing.put_back_abandoned()
        return sharing.due_workspaces(limit=SWEPT_AT_ONCE), sharing.taken()

    def _take_up(self, taken: Sequence[tuple[str, int]]) -> None:
        """
        Find deliveries that were taken without our knowing it: the connection broke off before the commit was answered.

        A workspace's task alone takes and sends, so where none runs nothing is being sent.
        """
        for workspace, seq in taken:
            if workspace not in self._tasks and not self._stopping:
                self._lost[workspace] = seq
                self.wake(workspace)

    async def _do_due(self, workspace_id: str) -> None:
        busy_s = BUSY_S
        lost = self._lost.pop(workspace_id, None)
        try:
            if lost is not None:
                await self._use(self._mock.store.deliveries.put_back, lost)
            while not self._stopping:
                work = await self._use(self._take_work, workspace_id)
                self._errors.pop(workspace_id, None)
                if work.is_busy:
                    await asyncio.sleep(busy_s)
                    busy_s = min(2 * busy_s, LONGEST_BUSY_S)
                elif work.workspace is None:
                    return
                elif work.delivery is not None:
                    await self._deliver(work.workspace, work.delivery)
                elif work.has_tasks:
                    await asyncio.sleep(0)  # many tasks delay no request
                else:
                    self._set_timer(work.workspace, work.next_due_us)
                    return
        except StoreError as error:
            self._log_once(workspace_id, f"{workspace_id}: its tasks and deliveries cannot be looked after: {error}")
        except Exception:
            logger.exception("%s: its tasks and deliveries cannot be looked after", workspace_id)

    def _log_once(self, workspace_id: str, error: str) -> None:
        """Log an error of a workspace, unless it is the same again: a sweep meets what is damaged once a second."""
        if self._errors.get(workspace_id) != error:
            self._errors[workspace_id] = error
            logger.error("%s", error)

    def _take_work(self, workspace_id: str) -> DueWork:
        """Run the tasks that are due; where none is left, take a delivery that is due."""
        store = self._mock.store
        with store.transaction():
            if not store.try_claim(workspace_id):
                return DueWork(None, is_busy=True)
            workspace = self._mock.workspaces.claim(workspace_id)
            if workspace is None:
                return DueWork(None)
            now_us = microseconds(workspace.clock.now())
            if not self._mock.workspaces.run_due(workspace, limit=self._tasks_at_once):
                return DueWork(workspace, has_tasks=True)
            due_us = store.next_due_us(workspace.id)
            if due_us is None or due_us > now_us:
                return DueWork(workspace, next_due_us=due_us)
            delivery = store.deliveries.take_due(workspace.id, now_us)
            # without one, what is due are tasks of a provider that this server does not have
            return DueWork(workspace, delivery, next_due_us=now_us + OVERDUE_US)

    def _set_timer(self, workspace: Workspace, due_us: int | None) -> None:
        """Look again at that moment, unless that happens earlier."""
        if due_us is None or workspace.clock.mode != "real" or self._stopping:
            return
        timer = self._timers.get(workspace.id)
        if timer is not None:
            if timer.due_us <= due_us:
                return
            timer.handle.cancel()
        wait_s = (Clock.at_microseconds(due_us) - workspace.clock.now()).total_seconds()
        loop = asyncio.get_running_loop()
        handle = loop.call_later(min(max(wait_s, SHORTEST_SLEEP_S), LONGEST_SLEEP_S), self.wake, workspace.id)
        self._timers[workspace.id] = Timer(due_us, handle)

    async def _deliver(self, workspace: Workspace, row: DeliveryRow) -> None:
        deliveries = self._mock.store.deliveries
        try:
            delivery = _delivery(row)
            attempt = await self._attempt(workspace, delivery)
        except asyncio.CancelledError:
            with self._lock:
                deliveries.put_back(row.seq)
            raise
        except StoreUnavailable:  # before it was sent
            await self._until_written(workspace, deliveries.put_back, row.seq)
            return
        except StoreError as error:
            logger.error("%s: a delivery cannot be sent and is given up: %s", workspace.id, error)
            await self._until_written(workspace, deliveries.give_up, row.seq)
            return
        except Exception:
            logger.exception("%s: a delivery cannot be sent and is given up", workspace.id)
            await self._until_written(workspace, deliveries.give_up, row.seq)
            return
        await self._until_written(workspace, self._write_attempt, workspace, row.seq, delivery, attempt)

    async def _until_written(self, workspace: Workspace, step: Callable[..., None], *arguments: object) -> None:
        """Write what came of an attempt; again and again while a database is away, else it would be sent once more."""
        pause_s = RETRY_S
        while True:
            try:
                return await self._use(step, *arguments)
            except StoreUnavailable as error:
                if self._stopping:
                    raise
                logger.error("%s: what came of a delivery cannot be written yet: %s", workspace.id, error)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_RETRY_S)

    def _write_attempt(self, workspace: Workspace, seq: int, delivery: Delivery, attempt: AttemptResult) -> None:
        store = self._mock.store
        with store.transaction():
            store.claim(workspace.id)
            if store.deliveries.is_sending(seq):  # else the workspace was reset, restored or deleted meanwhile
                after = self._record(workspace, delivery, attempt)
                store.deliveries.update(seq, after.state, after.due_us, after.to_json())

    async def _attempt(self, workspace: Workspace, delivery: Delivery) -> AttemptResult:
        """One attempt, at the moment at which it was due unless the clock is a real one."""
        at = workspace.clock.now() if workspace.clock.mode == "real" else Clock.at_microseconds(delivery.due_us)
        policy = self._mock.apps[delivery.provider].provider.webhooks
        if policy is None:
            raise ValueError(f"{delivery.provider} has no webhooks")
        headers, allowed_hosts = await self._use(self._prepare, workspace, delivery, policy, at)
        async with self._connections:
            started_ms = stopwatch_ms()
            is_final = False
            try:
                result = await send(
                    delivery.webhook,
                    headers,
                    connection="whole" if delivery.attempts else delivery.adversary.connection,
                    timeout_s=policy.timeout_s,
                    allowed_hosts=allowed_hosts,
                    home_ports=self.home_ports,
                    reaches_loopback=self._reaches_loopback,
                )
            except NotAllowed as error:
                result, is_final = DeliveryResult(error=str(error)), True
        return AttemptResult(at, headers, result, is_final, stopwatch_ms() - started_ms, policy)

    def _prepare(
        self, workspace: Workspace, delivery: Delivery, policy: WebhookPolicy, at: datetime
    ) -> tuple[Headers, Sequence[str]]:
        """The signed headers of an attempt, and the hosts to which the workspace may deliver."""
        rng_key = f"{delivery.id}-{len(delivery.attempts)}"
        context = self._mock.workspaces.context(workspace, delivery.provider, now=at, rng_key=rng_key)
        signed = signed_headers(delivery.webhook, delivery.adversary, policy, context)
        headers = (*signed, (DELIVERY_HEADER, f"{workspace.id}/{delivery.id}"))
        return headers, context.outbox.allowed_hosts

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


def _delivery(row: DeliveryRow) -> Delivery:
    """
    The delivery of a row.

    Raises:
        StoreError: The row is damaged.
    """
    try:
        return Delivery.from_json(loaded(row.body, "a delivery"))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise StoreError("a delivery is damaged: restore a copy of the state, or delete it") from error
