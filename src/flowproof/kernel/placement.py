"""
Where a request belongs: its provider, workspace and operation, and the fault plans that hit it.

The path names the provider (``/{provider}/…``), or the Host header does. The path may name the workspace before it
(``/w/{workspace}/…``); else the presented credential leads to the workspace, and without either it is the default one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from random import Random
from typing import NamedTuple

from flowproof.conformance import Match

from .app import ProviderApp
from .faults.plan import FaultPlan
from .http.problem import problem
from .http.request import ProviderRequest, WireRequest
from .http.response import WireResponse
from .journal.journal import exchange_id
from .time.clock import stopwatch_ms
from .workspaces import DEFAULT, Workspace, Workspaces

__all__ = ["Arrival", "Placement"]


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
        faults: The plans that hit it, each with its seeded random numbers.
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


class Placement:
    """
    Places requests.

    Args:
        apps: By slug.
        workspaces: Of the server.
    """

    def __init__(self, apps: Mapping[str, ProviderApp], workspaces: Workspaces) -> None:
        self._apps = apps
        self._workspaces = workspaces
        self._by_host = {host: app for app in apps.values() for host in _hosts(app)}

    def place(self, wire: WireRequest, *, counts_faults: bool = True) -> Arrival | WireResponse:
        """
        Place a request and count it, in the transaction that the caller has begun.

        Args:
            wire: The request.
            counts_faults: Whether it is a call for the fault plans.

        Returns:
            The arrival; or our own 404, where the provider or workspace that is named does not exist.
        """
        started_ms = stopwatch_ms()
        mount, workspace_id, rest = _workspace_prefix(wire.path)
        app, mount, path = self._provider(wire, mount, rest)
        if app is None:
            known = ", ".join(f"/{slug}" for slug in self._apps)
            slip = " The path has a double slash." if "//" in wire.path else ""
            detail = f"{wire.path} is below no provider.{slip} This server has {known}."
            return problem(404, "No such provider", detail)
        request = ProviderRequest(wire, mount, path)
        key = app.provider.presented_key(request)
        workspace = self._workspace(app, key, workspace_id)
        if workspace is None:
            return problem(404, "No such workspace", f"This server has no workspace {workspace_id}.")
        match = app.contract.operations.find(request.method, request.path)
        number = self._workspaces.store.exchanges.next_number(workspace.id)
        faults: Sequence[tuple[FaultPlan, Random]] = ()
        if workspace.faults and counts_faults:
            workspace, faults = workspace.count_call(app.provider.slug, match.operation.id if match else None)
            self._workspaces.save(workspace)
        return Arrival(app, workspace, key, number, request, match, faults, started_ms)

    @property
    def hosts(self) -> Collection[str]:
        """The providers' own hosts, in lower case."""
        return self._by_host.keys()

    def has_host(self, wire: WireRequest) -> bool:
        """Whether a request is to one of the providers' own hosts."""
        return _host(wire) in self._by_host

    def _provider(self, wire: WireRequest, mount: str, path: str) -> tuple[ProviderApp | None, str, str]:
        _, _, below = path.partition("/")
        slug, slash, rest = below.partition("/")
        app = self._apps.get(slug)
        if app is not None:
            return app, f"{mount}/{slug}", f"/{rest}" if slash else "/"
        return self._by_host.get(_host(wire)), mount, path or "/"

    def _workspace(self, app: ProviderApp, key: str | None, workspace_id: str | None) -> Workspace | None:
        if workspace_id is not None:
            return self._workspaces.claim(workspace_id)
        found = self._workspaces.claim_by_key(app.provider.slug, key) if key is not None else None
        return found or self._workspaces.claim(DEFAULT)


def _host(wire: WireRequest) -> str:
    """The host that a request names, in lower case, without the port."""
    host = wire.header("host") or ""
    return (host.rpartition(":")[0] or host).lower()


def _workspace_prefix(path: str) -> tuple[str, str | None, str]:
    """``/w/{workspace}``, the workspace's id and the rest of the path; or nothing, None and the whole path."""
    if not path.startswith("/w/"):
        return "", None, path
    workspace_id, slash, rest = path[3:].partition("/")
    return f"/w/{workspace_id}", workspace_id, f"{slash}{rest}"


def _hosts(app: ProviderApp) -> Iterable[str]:
    slug = app.provider.slug
    return {*app.provider.hosts, f"{slug}.localhost", f"{slug.replace('_', '-')}.localhost"}
