"""
A mock server without a socket: requests in, answers out. Which provider, workspace, faults, and the journal.

``arrive`` finds out where a request belongs and what is to go wrong with it; whoever holds the socket then waits, or
breaks the connection, and calls ``answer`` in between. So a fault that waits holds up nobody else.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from random import Random
from typing import NamedTuple

from flowproof.conformance import Finding, Match
from flowproof.exchange import Headers

from . import refusals
from .app import ProviderApp
from .faults.plans import FaultPlan, Latency, Reset, Status
from .http.problem import problem
from .http.request import ProviderRequest, WireRequest
from .http.response import WireResponse
from .journal.entries import Inbound, Outbound, compact, secrets_sent
from .journal.journal import Journal, Kept, exchange_id
from .redaction import scrubbed
from .refusals import Refusal
from .state.store import Store
from .time.clock import stopwatch_ms
from .webhooks.delivery import Delivery, Sent
from .workspaces import DEFAULT, Workspace, Workspaces, fired

__all__ = ["Arrival", "Mock"]

logger = logging.getLogger("flowproof.mock")
SHORTEST_SECRET = 8


class Arrival(NamedTuple):
    """
    A request that has been placed.

    Args:
        app: The provider's application.
        workspace: Where it belongs.
        key: The key of the credential that it presents, if any.
        number: Its number among the workspace's exchanges.
        request: As the provider would have got it.
        match: The operation, or None where the contract has none for it.
        faults: The plans that hit it, each with its chance.
        started_ms: Reading of the stopwatch.
    """

    app: ProviderApp
    workspace: Workspace
    key: str | None
    number: int
    request: ProviderRequest
    match: Match | None
    faults: Sequence[tuple[FaultPlan, Random]]
    started_ms: float

    @property
    def id(self) -> str:
        """Id of the exchange."""
        return exchange_id(self.workspace.id, self.number)

    def wait_s(self) -> float:
        """How long the answer is to wait, in seconds."""
        return sum(plan.effect.drawn_s(rng) for plan, rng in self.faults if isinstance(plan.effect, Latency))

    def breaks_before(self) -> Reset | None:
        """The reset that comes before the request is processed."""
        resets = (plan.effect for plan, _ in self.faults if isinstance(plan.effect, Reset))
        return next((each for each in resets if each.moment == "before"), None)


class Mock:
    """
    All providers, all workspaces.

    Args:
        apps: One application a provider.
        store: Where state and journal live.
        chance: What ids and credentials of new workspaces are drawn from.
        journal_keep: How many exchanges are kept of each workspace.
    """

    def __init__(self, apps: Iterable[ProviderApp], store: Store, rng: Random, *, journal_keep: int = 500) -> None:
        self.apps: Mapping[str, ProviderApp] = {app.provider.slug: app for app in apps}
        self.store = store
        providers = {slug: app.provider for slug, app in self.apps.items()}
        contracts = {slug: app.contract for slug, app in self.apps.items()}
        self.workspaces = Workspaces(store, providers, contracts, rng)
        self.journal = Journal(store, keep=journal_keep)
        self._by_host = {host: app for app in self.apps.values() for host in _hosts(app)}
        self.workspaces.ensure_default()

    def arrive(self, wire: WireRequest) -> Arrival | WireResponse:
        """
        Place a request: provider, workspace, operation, faults.

        Returns:
            The arrival; or, where no provider or workspace is named that exists, our own answer.
        """
        with self.store.transaction():
            return self._placed(wire)

    def handle(self, wire: WireRequest) -> Arrival | WireResponse:
        """
        Place a request and answer it, in one transaction.

        Returns:
            The answer; or the arrival of a request that a fault plan hits, for which :meth:`answer` is still to be
            called.
        """
        with self.store.transaction():
            placed = self._placed(wire)
            if isinstance(placed, WireResponse) or placed.faults:
                return placed
            return self._answered(placed, placed.workspace)

    def _placed(self, wire: WireRequest) -> Arrival | WireResponse:
        started_ms = stopwatch_ms()
        mount, named, rest = _workspace_prefix(wire.path)
        app, mount, path = self._provider(wire, mount, rest)
        if app is None:
            return self._nowhere(wire)
        request = ProviderRequest(wire, mount, path)
        key = app.provider.presented_key(request)
        workspace = self._workspace(app, key, named)
        if workspace is None:
            return problem(404, "No such workspace", f"This server has no workspace {named}.")
        match = app.contract.operations.find(request.method, request.path)
        number = self.store.exchanges.next_number(workspace.id)
        faults: Sequence[tuple[FaultPlan, Random]] = ()
        if workspace.faults:
            workspace, faults = fired(workspace, app.provider.slug, match.operation.id if match else None)
            self.workspaces.save(workspace)
        return Arrival(app, workspace, key, number, request, match, faults, started_ms)

    def answer(self, arrival: Arrival) -> WireResponse:
        """
        Handle a placed request and write the exchange into the journal, in one transaction.

        What a refused or failed request did is undone by itself; what was counted and written of it stays.
        """
        with self.store.transaction():
            workspace = self.workspaces.placed(arrival.workspace.id)
            if workspace is None:
                return problem(404, "No such workspace", f"Workspace {arrival.workspace.id} was deleted meanwhile.")
            return self._answered(arrival, workspace)

    def _answered(self, arrival: Arrival, workspace: Workspace) -> WireResponse:
        now = workspace.clock.now()
        try:
            self._admit(arrival, workspace, now)
            with self.store.attempt():
                if workspace.clock.mode != "real":  # what is due on a real clock is the courier's, in the background
                    self.workspaces.run_due(workspace)
                answer, findings = self._processed(arrival, workspace, now)
                finished = self._finish(arrival, workspace, now, answer, findings)
        except Refusal as refusal:
            finished = self._refuse(arrival, workspace, now, refusal)
        except Exception:
            logger.exception("%s: the mock failed while it answered", arrival.id)
            finished = self._refuse(arrival, workspace, now, refusals.BrokenMock())
        return finished

    def cut_off(self, arrival: Arrival) -> None:
        """Write down a request that a reset kept from being processed."""
        workspace = self.workspaces.find(arrival.workspace.id)
        if workspace is None:
            return
        with self.store.transaction():
            self._finish(
                arrival, workspace, workspace.clock.now(), WireResponse(0, b"", ()), (), note="reset by a fault plan"
            )

    def _provider(self, wire: WireRequest, mount: str, path: str) -> tuple[ProviderApp | None, str, str]:
        _, _, below = path.partition("/")
        slug, slash, rest = below.partition("/")
        app = self.apps.get(slug)
        if app is not None:
            return app, f"{mount}/{slug}", f"/{rest}" if slash else "/"
        return self._by_host.get(_host(wire)), mount, path or "/"

    def has_host(self, wire: WireRequest) -> bool:
        """Whether a request is to one of the providers' own hosts."""
        return _host(wire) in self._by_host

    def _nowhere(self, wire: WireRequest) -> WireResponse:
        places = ", ".join(f"/{slug}" for slug in self.apps)
        return problem(404, "No such provider", f"{wire.path} is below no provider. This server has {places}.")

    def _workspace(self, app: ProviderApp, key: str | None, named: str | None) -> Workspace | None:
        if named is not None:
            return self.workspaces.placed(named)
        found = self.workspaces.placed_by_key(app.provider.slug, key) if key is not None else None
        return found or self.workspaces.placed(DEFAULT)

    def _admit(self, arrival: Arrival, workspace: Workspace, now: datetime) -> None:
        provider = arrival.app.provider
        if provider.admit is not None:
            provider.admit(arrival.request, self.workspaces.context(workspace, provider.slug, now=now, rng_key="admit"))

    def _processed(
        self, arrival: Arrival, workspace: Workspace, now: datetime
    ) -> tuple[WireResponse, Sequence[Finding]]:
        for plan, _ in arrival.faults:
            if isinstance(plan.effect, Status):
                finding = Finding("response.status", "", "the operation's own answer", f"fault plan {plan.id}")
                raise refusals.FaultInjected(
                    [finding], status=plan.effect.status, retry_after_s=plan.effect.retry_after_s
                )
        slug, rng_key = arrival.app.provider.slug, str(arrival.number)
        context = self.workspaces.context(workspace, slug, now=now, rng_key=rng_key, has_own_rng_key=True)
        return arrival.app.answer(arrival.request, context, arrival.match)

    def _secrets(self, arrival: Arrival, workspace: Workspace) -> frozenset[str]:
        """The workspace's secrets, and a key that is none of its own: that may be a secret sent in a key's place."""
        key = arrival.key
        secrets, keys = self.workspaces.secrets(workspace, arrival.app.provider.slug)
        stranger = key is not None and len(key) >= SHORTEST_SECRET and key not in keys
        return secrets | {key} if key is not None and stranger else secrets

    def _refuse(self, arrival: Arrival, workspace: Workspace, now: datetime, refusal: Refusal) -> WireResponse:
        refusal.rng_key = f"{workspace.seed}/{arrival.app.provider.slug}/{arrival.number}"
        answer = arrival.app.refuse(refusal)
        refusal.findings = tuple(map(arrival.app.scrubber.finding, refusal.findings))
        cited = answer.requirement or next((each.requirement for each in refusal.findings if each.requirement), None)
        answer = replace(answer, requirement=cited)
        told = {"explanation": f"{arrival.request.method} {arrival.request.path} answered {answer.status}: {refusal}"}
        secrets = self._secrets(arrival, workspace)
        logger.info("%s %s", arrival.id, scrubbed(told, secrets)["explanation"])
        if refusal.afterwards is not None:
            refusal.afterwards()
        note = refusal.note
        if callable(note):
            self.journal.explain_later(arrival.id, lambda: scrubbed({"explanation": note()}, secrets)["explanation"])
        plain = "" if callable(note) else note
        return self._finish(arrival, workspace, now, answer, refusal.findings, note=plain)

    def _finish(
        self,
        arrival: Arrival,
        workspace: Workspace,
        now: datetime,
        answer: WireResponse,
        findings: Sequence[Finding],
        note: str = "",
    ) -> WireResponse:
        """Add the server's own headers, move a stepped clock on, and write the exchange down."""
        headers = (*answer.headers, ("Date", _date(now.replace(microsecond=0))), ("Flowproof-Exchange", arrival.id))
        if answer.requirement:
            headers = (*headers, ("Flowproof-Requirement", answer.requirement))
        answer = WireResponse(answer.status, compact(answer.body), headers, answer.requirement)
        if workspace.clock.mode == "stepped":
            current = self.workspaces.find(workspace.id) or workspace
            self.workspaces.save(replace(current, clock=current.clock.after_exchange()))
        app, request = arrival.app, arrival.request
        entry = Inbound(
            provider=app.provider,
            scrub=app.scrubber,
            operation=arrival.match.operation.id if arrival.match else None,
            wire=request.wire,
            path=request.path,
            answer=answer,
            findings=tuple(findings),
            note=note,
            faults=tuple(plan for plan, _ in arrival.faults),
        )
        took_ms, secrets = stopwatch_ms() - arrival.started_ms, self._secrets(arrival, workspace)
        kept = Kept(workspace.id, arrival.number, now, took_ms, workspace.clock.mode)
        self.journal.write(kept, entry, secrets, at_once=not entry.is_short)
        return answer

    def record_attempt(
        self, workspace: Workspace, delivery: Delivery, at: datetime, headers: Headers, sent: Sent, duration_ms: float
    ) -> str:
        """Write down one attempt to deliver a webhook; returns the id of the exchange."""
        with self.store.transaction():
            number = self.store.exchanges.next_number(workspace.id)
            provider = self.apps[delivery.provider].provider
            known, _ = self.workspaces.secrets(workspace, provider.slug)
            secrets = known | secrets_sent(provider, headers)
            kept = Kept(workspace.id, number, at, duration_ms, workspace.clock.mode)
            self.journal.write(kept, Outbound(provider, delivery, headers, sent), secrets, at_once=True)
        return exchange_id(workspace.id, number)


@lru_cache(maxsize=64)
def _date(second: datetime) -> str:
    return format_datetime(second, usegmt=True)


def _host(wire: WireRequest) -> str:
    """The host that a request names, in lower case, without the port."""
    named = wire.header("host") or ""
    return (named.rpartition(":")[0] or named).lower()


def _workspace_prefix(path: str) -> tuple[str, str | None, str]:
    """``/w/{workspace}`` with the workspace and the rest of the path, or nothing with the whole path."""
    if not path.startswith("/w/"):
        return "", None, path
    named, slash, rest = path[3:].partition("/")
    return f"/w/{named}", named, f"{slash}{rest}"


def _hosts(app: ProviderApp) -> Iterable[str]:
    slug = app.provider.slug
    return {*app.provider.hosts, f"{slug}.localhost", f"{slug.replace('_', '-')}.localhost"}
