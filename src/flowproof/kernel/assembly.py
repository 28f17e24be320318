"""Puts a mock server together: providers, store, control API, gateway."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from flowproof.conformance import Contract, load_contract
from flowproof.errors import ConfigurationError

from .app import ProviderApp
from .control.app import ControlApp
from .control.certificates import Verifier
from .control.signing import Signer
from .http.cors import Cors
from .http.host_names import HostNames
from .mock import Mock
from .provider import Provider
from .serving import Gateway
from .state.protocol import Store
from .state.sqlite import IN_MEMORY, SqliteStore

__all__ = ["POSTGRES", "ServerSettings", "build_gateway", "open_store"]

POSTGRES = ("postgresql://", "postgres://")  # how the URL of a database begins


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """
    How a mock server runs.

    Args:
        state: Where the state is kept, as for :func:`open_store`.
        token: What the control API asks for; without one it answers on loopback only.
        largest_body: What a request may have at most, in bytes.
        journal_keep: How many exchanges are kept of each workspace.
        max_state_mib: How large state in memory or in a file may get.
        entropy: What ids and credentials of new workspaces are drawn from; the same number gives the same.
        shared: Other machines can reach the server. Then the default workspace has credentials of its own, and webhooks
            go to hosts that a workspace allows, not to loopback.
        allowed_hosts: Host names under which the server answers, beside loopback and the providers' own hosts. A shared
            one answers under every name.
        page: Browsers get a page at the server's root.
        signer: Signs a request as a client would, for the control API; without one it signs none.
        verifier: Verifies a certificate, for the control API; without one it verifies none.
        cors: Origins whose pages may call the providers, or ``*``.
    """

    entropy: int
    state: str = field(default=IN_MEMORY, repr=False)  # (a URL may hold a password)
    token: str | None = field(default=None, repr=False)
    largest_body: int = 1024 * 1024
    journal_keep: int = 500
    max_state_mib: int | None = None
    shared: bool = False
    allowed_hosts: tuple[str, ...] = ()
    page: bool = True
    signer: Signer | None = None
    verifier: Verifier | None = None
    cors: tuple[str, ...] = ()


def build_gateway(
    providers: Iterable[Provider], settings: ServerSettings, *, contracts: Mapping[str, Contract] | None = None
) -> Gateway:
    """
    A mock server without its socket.

    Args:
        providers: Those to serve.
        settings: How it runs.
        contracts: By slug; those that are missing are loaded.

    Raises:
        ContractError: A contract cannot be loaded.
        StoreError: The state file cannot be opened.
    """
    known = contracts or {}
    apps = [
        ProviderApp(
            provider,
            known.get(provider.slug) or load_contract(provider.slug, provider.contract),
            largest_body=settings.largest_body,
        )
        for provider in providers
    ]
    store, rng = open_store(settings.state, max_mib=settings.max_state_mib), Random(settings.entropy)
    mock = Mock(apps, store, rng, journal_keep=settings.journal_keep, shared=settings.shared)
    hosts = HostNames(mock.hosts, settings.allowed_hosts, any_name=settings.shared)
    control = ControlApp(
        mock,
        token=settings.token,
        hosts=hosts,
        has_page=settings.page,
        signer=settings.signer,
        verifier=settings.verifier,
    )
    cors = Cors(settings.cors) if settings.cors else None
    return Gateway(mock, control, largest_body=settings.largest_body, hosts=hosts, shared=settings.shared, cors=cors)


def open_store(location: str, *, max_mib: int | None = None) -> Store:
    """
    The store at a location; here alone the implementation is chosen.

    Args:
        location: ``:memory:``, the URL of a PostgreSQL database, or the path of a SQLite file that may be missing.
        max_mib: How large state in SQLite may get; a database has limits of its own.

    Raises:
        ConfigurationError: The packages for PostgreSQL are not installed.
        StoreError: The file or database cannot be opened, or its tables are not of this version.
    """
    if not location.startswith(POSTGRES):
        return SqliteStore(location, max_mib=max_mib)
    try:
        from .state.postgres import PostgresStore  # noqa: PLC0415 (a server on SQLite needs no driver)
    except ImportError as error:
        raise ConfigurationError(
            "State in PostgreSQL needs packages that are not installed.", "Install flowproof[postgres]."
        ) from error
    return PostgresStore(location)
