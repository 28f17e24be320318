"""A sandbox behind a proxy, for tests: a mock of ours, with a workspace of its own, poses as the sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flowproof.certify.guard import NotPermitted, Passage
from flowproof.conformance import load_contract
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Gateway, Server
from flowproof.providers import find_kit, find_providers
from flowproof.proxy import ProxyServer, Upstream
from flowproof.proxy.sandbox import SandboxObserver
from flowproof.proxy.signing import Resigner
from flowproof.target import ControlClient, Site, Workspace

__all__ = ["Gate", "Observed", "observed"]


@dataclass
class Gate:
    """Lets everything pass but the methods that it forbids."""

    forbids: frozenset[str] = frozenset()
    passed: list[Passage] = field(default_factory=list)

    @contextmanager
    def passing(self, provider: str, method: str, path: str) -> Iterator[Passage]:
        """Let a request pass."""
        if method in self.forbids:
            raise NotPermitted(f"{provider} does not permit {method} {path}")
        self.passed.append(Passage())
        yield self.passed[-1]


@dataclass
class Observed:
    """
    A sandbox behind a proxy.

    Args:
        site: The provider as a client reaches it through the proxy, with the sandbox's credentials.
        gate: What may pass.
        control: The control API beside the proxy.
        gateway: Of the server beside the proxy.
        sandbox: The workspace that poses as the sandbox.
    """

    site: Site
    gate: Gate
    control: ControlClient
    gateway: Gateway
    sandbox: Workspace

    def journal(self) -> list[dict[str, Any]]:
        """The exchanges that were observed."""
        return self.gateway.with_mock(lambda mock: mock.journal.entries("default"))


@contextmanager
def observed(slug: str, gate: Gate | None = None, *, signs: bool = False) -> Iterator[Observed]:
    """A sandbox, which is a mock of ours with a workspace of its own, behind a proxy."""
    gate = gate or Gate()
    providers = find_providers([slug])
    kit = find_kit(slug)
    contract = load_contract(slug, kit.contract_folder())
    with Server(build_gateway(providers, ServerSettings(entropy=1))) as sandbox:
        posing = ControlClient(sandbox.url).make_workspace()
        site = posing.site(slug)
        upstream = Upstream.from_url(site.url)
        gateway = build_gateway(providers, ServerSettings(entropy=2))
        secrets = frozenset(str(value) for each in site.keys.values() for value in each.values.values())
        sign = Resigner(kit, site) if signs else None
        observer = SandboxObserver(gateway, slug, contract, upstream, gate, secrets, sign)
        parts = {role: {"key": each.key, **each.values} for role, each in site.keys.items()}
        gateway.with_mock(lambda mock: mock.workspaces.adopt_credentials(mock.workspaces.ensure_default(), slug, parts))
        with Server(gateway) as beside, ProxyServer(upstream, observer) as proxy:
            gateway.mock.addresses[slug] = proxy.url
            yield Observed(Site(slug, proxy.url, site.keys), gate, ControlClient(beside.url), gateway, posing)
