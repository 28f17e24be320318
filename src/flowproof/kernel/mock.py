"""
A mock server without a socket: requests in, responses out.

    handle   place (placement.py), process, record (recorder.py), in one transaction
    process  admit → tasks that are due → status fault → the provider's stations (app.py); a refusal is rendered

A request that a fault plan hits is only placed by ``handle``. Whoever holds the socket waits or breaks the connection
as the plan says, and then calls ``resume``; so a fault that waits delays no other request.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import assert_never

from flowproof.conformance import Finding
from flowproof.errors import StoreUnavailable
from flowproof.exchange import Headers
from flowproof.redaction.journal_entries import redact_text

from . import refusals
from .app import ProviderApp
from .faults.effects import InsteadOfAnswer, Status
from .hooks import MockHooks
from .http.problem import problem
from .http.request import WireRequest
from .http.response import WireResponse
from .journal.entries import redact_finding
from .journal.journal import Journal
from .metrics import Metrics
from .placement import Arrival, Placement
from .recorder import Recorder
from .refusals import Refusal
from .state.protocol import Store
from .webhooks.model import Delivery, DeliveryResult
from .workspaces import Workspace, Workspaces

__all__ = ["Arrival", "Mock"]

logger = logging.getLogger("flowproof.mock")


class Mock:
    """
    All providers, all workspaces.

    Args:
        apps: One application a provider.
        store: Where state and journal live.
        rng: What ids and credentials of new workspaces are drawn from.
        journal_keep: How many exchanges are kept of each workspace.

    ``hooks`` lets a test tool watch or change answers and findings; ``metrics`` counts what this process has served.
    """

    def __init__(self, apps: Iterable[ProviderApp], store: Store, rng: Random, *, journal_keep: int = 500) -> None:
        self.hooks = MockHooks()
        self.apps: Mapping[str, ProviderApp] = {app.provider.slug: app for app in apps}
        self.store = store
        providers = {slug: app.provider for slug, app in self.apps.items()}
        contracts = {slug: app.contract for slug, app in self.apps.items()}
        self.workspaces = Workspaces(store, providers, contracts, rng, self.hooks)
        self.journal = Journal(store, keep=journal_keep)
        self._placement = Placement(self.apps, self.workspaces)
        self.metrics = Metrics()
        self._recorder = Recorder(self.journal, self.workspaces, self.hooks, self.metrics)
        self.workspaces.ensure_default()

    def handle(self, wire: WireRequest) -> Arrival | WireResponse:
        """
        Place and process a request, in one transaction.

        Returns:
            The response; or the arrival of a request that a fault plan hits, for which :meth:`resume` is still to be
            called.
        """
        with self.store.transaction():
            placed = self._placement.place(wire)
            if isinstance(placed, WireResponse) or placed.faults:
                return placed
            return self._process_or_refuse(placed, placed.workspace)

    def resume(self, arrival: Arrival) -> WireResponse:
        """Process a request that :meth:`handle` has placed and a fault plan has held up, in a second transaction."""
        with self.store.transaction():
            workspace = self.workspaces.claim(arrival.workspace.id)
            if workspace is None:
                return problem(404, "No such workspace", f"Workspace {arrival.workspace.id} was deleted meanwhile.")
            return self._process_or_refuse(arrival, workspace)

    def record_reset(self, arrival: Arrival) -> None:
        """Record a request that a reset kept from being processed."""
        with self.store.transaction():
            workspace = self.workspaces.claim(arrival.workspace.id)
            if workspace is None:
                return
            nothing = WireResponse(0, b"", ())
            self._recorder.record(arrival, workspace, workspace.clock.now(), nothing, (), note="reset by a fault plan")

    def record_delivery(
        self,
        workspace: Workspace,
        delivery: Delivery,
        at: datetime,
        headers: Headers,
        result: DeliveryResult,
        duration_ms: float,
    ) -> str:
        """Record one attempt to deliver a webhook; returns the id of the exchange."""
        with self.store.transaction():
            provider = self.apps[delivery.provider].provider
            return self._recorder.record_delivery(workspace, delivery, provider, at, headers, result, duration_ms)

    def has_host(self, wire: WireRequest) -> bool:
        """Whether a request is to one of the providers' own hosts."""
        return self._placement.has_host(wire)

    def _process_or_refuse(self, arrival: Arrival, workspace: Workspace) -> WireResponse:
        """
        Process and record one exchange.

        What a refused or failed request did is rolled back; what was counted and recorded of it stays.
        """
        now = workspace.clock.now()
        try:
            self._admit(arrival, workspace, now)
            with self.store.savepoint():
                if workspace.clock.mode != "real":  # what is due on a real clock is the courier's, in the background
                    self.workspaces.run_due(workspace)
                response, findings = self._process(arrival, workspace, now)
                recorded = self._recorder.record(arrival, workspace, now, response, findings)
        except Refusal as refusal:
            recorded = self._refuse(arrival, workspace, now, refusal)
        except StoreUnavailable:  # which whoever has the socket answers
            raise
        except Exception:
            logger.exception("%s: the mock failed while it answered", arrival.id)
            recorded = self._refuse(arrival, workspace, now, refusals.BrokenMock())
        return recorded

    def _admit(self, arrival: Arrival, workspace: Workspace, now: datetime) -> None:
        provider = arrival.app.provider
        if provider.admit is not None:
            provider.admit(arrival.request, self.workspaces.context(workspace, provider.slug, now=now, rng_key="admit"))

    def _process(self, arrival: Arrival, workspace: Workspace, now: datetime) -> tuple[WireResponse, Sequence[Finding]]:
        for plan, _ in arrival.faults:
            effect = plan.effect
            if isinstance(effect, InsteadOfAnswer):
                finding = Finding("response.status", "", "the operation's own answer", f"fault plan {plan.id}")
                match effect:
                    case Status():
                        raise refusals.FaultInjected(
                            [finding], status=effect.status, retry_after_s=effect.retry_after_s
                        )
                    case _:
                        assert_never(effect)
        slug, rng_key = arrival.app.provider.slug, str(arrival.number)
        context = self.workspaces.context(workspace, slug, now=now, rng_key=rng_key, has_own_rng_key=True)
        return arrival.app.process(arrival.request, context, arrival.match)

    def _refuse(self, arrival: Arrival, workspace: Workspace, now: datetime, refusal: Refusal) -> WireResponse:
        """Render a refusal in the provider's words, log why, and record it."""
        refusal.rng_key = f"{workspace.seed}/{arrival.app.provider.slug}/{arrival.number}"
        response = arrival.app.provider.render(refusal)
        refusal.findings = tuple(redact_finding(each, arrival.app.redactor) for each in refusal.findings)
        cited = response.requirement or next((each.requirement for each in refusal.findings if each.requirement), None)
        response = replace(response, requirement=cited)
        secrets = self._recorder.secrets(arrival, workspace)
        summary = f"{arrival.request.method} {arrival.request.path} answered {response.status}: {refusal}"
        logger.info("%s %s", arrival.id, redact_text(summary, secrets))
        if refusal.afterwards is not None:
            refusal.afterwards()
        note = refusal.note
        if callable(note):
            self.journal.explain_later(arrival.id, lambda: redact_text(note(), secrets))
        text = "" if callable(note) else note
        return self._recorder.record(arrival, workspace, now, response, refusal.findings, note=text)
