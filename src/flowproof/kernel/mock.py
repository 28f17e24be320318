"""
A mock server without a socket: requests in, responses out.

    handle   place (placement.py), process, record (recorder.py), in one transaction
    process  admit → tasks that are due → status fault → the provider's stations (app.py); a refusal is rendered

A request that a fault plan hits is only placed by ``handle``. Whoever holds the socket waits or breaks the connection
as the plan says, and then calls ``resume``; so a fault that waits delays no other request.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from random import Random
from typing import assert_never

from flowproof.conformance import Finding
from flowproof.errors import StoreConflict, StoreError
from flowproof.exchange import Headers, header
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
from .observation import Observation
from .placement import Arrival, Placement
from .recorder import Recorder
from .refusals import Refusal
from .state.protocol import Store
from .webhooks.model import Delivery, DeliveryResult
from .workspaces import Workspace, Workspaces

__all__ = ["Arrival", "Mock"]

logger = logging.getLogger("flowproof.mock")

LONGEST_LOGGED = 4000  # characters of a line


class Mock:
    """
    All providers, all workspaces.

    Args:
        apps: One application a provider.
        store: Where state and journal live.
        rng: What ids and credentials of new workspaces are drawn from.
        journal_keep: How many exchanges are kept of each workspace.
        shared: The server can be reached from other machines.

    ``hooks`` lets a test tool watch or change answers and findings; ``metrics`` counts what this process has served;
    ``addresses`` has the base URLs, by slug, of providers that clients reach elsewhere, through a proxy.
    """

    def __init__(
        self, apps: Iterable[ProviderApp], store: Store, rng: Random, *, journal_keep: int = 500, shared: bool = False
    ) -> None:
        self.hooks = MockHooks()
        self.addresses: dict[str, str] = {}
        self.apps: Mapping[str, ProviderApp] = {app.provider.slug: app for app in apps}
        self.store = store
        providers = {slug: app.provider for slug, app in self.apps.items()}
        contracts = {slug: app.contract for slug, app in self.apps.items()}
        self.journal = Journal(store, keep=journal_keep)
        self.workspaces = Workspaces(store, providers, contracts, rng, self.hooks, self.journal.note, shared=shared)
        self._placement = Placement(self.apps, self.workspaces)
        self.metrics = Metrics()
        self._recorder = Recorder(self.journal, self.workspaces, self.hooks, self.metrics)
        self.observation = Observation(self._placement, self._recorder, self.workspaces, self._process, self._render)
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

    def refuse(self, wire: WireRequest, status: int, reason: str) -> WireResponse:
        """
        Refuse and record what cannot be read as a request.

        Args:
            wire: As much of it as could be read.
            status: Such as 400 or 431.
            reason: What is wrong, for people.

        Returns:
            The response, in the provider's words where target or host name a provider; else a problem document.
        """
        with self.store.transaction():
            placed = self._placement.place(wire, counts_faults=False)
            if isinstance(placed, WireResponse):
                return problem(status, "Unreadable request", reason)
            finding = Finding("request", "", "an HTTP/1.1 request that the server reads", reason, keyword="http")
            refusal = refusals.UnreadableRequest([finding], note=reason, status=status)
            return self._refuse(placed, placed.workspace, placed.workspace.clock.now(), refusal)

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

    @property
    def hosts(self) -> Collection[str]:
        """The providers' own hosts, in lower case."""
        return self._placement.hosts

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
        except Exception as error:
            if isinstance(error, StoreError) and not isinstance(error, StoreConflict):
                raise  # the state cannot be read or written, which is no answer of the provider's
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
        context = self.workspaces.context(
            workspace, slug, now=now, rng_key=rng_key, has_own_rng_key=True, exchange=arrival.id
        )
        request = arrival.request
        if self.hooks.request_filter is not None:
            request = self.hooks.request_filter(slug, arrival.match.operation.id if arrival.match else None, request)
        return arrival.app.process(request, context, arrival.match)

    def _render(self, arrival: Arrival, refusal: Refusal) -> WireResponse:
        """A refusal in the provider's own words."""
        refusal.rng_key = f"{arrival.workspace.rng_root}/{arrival.app.provider.slug}/{arrival.number}"
        refusal.operation = arrival.match.operation.id if arrival.match else ""
        refusal.wants_page = "text/html" in (arrival.request.header("accept") or "").lower()
        return arrival.app.provider.render(refusal)

    def _refuse(self, arrival: Arrival, workspace: Workspace, now: datetime, refusal: Refusal) -> WireResponse:
        """Render a refusal in the provider's words, log why, and record it."""
        from .hints import add_hints  # noqa: PLC0415 (nothing needs it until a request is refused)

        response = self._render(arrival, refusal)
        add_hints(refusal, arrival.request, arrival.match, arrival.app.contract)
        refusal.findings = tuple(redact_finding(each, arrival.app.redactor) for each in refusal.findings)
        cited = response.requirement or next((each.requirement for each in refusal.findings if each.requirement), None)
        if response.status == HTTPStatus.METHOD_NOT_ALLOWED and header(response.headers, "allow") is None:
            # RFC 9110, 15.5.6, demands it; the body alone is the provider's
            allow = ("Allow", ", ".join(arrival.app.allowed_methods(arrival.request)))
            response = replace(response, headers=(*response.headers, allow))
        response = replace(response, requirement=cited)
        secrets = self._recorder.secrets(arrival, workspace)
        path = arrival.request.path[:LONGEST_LOGGED]
        summary = f"{arrival.request.method} {path} answered {response.status}: {refusal}"
        logger.info("%s %s", arrival.id, redact_text(summary, secrets)[:LONGEST_LOGGED])
        if refusal.afterwards is not None:
            refusal.afterwards()
        note = refusal.note
        if callable(note):
            self.journal.explain_later(arrival.id, lambda: redact_text(note(), secrets))
        text = "" if callable(note) else note
        return self._recorder.record(arrival, workspace, now, response, refusal.findings, note=text)
