"""
The fixtures that need no provider's kit; `clients` makes the others.

Ours stand on each other by names that begin with `flowproof_` or `make_`: a project may have a `target` or a
`workspace` of its own.

What they stand on is imported when they are used, since pytest loads this module in every session of every project that
has Flowproof installed: kernel, Flask and requests would cost each of them half a second.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from flowproof.errors import ConfigurationError

from .interference import listen_on_loopback
from .item_info import WithoutControl, providers_of, skip_without_control
from .session_state import SessionState, state_of
from .tls import own_tls

if TYPE_CHECKING:
    from flowproof.cases import Case
    from flowproof.conformance import Finding
    from flowproof.inbox import Inbox
    from flowproof.target import ControlClient, Site, Target, Workspace

__all__ = [
    "flowproof_mock_workspace",
    "flowproof_server",
    "flowproof_target",
    "flowproof_workspace",
    "inbox",
    "make_inbox",
    "make_workspace",
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
    if state.remote.is_named:
        raise WithoutControl(f"the target {state.remote.profile} has no control API: this test needs a mock server")
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
    from flowproof.kernel.serving import Server, keep_filters_away  # noqa: PLC0415
    from flowproof.kernel.serving.listening import Listener  # noqa: PLC0415
    from flowproof.providers import find_providers  # noqa: PLC0415

    if state.make_gateway is not None:
        gateway = state.make_gateway()
    else:
        gateway = build_gateway(find_providers(state.options.providers), ServerSettings(entropy=0))
    with (
        own_tls() if state.options.tls else nullcontext() as tls,
        Server(gateway, listeners=[Listener(listen_on_loopback(), tls)]) as server,
    ):
        state.before_test = keep_filters_away  # (pytest sets filters for each test)
        if state.options.transport == "in-process" and not state.options.tls:
            from .transport import InProcessAdapter  # noqa: PLC0415 (see the module's docstring)

            state.in_process = partial(InProcessAdapter, gateway, server.url)
        yield server.url
        state.in_process = state.before_test = None


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

    def make(**settings: Any) -> "Workspace":
        """A new workspace: `id`, `seed` and `clock`, if given, are those of the control API."""
        skip_without_control(state)
        made.append(flowproof_server.make_workspace(**settings))
        state.workspaces.append(made[-1])
        return made[-1]

    yield make
    for each in made:
        _delete(each)


@pytest.fixture
def workspace(flowproof_workspace: "Workspace") -> "Workspace":
    """A fresh workspace of a mock server, deleted after the test; a target without one is a reason to skip the test."""
    return flowproof_workspace


@pytest.fixture
def flowproof_workspace(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> "Workspace":
    """The same as `workspace`, for projects that have a fixture of that name."""
    skip_without_control(state_of(pytestconfig))
    made: Workspace = request.getfixturevalue("flowproof_mock_workspace")
    return made


@pytest.fixture
def flowproof_mock_workspace(pytestconfig: pytest.Config, flowproof_server: "ControlClient") -> "Iterator[Workspace]":
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
def target(flowproof_target: "Target") -> "Target":
    """What the test runs against: a fresh workspace of the mock, or the base URLs of the providers that it uses."""
    return flowproof_target


@pytest.fixture
def flowproof_target(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> "Target":
    """The same as `target`, for projects that have a fixture of that name."""
    from flowproof.target import Target  # noqa: PLC0415 (see the module's docstring)

    state = state_of(pytestconfig)
    used = providers_of(state.item, state.kits)
    sites = dict(_remote_sites(state, used))
    if state.remote.is_named or (used and used <= set(sites)):
        name = state.remote.profile or ", ".join(sites[each].url for each in state.remote.urls if each in used)
        return Target(name, sites)
    made: Workspace = request.getfixturevalue("flowproof_mock_workspace")
    mocked = {slug: site for slug, site in made.sites.items() if slug not in state.remote.urls}
    return Target("mock", {**mocked, **sites}, made if used.isdisjoint(sites) else None)


def _remote_sites(state: SessionState, used: set[str]) -> "Iterator[tuple[str, Site]]":
    """Where the providers are that are not mocked; one without credentials is missing, unless the test uses it."""
    for slug in state.remote.urls:
        try:
            yield slug, state.remote.entry(slug).site
        except ConfigurationError:
            if slug in used:
                raise


@pytest.fixture
def replay_case(
    documented_case: "Case", pytestconfig: pytest.Config, request: pytest.FixtureRequest
) -> Callable[[], None]:
    """
    Replays a documented example; a test that asks for it runs once for each case of its suite's provider.

    On a target without a control API only those are replayed that hold on any account at any time.
    """
    from flowproof.cases import replay  # noqa: PLC0415 (see the module's docstring)

    from .connections import case_sender  # noqa: PLC0415

    state = state_of(pytestconfig)
    if not documented_case.anywhere:
        skip_without_control(state)
    place: Target = request.getfixturevalue("flowproof_target")
    clock = place.workspace.clock if place.workspace is not None else None

    def run() -> None:
        """Send its requests, on a mock under its frozen clock, and compare every answer."""
        if clock is not None:
            clock.freeze(documented_case.clock)
        session, send = case_sender(state.recording(), state.kits.find(documented_case.provider), place)
        with session:
            advance = clock.advance if clock is not None else float
            found = replay(documented_case, send=send, advance=advance, whole=clock is not None)
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
            return stack.enter_context(Inbox(*arguments, **settings))

        yield make


@pytest.fixture
def inbox() -> "Iterator[Inbox]":
    """A receiver of webhooks on loopback that answers 200; `inbox.answers` changes that, `inbox.wait()` waits."""
    from flowproof.inbox import Inbox  # noqa: PLC0415 (see the module's docstring)

    with Inbox() as made:
        yield made
