"""A browser, and mocks that serve the page."""

from collections.abc import Iterator

import pytest
from selenium import webdriver

from flowproof.cli.foreground import sign_with_kit, verify_certificate
from flowproof.conformance import Contract, load_contract
from flowproof.kernel import Provider
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Gateway, Server
from flowproof.providers import find_providers
from tests.interop import programs
from tests.interop.browser import chromium
from tests.interop.page.driver import TOKEN


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of the accessibility checker, as its lockfile pins it."""
    programs.require("node", "npm", always_in_ci=True)
    programs.install()
    return (programs.HERE / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser of the usual size."""
    with chromium(tmp_path_factory.mktemp("profile"), size=(1280, 900)) as opened:
        yield opened


@pytest.fixture(scope="session")
def providers() -> list[tuple[Provider, Contract]]:
    """Real providers with their contracts, which take longer to load than a server takes to start."""
    found = find_providers(["flow1st", "oneflow", "otter"])
    return [(each, load_contract(each.slug, each.contract)) for each in found]


@pytest.fixture
def gateway(providers: list[tuple[Provider, Contract]]) -> Gateway:
    """Mocks whose journal is long."""
    settings = ServerSettings(entropy=1, journal_keep=6000, signer=sign_with_kit, verifier=verify_certificate)
    contracts = {each.slug: contract for each, contract in providers}
    return build_gateway([each for each, _ in providers], settings, contracts=contracts)


@pytest.fixture
def server(gateway: Gateway) -> Iterator[Server]:
    """They are served."""
    with Server(gateway) as running:
        yield running


@pytest.fixture
def guarded() -> Iterator[Server]:
    """A server with a token."""
    with Server(build_gateway(find_providers(["otter"]), ServerSettings(entropy=1, token=TOKEN))) as running:
        yield running
