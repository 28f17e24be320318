"""
Does what has become due: tasks and webhook deliveries, workspace by workspace, on each workspace's own clock.

It runs on the event loop and blocks nothing. Within a workspace deliveries go one after the other, in the order in
which they are due; workspaces do not wait for each other. On a real clock it wakes by itself; on a frozen or stepped
one when the clock is moved, and then every attempt happens at the moment at which it was due.
"""

import asyncio
import logging
from dataclasses import replace
from datetime import datetime
from typing import Any

from flowproof.kernel.clock import Clock, microseconds, stopwatch_ms
from flowproof.kernel.mock import Mock
from flowproof.kernel.webhooks import Attempt, Delivery, Sent, WebhookPolicy, signed_headers
from flowproof.kernel.workspaces import Workspace
from flowproof.kernel.world import World

from .sending import NotAllowed, send

__all__ = ["Courier"]

logger = logging.getLogger("flowproof.courier")

LONGEST_SLEEP_S = 3600.0


class Courier:
    """
    The background worker of a server.

    Args:
        mock: Whose workspaces are looked after.
    """

    def __init__(self, mock: Mock) -> None:
        self._mock = mock
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._alarms: dict[str, asyncio.TimerHandle] = {}

    def start(self) -> None:
        """Take up what an earlier server has left in the state file. Needs a running event loop."""
        with self._mock.store.transaction():
            self._mock.store.recall_deliveries()
        for workspace in self._mock.store.workspaces_with_work():
            self.wake(workspace)

    def wake_touched(self) -> None:
        """Look after the workspaces whose clock, tasks or deliveries have changed."""
        for workspace in self._mock.store.take_touched():
            self.wake(workspace)

    def wake(self, workspace: str) -> None:
        """Look after a workspace now, or once more when it is being looked after."""
        if workspace in self._busy:
            self._again.add(workspace)
            return
        task = asyncio.get_running_loop().create_task(self._look_after(workspace))
        self._busy[workspace] = task
        task.add_done_callback(lambda _: self._looked_after(workspace))

    async def stop(self, *, within_s: float = 2.0) -> None:
        """Let attempts under way finish; what does not finish in time waits in the store."""
        for alarm in self._alarms.values():
            alarm.cancel()
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
        while True:
            workspace = self._mock.workspaces.find(workspace_id)
            if workspace is None:
                return
            with self._mock.store.transaction():
                self._mock.workspaces.run_due(workspace)
                due = self._mock.store.take_due_delivery(workspace.id, microseconds(workspace.clock.now()))
            if due is None:
                self._set_alarm(workspace)
                return
            await self._deliver(workspace, Delivery.from_json(due))

    def _set_alarm(self, workspace: Workspace) -> None:
        before = self._alarms.pop(workspace.id, None)
        if before is not None:
            before.cancel()
        due_us = self._mock.store.next_due(workspace.id)
        if due_us is None or workspace.clock.mode != "real":
            return
        wait_s = (Clock.at_microseconds(due_us) - workspace.clock.now()).total_seconds()
        loop = asyncio.get_running_loop()
        self._alarms[workspace.id] = loop.call_later(min(max(wait_s, 0.001), LONGEST_SLEEP_S), self.wake, workspace.id)

    async def _deliver(self, workspace: Workspace, delivery: Delivery) -> None:
        store = self._mock.store
        try:
            tried = await self._tried(workspace, delivery)
        except asyncio.CancelledError:
            store.update_delivery(workspace.id, delivery.id, "pending", delivery.due_us, delivery.to_json())
            raise
        except Exception:
            logger.exception("%s: delivery %s failed", workspace.id, delivery.id)
            tried = replace(delivery, state="failed")
        store.update_delivery(workspace.id, tried.id, tried.state, tried.due_us, tried.to_json())

    async def _tried(self, workspace: Workspace, delivery: Delivery) -> Delivery:
        """One attempt, at the moment at which it was due unless the clock is a real one."""
        at = workspace.clock.now() if workspace.clock.mode == "real" else Clock.at_microseconds(delivery.due_us)
        moment = f"{delivery.id}-{len(delivery.attempts)}"
        world = self._mock.workspaces.world(workspace, delivery.provider, now=at, moment=moment)
        policy = world.webhooks
        if policy is None:
            return replace(delivery, state="failed")
        adversary = delivery.adversary
        headers = signed_headers(delivery.webhook, adversary, policy, world)
        started_ms = stopwatch_ms()
        try:
            sent, hopeless = (
                await send(
                    delivery.webhook,
                    headers,
                    connection="whole" if delivery.attempts else adversary.connection,
                    timeout_s=policy.timeout_s,
                    allowed_hosts=self._allowed_hosts(world),
                ),
                False,
            )
        except NotAllowed as error:
            sent, hopeless = Sent(error=str(error)), True
        return self._recorded(workspace, delivery, policy, at, headers, sent, hopeless, stopwatch_ms() - started_ms)

    def _allowed_hosts(self, world: World) -> frozenset[str]:
        return frozenset(world.state.store.get(world.state.workspace, "flowproof", "webhooks", "allowed_hosts") or ())

    def _recorded(
        self,
        workspace: Workspace,
        delivery: Delivery,
        policy: WebhookPolicy,
        at: datetime,
        headers: Any,
        sent: Sent,
        hopeless: bool,
        duration_ms: float,
    ) -> Delivery:
        exchange = self._mock.record_attempt(workspace, delivery, at, headers, sent, duration_ms)
        attempt = Attempt(exchange, at.isoformat(), sent.status, sent.error)
        accepted = 200 <= sent.status < 300
        return delivery.tried(attempt, policy, at_us=microseconds(at), accepted=accepted, hopeless=hopeless)
