"""The last station of an exchange: completes a response's headers, moves a stepped clock, and writes the journal."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from flowproof.conformance import Finding
from flowproof.exchange import Headers
from flowproof.redaction.known_secrets import SHORTEST_SECRET

from .hooks import MockHooks
from .http.request import WireRequest
from .http.response import WireResponse
from .journal.entries import InboundExchange, WebhookAttempt, compact, secrets_sent
from .journal.journal import ExchangeMeta, Journal, exchange_id
from .metrics import Metrics
from .placement import Arrival
from .provider import Provider
from .time.clock import Clock, microseconds, stopwatch_ms
from .webhooks.model import Delivery, DeliveryResult
from .workspaces import Workspace, Workspaces

__all__ = ["Recorder"]

MICROSECONDS = 1_000_000  # of a second


class Recorder:
    """
    Records exchanges, each in the transaction that its caller has begun.

    Args:
        journal: Where they are written.
        workspaces: Of the server.
        hooks: Of the mock.
        metrics: Where they are counted.
    """

    def __init__(self, journal: Journal, workspaces: Workspaces, hooks: MockHooks, metrics: Metrics) -> None:
        self._journal = journal
        self._workspaces = workspaces
        self._hooks = hooks
        self._metrics = metrics

    def record(
        self,
        arrival: Arrival,
        workspace: Workspace,
        now: datetime,
        response: WireResponse,
        findings: Sequence[Finding],
        note: str = "",
    ) -> WireResponse:
        """
        Record an exchange.

        Args:
            arrival: The request.
            workspace: Where it belongs, as it is now.
            now: The moment of the exchange on the workspace's clock.
            response: As its provider renders it; status 0 where a reset left the request without one.
            findings: Why it was refused, or how the response breaks the contract.
            note: A longer explanation.

        Returns:
            The response that the client gets: with our own headers, and past the mock's answer filter.
        """
        headers = (
            *response.headers,
            ("Date", _date(microseconds(now) // MICROSECONDS)),
            ("Flowproof-Exchange", arrival.id),
        )
        if response.requirement:
            headers = (*headers, ("Flowproof-Requirement", response.requirement))
        response = WireResponse(response.status, compact(response.body), headers, response.requirement)
        app, request = arrival.app, arrival.request
        operation = arrival.match.operation.id if arrival.match else None
        if self._hooks.answer_filter is not None:
            response = self._hooks.answer_filter(app.provider.slug, operation, response, findings)
        if workspace.clock.mode == "stepped":
            current = self._workspaces.find(workspace.id) or workspace
            self._workspaces.save(replace(current, clock=current.clock.after_exchange()))
        entry = InboundExchange(
            provider=app.provider,
            redactor=app.redactor,
            operation=operation,
            wire=request.wire,
            path=request.path,
            answer=response,
            findings=tuple(findings),
            note=note,
            faults=tuple(plan for plan, _ in arrival.faults),
        )
        took_ms, secrets = stopwatch_ms() - arrival.started_ms, self.secrets(arrival, workspace)
        refused_for = {each.requirement for each in findings if each.requirement} if findings else ()
        self._metrics.count_request(app.provider.slug, operation, response.status, took_ms, refused_for)
        meta = ExchangeMeta(workspace.id, arrival.number, now, took_ms, workspace.clock.mode)
        self._journal.write(meta, entry, secrets, at_once=not entry.is_short)
        return response

    def record_observed(
        self,
        arrival: Arrival,
        workspace: Workspace,
        wire: WireRequest,
        answer: WireResponse,
        findings: Sequence[Finding],
        note: str,
        secrets: frozenset[str],
    ) -> None:
        """Record an exchange that a proxy has forwarded, as it was."""
        app, match = arrival.app, arrival.match
        entry = InboundExchange(
            provider=app.provider,
            redactor=app.redactor,
            operation=match.operation.id if match else None,
            wire=wire,
            path=arrival.request.path,
            answer=answer,
            findings=tuple(findings),
            note=note,
            faults=tuple(plan for plan, _ in arrival.faults),
        )
        took_ms, clock = stopwatch_ms() - arrival.started_ms, workspace.clock
        meta = ExchangeMeta(workspace.id, arrival.number, clock.now(), took_ms, clock.mode)
        self._journal.write(meta, entry, self.secrets(arrival, workspace) | secrets, at_once=True)

    def record_delivery(
        self,
        workspace: Workspace,
        delivery: Delivery,
        provider: Provider,
        at: datetime,
        headers: Headers,
        result: DeliveryResult,
        duration_ms: float,
    ) -> str:
        """Record one attempt to deliver a webhook; returns the id of the exchange."""
        self._metrics.count_webhook(provider.slug, str(result.status or "failed"))
        number = self._workspaces.store.exchanges.next_number(workspace.id)
        known, _ = self._workspaces.secrets(workspace, provider.slug)
        secrets = known | secrets_sent(provider, headers)
        meta = ExchangeMeta(workspace.id, number, at, duration_ms, workspace.clock.mode)
        self._journal.write(meta, WebhookAttempt(provider, delivery, headers, result), secrets, at_once=True)
        return exchange_id(workspace.id, number)

    def secrets(self, arrival: Arrival, workspace: Workspace) -> frozenset[str]:
        """The workspace's secrets, and a key that is none of its own: that may be a secret sent in a key's place."""
        key = arrival.key
        secrets, keys = self._workspaces.secrets(workspace, arrival.app.provider.slug)
        is_unknown = key is not None and len(key) >= SHORTEST_SECRET and key not in keys
        return secrets | {key} if key is not None and is_unknown else secrets


@lru_cache(maxsize=64)
def _date(second: int) -> str:
    """A second since 1970 as RFC 9110 writes a date."""
    return format_datetime(Clock.at_microseconds(second * MICROSECONDS), usegmt=True)
