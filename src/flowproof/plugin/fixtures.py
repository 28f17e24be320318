"""
The fixtures. What they stand on is imported when they are used, since pytest loads this module in every session of
every project that has Flowproof installed: kernel, Flask and requests would cost each of them half a second.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from .item_info import providers_of, skip_elsewhere
from .session_state import SessionState, state_of

if TYPE_CHECKING:
    from flowproof.cases import Case
    from flowproof.clients.client import Client
    from flowproof.clients.dots_eco import DotsEco
    from flowproof.clients.flow1st import Flow1st
    from flowproof.clients.integrations import Integrations
    from flowproof.clients.oneflow import OneFlow
    from flowproof.clients.otter import Otter
    from flowproof.conformance import Finding
    from flowproof.inbox import Inbox
    from flowproof.target import ControlClient, Target, Workspace

CreatedResource = TypeVar("CreatedResource", bound="Client")

__all__ = [
    "dots_eco",
    "flow1st",
    "flowproof_server",
    "inbox",
    "integrations",
    "make_dots_eco",
    "make_flow1st",
    "make_inbox",
    "make_integrations",
    "make_oneflow",
    "make_otter",
    "make_workspace",
    "mock_workspace",
    "oneflow",
    "otter",
    "replay_case",
    "set_aside_findings",
    "target",
    "workspace",
]


@pytest.fixture(scope="session")
def flowproof_server(pytestconfig: pytest.Config) -> "Iterator[ControlClient]":
    """The control API of a Flowproof mock server: one a session, or the one that --flowproof-server names."""
    from flowproof.target import ControlClient  # noqa: PLC0415 (see the module's docstring)

    state = state_of(pytestconfig)
    options = state.options
    with ExitStack() as stack:
        url = options.server or stack.enter_context(_own_server(state))
        token = options.token if options.server else None
        client = stack.enter_context(closing(ControlClient(url, token, adapter=state.adapter())))
        client.health()
        yield client


@contextmanager
def _own_server(state: SessionState) -> Iterator[str]:
    """A server on loopback, in this process, on a port that is free."""
    from flowproof.kernel.assembly import ServerSettings, build_gateway  # noqa: PLC0415 (see the module's docstring)
    from flowproof.kernel.serving import Server  # noqa: PLC0415
    from flowproof.providers import find_providers  # noqa: PLC0415

    if state.make_gateway is not None:
        gateway = state.make_gateway()
    else:
        gateway = build_gateway(find_providers(state.options.providers), ServerSettings(entropy=0))
    with Server(gateway) as server:
        if state.options.transport == "in-process":
            from .transport import InProcessAdapter  # noqa: PLC0415 (see the module's docstring)

            state.in_process = partial(InProcessAdapter, gateway, server.url)
        yield server.url
        state.in_process = None


@pytest.fixture(scope="session")
def make_workspace(
    pytestconfig: pytest.Config, flowproof_server: "ControlClient"
) -> "Iterator[Callable[..., Workspace]]":
    """
    Make a workspace that is nobody else's: `with make_workspace() as workspace:` deletes it after the block.

    Of session scope, so that each example of a property can have its own. Those that are left go at the session's end.
    """
    state = state_of(pytestconfig)
    made: list[Workspace] = []

    def make(**wanted: Any) -> "Workspace":
        """A new workspace: `id`, `seed` and `clock`, if given, are those of the control API."""
        skip_elsewhere(state)
        made.append(flowproof_server.make_workspace(**wanted))
        state.workspaces.append(made[-1])
        return made[-1]

    yield make
    for each in made:
        _delete(each)


@pytest.fixture
def workspace(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> "Workspace":
    """A fresh workspace of a mock server, deleted after the test; a target without one is a reason to skip the test."""
    skip_elsewhere(state_of(pytestconfig))
    made: Workspace = request.getfixturevalue("mock_workspace")
    return made


@pytest.fixture
def mock_workspace(pytestconfig: pytest.Config, flowproof_server: "ControlClient") -> "Iterator[Workspace]":
    """What `workspace` and `target` share. Ask for those: this one does not look at what the test runs against."""
    made = flowproof_server.make_workspace()
    state_of(pytestconfig).workspaces.append(made)
    yield made
    _delete(made)


def _delete(made: "Workspace") -> None:
    """Delete a workspace; that a test has done so already is no fault."""
    from flowproof.target import ControlRefused  # noqa: PLC0415 (see the module's docstring)

    try:
        made.delete()
    except ControlRefused as refused:
        if refused.status != 404:
            raise


@pytest.fixture
def target(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> "Target":
    """What the test runs against: a fresh workspace of the mock, or the base URLs of the providers that it uses."""
    from flowproof.target import Target  # noqa: PLC0415 (see the module's docstring)

    state = state_of(pytestconfig)
    places, used = state.places, providers_of(state.item)
    sites = {each: places.find(each).site for each in places.urls if each in used}
    if sites and used <= set(sites):
        return Target(places.name or ", ".join(site.url for site in sites.values()), sites)
    made: Workspace = request.getfixturevalue("mock_workspace")
    return Target("mock", {**made.sites, **sites}, None if sites else made)


def _makes(
    config: pytest.Config, connect: "Callable[..., CreatedResource]"
) -> "Iterator[Callable[..., CreatedResource]]":
    """What makes clients by `connect`, whose exchanges are recorded; they are closed at the session's end."""
    recorder = state_of(config).recording()
    with ExitStack() as stack:

        def make(place: "Target | Workspace", **settings: Any) -> "CreatedResource":
            """A client there."""
            return stack.enter_context(closing(connect(recorder, place, **settings)))

        yield make


