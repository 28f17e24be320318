"""
Where the requests are sent: a mock of ours, a server of one's own on this machine, or a sandbox of a profile.

Everything that leaves passes certify's guard: permissions, numbers of calls, spending and pace of the profile.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from flowproof.cases import CaseRequest, exchange_of, send
from flowproof.certify.events import CleanedUp, Connection, Event, TargetInfo
from flowproof.certify.guard import Guard
from flowproof.certify.run_store import CreatedResource, RunStore
from flowproof.certify.target_kind import examine_target
from flowproof.clients import NO_RETRY
from flowproof.conformance import Contract
from flowproof.errors import ConfigurationError
from flowproof.exchange import Exchange
from flowproof.kit import Leftover, ProviderKit
from flowproof.providers import Kits, find_providers
from flowproof.removal import remove_all
from flowproof.target import ControlClient, Site, Workspace, site_from_environment
from flowproof.target.profile import MOCK, Deviation, Permission, ProfileEntry, read_profile_file

__all__ = ["Conversation", "Received", "Target", "make_target"]

BETWEEN_STEPS_S = 60.0
LONGEST_WAIT_S = 5.0
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Received:
    """An exchange with the site that it was with, its whole URL, when it was sent, and how long it took."""

    site: Site = field(repr=False)
    url: str
    exchange: Exchange
    at: datetime
    duration_ms: float


class Conversation(Protocol):
    """One sequence of requests while it is sent."""

    def send(self, request: CaseRequest) -> Received:
        """Sign and send a request."""

    def now(self) -> datetime:
        """The target's time."""

    def wait(self, seconds: float, *, is_first: bool) -> bool:
        """Let time pass before a step; False where it would take too long."""


class Target(Protocol):
    """
    What a search needs of a target.

    Args:
        info: For the report.
        connection: How it is reached.
        permission: What may be done there.
        deviations: What is known not to hold.
        site: Address and credentials; on a mock those of one workspace, of which each sequence has its own.
        is_fresh: Whether each sequence begins with a fresh account.
    """

    info: TargetInfo
    connection: Connection
    permission: Permission
    deviations: tuple[Deviation, ...]
    site: Site
    is_fresh: bool

    def sequence(self) -> AbstractContextManager[Conversation]:
        """One sequence of requests."""

    def clean_up(self) -> None:
        """Remove what the run has created, as far as that is known and permitted."""


@contextmanager
def make_target(
    target: str, kit: ProviderKit, contract: Contract, environment: Mapping[str, str] = os.environ
) -> Iterator[tuple[Target, list[Event]]]:
    """
    A target for one run, and what happens on it beside the exchanges: what is created, removed, recognised.

    Args:
        target: `mock`, the URL of a server on this machine, or the file of a profile.
        kit: Of the provider.
        contract: Of the provider.
        environment: Has the credentials.

    Raises:
        ConfigurationError: The target cannot be used.
    """
    if target == MOCK:
        with _mock(kit) as made:
            yield made, []
        return
    entry, name, deviations = _entry(target, kit, environment)
    kind, connection = examine_target(entry.site.url, environment)
    events: list[Event] = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="flowproof-"))
        store = RunStore(Path(folder) / "run")
        stack.callback(store.close)
        guard = Guard(_One(entry, name), lambda _: contract, store, tell=events.append)
        session = stack.enter_context(requests.Session())
        session.trust_env = entry.site.url.startswith("https")
        for scheme in ("http://", "https://"):
            session.mount(scheme, GuardedAdapter(guard, kit.slug, entry.site.url))
        info = TargetInfo(name, kind, entry.site.url)
        yield Sandbox(info, connection, entry.permission, deviations, entry.site, kit, session, store, events), events


def _entry(
    target: str, kit: ProviderKit, environment: Mapping[str, str]
) -> tuple[ProfileEntry, str, tuple[Deviation, ...]]:
    if not target.lower().startswith(("http://", "https://")):
        profile = read_profile_file(Path(target), environment, defaults=Kits().profile_defaults)
        known = tuple(each for each in profile.deviations if each.requirement.startswith(f"{kit.slug}."))
        return profile.entry(kit.slug), profile.name, known
    if urlsplit(target).hostname not in LOCAL:
        raise ConfigurationError(
            f"{target} is no server on this machine, and a fuzzed one is changed at random.",
            "Write a profile that says what is permitted there.",
        )
    site = site_from_environment(kit.slug, target, environment, parts=kit.credential_parts)
    return ProfileEntry(site, Permission(everything=True)), target, ()


@dataclass(frozen=True, slots=True)
class _One:
    """The only target, as a guard knows targets."""

    only: ProfileEntry
    name: str

    def entry(self, _provider: str) -> ProfileEntry:
        return self.only

    def name_of(self, _provider: str) -> str:
        return self.name


