"""
A provider's kit: everything beside its mock that the core asks of a provider. A value that imports nothing by itself.

A distribution announces its kit by an entry point in the group `flowproof.kits`; `flowproof.providers` finds it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from flowproof.errors import ConfigurationError, FlowproofError

if TYPE_CHECKING:
    from flowproof.cases import CaseRequest
    from flowproof.conduct import Obligations
    from flowproof.doctor import Check
    from flowproof.target import Site

__all__ = ["Client", "Leftover", "ParameterUnknown", "ProviderKit"]


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


class Client(Protocol):
    """What the plugin needs of a client."""

    def close(self) -> None:
        """Close its connections."""


@dataclass(eq=False)
class ParameterUnknown(FlowproofError):
    """The response that created a resource lacks a parameter that its removal needs."""

    name: str

    def __str__(self) -> str:
        return f"the answer that told of it did not say its {self.name}"


@dataclass(frozen=True, slots=True)
class Leftover:
    """
    Something that a run created and that a cleanup action removes.

    Args:
        what: How the provider's people find it: its id, or its reference.
        site: Where it is.
        parameters: Path parameters of the removing operation, as far as they are known.
    """

    what: str
    site: "Site"
    parameters: Mapping[str, str] = field(default_factory=_nothing)

    def parameter(self, name: str) -> str:
        """
        A path parameter of the removing operation.

        Raises:
            ParameterUnknown: The response that created the resource does not have it.
        """
        if name not in self.parameters:
            raise ParameterUnknown(name)
        return self.parameters[name]


@dataclass(frozen=True, slots=True)
class ProviderKit:
    """
    One provider's kit.

    A *reference* is `module:name`, as in an entry point. A module that begins with a dot stands below the package of
    the suite. Nothing is imported before it is used.

    Args:
        slug: As of the provider, and of the entry point.
        title: Name for people, as of the provider.
        suite: Package of the tests that certify a target.
        client: Reference to `connect(site, *, role="default", **settings)`, which makes the provider's client. Settings
            are `session`, `retry`, and on a mock `sleep` and `rng`, as `flowproof.clients.client.Client` takes them;
            beside them whatever a test gives to `make_<slug>`.
        takes_now: Whether `connect` also takes `now`: on a mock the workspace's clock is then the client's own.
        sign: Reference to `sign(site, request)`, the headers that authenticate a documented case's request; empty where
            requests need none.
        cleanup: References to `action(client, leftover)` by the `operationId` that removes something.
        obligations: Reference to the provider's `flowproof.conduct.Obligations`; empty where there are none.
        prices: Reference to `prices(client)`, which calls the operation whose response lists the prices that the
            contract's `x-spends` names; empty where no call costs anything, or each response has its cost.
        checks: Reference to `checks(site)`, which yields `flowproof.doctor.Check`; empty where there are none.
        contract: Folder of the contract; None for the folder of that slug in this package's contracts.
        fixtures: Folder whose `cases` are the documented examples; None for that of this package's fixtures.
        credential_parts: Parts of the credentials beside key and secret, such as `signing_key`. The environment has
            them under `FLOWPROOF_<SLUG>_<PART>`.
        volatile: Names of members whose values differ from one resource to the next and mean nothing to a comparison.
        unique: Names of members of requests whose values the provider takes only once.
        outcomes: Kinds of records in the mock's state that are what a client wants, such as `order`, of which
            `flowproof.testing` sees whether one is lost or there twice. A kind stands for those below it, too.
        profile: Defaults for the provider's table in a sandbox profile, such as the `url` of its public sandbox.
    """

    slug: str
    title: str
    suite: str
    client: str
    takes_now: bool = False
    sign: str = ""
    cleanup: Mapping[str, str] = field(default_factory=_nothing)
    obligations: str = ""
    checks: str = ""
    prices: str = ""
    contract: Traversable | None = None
    fixtures: Traversable | None = None
    credential_parts: tuple[str, ...] = ()
    volatile: frozenset[str] = frozenset()
    unique: frozenset[str] = frozenset()
    outcomes: tuple[str, ...] = ()
    profile: Mapping[str, Any] = field(default_factory=_nothing)

    def make_client(self, site: "Site", **settings: Any) -> Client:
        """A client of the provider at a site; what `settings` has, `client` says."""
        client: Client = self.load(self.client)(site, **settings)
        return client

    def headers(self, site: "Site", request: "CaseRequest") -> Mapping[str, str]:
        headers: Mapping[str, str] = self.load(self.sign)(site, request) if self.sign else _nothing()
        return headers

    def remove(self, operation: str, client: Client, leftover: Leftover) -> None:
        """Remove something by the operation of that `operationId`, which `cleanup` has."""
        self.load(self.cleanup[operation])(client, leftover)

    def list_prices(self, client: Client) -> None:
        """Let a client call the operation that lists the prices; nothing where the kit knows none."""
        if self.prices:
            self.load(self.prices)(client)

    def load_obligations(self) -> "Obligations":
        """
        What the provider obliges its clients to.

        Raises:
            ConfigurationError: The kit has none, or they cannot be loaded.
        """
        if not self.obligations:
            raise ConfigurationError(
                f"Nothing says what {self.slug} obliges its clients to: its kit has no obligations.",
                "Choose another provider, or write them: docs/conduct.md says how.",
            )
        obligations: Obligations = self.load(self.obligations)
        return obligations

    def doctor_checks(self, site: "Site") -> "Iterator[Check]":
        """What only the provider's own code can find out about a configuration; nothing where the kit has no checks."""
        return iter(self.load(self.checks)(site) if self.checks else ())

    def load(self, reference: str) -> Any:
        """
        What a reference leads to.

        Raises:
            ConfigurationError: It cannot be loaded.
        """
        module, _, name = reference.partition(":")
        try:
            return getattr(import_module(module, self.suite), name)
        except Exception as error:  # another distribution's module may fail in any way
            raise ConfigurationError(
                f"{reference} of the kit of {self.slug} cannot be loaded: {type(error).__name__}: {error}.",
                "Fix or uninstall that distribution.",
            ) from error

    def contract_folder(self) -> Traversable:
        return self.contract if self.contract is not None else files("flowproof.contracts").joinpath(self.slug)

    def fixtures_folder(self) -> Traversable:
        """Folder of the fixtures, which need not exist."""
        return self.fixtures if self.fixtures is not None else files("flowproof.fixtures").joinpath(self.slug)

    def suite_folder(self) -> Path:
        """
        Folder of the suite.

        Raises:
            ConfigurationError: There is no such package.
        """
        try:
            return Path(str(files(self.suite))).resolve()
        except Exception as error:  # the package of another distribution may fail in any way
            raise ConfigurationError(
                f"The suite {self.suite} of the kit of {self.slug} cannot be found: {type(error).__name__}: {error}.",
                "Fix or uninstall that distribution.",
            ) from error