@pytest.fixture(scope="session")
def make_dots_eco(pytestconfig: pytest.Config) -> "Iterator[Callable[..., DotsEco]]":
    """
    Make a Dots.eco client for a target or a workspace: `make_dots_eco(workspace, role="read", retry=NO_RETRY)`.

    It takes `role`, `token` and every setting of `DotsEco`. Its exchanges are checked against the contract.
    """
    from .connections import dots_eco_client  # noqa: PLC0415 (see the module's docstring)

    yield from _makes(pytestconfig, dots_eco_client)


@pytest.fixture
def dots_eco(target: "Target", make_dots_eco: "Callable[..., DotsEco]") -> "Iterator[DotsEco]":
    """The real Dots.eco client on the current target. Where that is a mock, its waits move the workspace's clock on."""
    with make_dots_eco(target) as client:
        yield client


@pytest.fixture(scope="session")
def make_oneflow(pytestconfig: pytest.Config) -> "Iterator[Callable[..., OneFlow]]":
    """
    Make a OneFlow client for a target or a workspace: `make_oneflow(workspace, role="other", retry=NO_RETRY)`.

    It takes `role`, `token`, `secret` and every setting of `OneFlow`. Its exchanges are checked against the contract.
    """
    from .connections import oneflow_client  # noqa: PLC0415 (see the module's docstring)

    yield from _makes(pytestconfig, oneflow_client)


@pytest.fixture
def oneflow(target: "Target", make_oneflow: "Callable[..., OneFlow]") -> "Iterator[OneFlow]":
    """The real OneFlow client on the current target. Where that is a mock, its waits move the workspace's clock on."""
    with make_oneflow(target) as client:
        yield client


@pytest.fixture(scope="session")
def make_flow1st(pytestconfig: pytest.Config) -> "Iterator[Callable[..., Flow1st]]":
    """
    Make a Flow1st client for a target or a workspace: `make_flow1st(workspace, role="production", retry=NO_RETRY)`.

    It takes `role`, `api_key`, `api_secret`, `signing_key` and every setting of `Flow1st`. Its exchanges are checked
    against the contract.
    """
    from .connections import flow1st_client  # noqa: PLC0415 (see the module's docstring)

    yield from _makes(pytestconfig, flow1st_client)