class GuardedAdapter(HTTPAdapter):
    """
    A transport of `requests` whose every request passes a guard.

    Args:
        guard: Holds requests back.
        provider: Slug.
        url: Base URL.
    """

    def __init__(self, guard: Guard, provider: str, url: str) -> None:
        super().__init__()
        self._guard, self._provider, self._prefix = guard, provider, urlsplit(url).path.rstrip("/")

    def send(self, request: requests.PreparedRequest, *arguments: Any, **settings: Any) -> requests.Response:
        """
        Send it when it may pass.

        Raises:
            NotPermitted: It may not.
        """
        path = urlsplit(request.url or "").path.removeprefix(self._prefix)
        with self._guard.passing(self._provider, request.method or "", path) as passage:
            response = super().send(request, *arguments, **settings)
            passage.exchange = exchange_of(request, response, self._prefix)
        return response


def _receive(kit: ProviderKit, site: Site, session: requests.Session, request: CaseRequest) -> Received:
    """Sign, send and keep; headers that the kit writes go over those of the request."""
    signed = kit.headers(site, request) if request.is_signed else {}
    taken = {name.lower() for name in signed}
    headers = {name: value for name, value in request.headers.items() if name.lower() not in taken}
    at, began_s = datetime.now(UTC), time.perf_counter()
    response = send(session, site.url, replace(request, headers=headers), sign=lambda _: signed)
    took_ms = (time.perf_counter() - began_s) * 1000
    prepared, prefix = response.request, urlsplit(site.url).path.rstrip("/")
    return Received(site, prepared.url or "", exchange_of(prepared, response, prefix), at, took_ms)


@dataclass(slots=True)
class Mock:
    """A mock of this process: each sequence has a workspace of its own."""

    control: ControlClient
    site: Site
    kit: ProviderKit
    session: requests.Session
    info: TargetInfo = field(default_factory=lambda: TargetInfo(MOCK, "mock", ""))
    connection: Connection = field(default_factory=Connection)
    permission: Permission = field(default_factory=lambda: Permission(everything=True))
    deviations: tuple[Deviation, ...] = ()
    is_fresh: bool = True

    @contextmanager
    def sequence(self) -> Iterator[Conversation]:
        with self.control.make_workspace() as workspace:
            yield _InWorkspace(self, workspace)

    def clean_up(self) -> None:
        """Nothing is left: the workspaces are deleted."""


@dataclass(frozen=True, slots=True)
class _InWorkspace:
    """A sequence in a workspace of its own, whose clock is moved on between two steps: what is due happens then."""

    mock: Mock
    workspace: Workspace

    def send(self, request: CaseRequest) -> Received:
        return _receive(self.mock.kit, self.workspace.site(self.mock.kit.slug), self.mock.session, request)

    def now(self) -> datetime:
        return self.workspace.clock.now()

    def wait(self, seconds: float, *, is_first: bool) -> bool:
        passes_s = seconds if is_first else max(seconds, BETWEEN_STEPS_S)
        if passes_s:
            self.workspace.clock.advance(passes_s)
        return True


@contextmanager
def _mock(kit: ProviderKit) -> Iterator[Mock]:
    from flowproof.kernel.assembly import ServerSettings, build_gateway  # noqa: PLC0415 (a sandbox needs no server)
    from flowproof.kernel.serving import Server  # noqa: PLC0415

    server = Server(build_gateway(find_providers([kit.slug]), ServerSettings(entropy=0)))
    with server, closing(ControlClient(server.url)) as control, requests.Session() as session:
        session.trust_env = False
        with control.make_workspace() as first:
            yield Mock(control, first.site(kit.slug), kit, session)


@dataclass(slots=True)
class Sandbox:
    """A server that is no mock of this process: one account for all sequences."""

    info: TargetInfo
    connection: Connection
    permission: Permission
    deviations: tuple[Deviation, ...]
    site: Site
    kit: ProviderKit
    session: requests.Session
    store: RunStore
    events: list[Event]
    is_fresh: bool = False

    @contextmanager
    def sequence(self) -> Iterator[Conversation]:
        yield self

    def send(self, request: CaseRequest) -> Received:
        return _receive(self.kit, self.site, self.session, request)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, seconds: float, *, is_first: bool) -> bool:  # noqa: ARG002 (a mock's clock can be moved)
        if 0 < seconds <= LONGEST_WAIT_S:
            time.sleep(seconds)
        return seconds <= LONGEST_WAIT_S

    def clean_up(self) -> None:
        """Remove the newest first, by the kit's own actions, within what is permitted."""
        created = self.store.not_cleaned()
        removable = [each for each in created if each.undo in self.kit.cleanup and self._permits(each.undo or "")]
        for each in created:
            how = f"nothing undoes {each.operation} here: it stays"
            if each not in removable and self.store.mark_cleaned(each.id, how, is_removed=False):
                self.events.append(CleanedUp(each.id, False, how))
        for removal in remove_all(removable, self._remove, target_of=lambda _: self.info.name, pause=time.sleep):
            if self.store.mark_cleaned(removal.thing.id, removal.how, is_removed=removal.is_gone):
                self.events.append(CleanedUp(removal.thing.id, removal.is_gone, removal.how))

    def _permits(self, operation: str) -> bool:
        return self.permission.everything or operation in self.permission.operations

    def _remove(self, created: CreatedResource) -> str:
        client = self.kit.make_client(self.site, session=self.session, retry=NO_RETRY)
        self.kit.remove(created.undo or "", client, Leftover(created.what, self.site, created.parameters))
        return f"{created.undo} was accepted"