@pytest.fixture
def flow1st(target: "Target", make_flow1st: "Callable[..., Flow1st]") -> "Iterator[Flow1st]":
    """The real Flow1st client of staging. Where the target is a mock, its waits move the workspace's clock on."""
    with make_flow1st(target) as client:
        yield client


@pytest.fixture(scope="session")
def make_integrations(pytestconfig: pytest.Config) -> "Iterator[Callable[..., Integrations]]":
    """
    Make an Integrations client for a target or a workspace: `make_integrations(workspace, role="user")`.

    It takes `role`, `token` and every setting of `Integrations`. Its exchanges are checked against the contract.
    """
    from .connections import integrations_client  # noqa: PLC0415 (see the module's docstring)

    yield from _makes(pytestconfig, integrations_client)


@pytest.fixture
def integrations(target: "Target", make_integrations: "Callable[..., Integrations]") -> "Iterator[Integrations]":
    """The real Integrations client with an API token. Where the target is a mock, its waits move the clock on."""
    with make_integrations(target) as client:
        yield client


@pytest.fixture(scope="session")
def make_otter(pytestconfig: pytest.Config) -> "Iterator[Callable[..., Otter]]":
    """
    Make an Otter client for a target or a workspace: `make_otter(workspace, role="other", retry=NO_RETRY)`.

    It takes `role`, `client_secret` and every setting of `Otter`. Its exchanges are checked against the contract.
    """
    from .connections import otter_client  # noqa: PLC0415 (see the module's docstring)

    yield from _makes(pytestconfig, otter_client)


@pytest.fixture
def otter(target: "Target", make_otter: "Callable[..., Otter]") -> "Iterator[Otter]":
    """The real Otter client on the current target. Where that is a mock, its waits move the workspace's clock on."""
    with make_otter(target) as client:
        yield client


@pytest.fixture
def replay_case(documented_case: "Case", workspace: "Workspace", pytestconfig: pytest.Config) -> Callable[[], None]:
    """Replays a documented example; a test that asks for it runs once for each case of its folder's provider."""
    from flowproof.cases import replay  # noqa: PLC0415 (see the module's docstring)

    from .connections import sender  # noqa: PLC0415

    def run() -> None:
        """Send its requests under its frozen clock, and compare every answer."""
        workspace.clock.freeze(documented_case.clock)
        recorder = state_of(pytestconfig).recording()
        session, send = sender(recorder, workspace.site(documented_case.provider))
        with session:
            found = replay(documented_case, send=send, advance=workspace.clock.advance)
        if found:
            pytest.fail(found, pytrace=False)

    return run


@pytest.fixture
def set_aside_findings(pytestconfig: pytest.Config) -> "Callable[[], AbstractContextManager[list[Finding]]]":
    """A block whose findings go into a list instead of failing the test: `with set_aside_findings() as findings:`."""
    return state_of(pytestconfig).recording().set_aside


@pytest.fixture
def make_inbox() -> "Iterator[Callable[..., Inbox]]":
    """
    Make a receiver of webhooks on loopback: `make_inbox([500, 500, 200], verify=…)`, closed after the test.

    It takes what `flowproof.inbox.Inbox` takes.
    """
    from flowproof.inbox import Inbox  # noqa: PLC0415 (see the module's docstring)

    with ExitStack() as stack:

        def make(*arguments: Any, **settings: Any) -> "Inbox":
            """A receiver of its own."""
            return stack.enter_context(Inbox(*arguments, **settings))

        yield make


@pytest.fixture
def inbox(make_inbox: "Callable[..., Inbox]") -> "Inbox":
    """A receiver of webhooks on loopback that answers 200; `inbox.answers` changes that, `inbox.wait()` waits."""
    return make_inbox()
