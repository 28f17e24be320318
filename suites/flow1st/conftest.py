"""Fixtures that only Flow1st's suite needs."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial

import pytest

from flowproof.clients import ClientError
from flowproof.clients.flow1st import Flow1st, iso_microseconds
from flowproof.target import PreconditionMissing, Target, TargetClock, Workspace

from .access import connect
from .accounts import Account
from .balance import skip_without_money
from .course import Course
from .holdings import missing
from .raw_client import CATALOG, RawClient
from .receiver import Receiver, receiving

ABOUT_ACCESS = ("flow1st.auth.", "flow1st.token.", "flow1st.request.", "flow1st.error.", "flow1st.catalog.")


@pytest.fixture(scope="session")
def lacking() -> dict[str, list[str]]:
    """What each sandbox account turned out to lack, by its base URL."""
    return {}


@pytest.fixture(autouse=True)
def account_holds(request: pytest.FixtureRequest, lacking: dict[str, list[str]]) -> None:
    """On a sandbox, skips a test if the account lacks what tests need, unless it is about access alone."""
    marked = [str(each) for mark in request.node.iter_markers("requirement") for each in mark.args]
    if "target" not in request.fixturenames or all(each.startswith(ABOUT_ACCESS) for each in marked):
        return
    target: Target = request.getfixturevalue("target")
    if target.workspace is not None:
        return
    site = target.site("flow1st")
    if site.url not in lacking:
        lacking[site.url] = []
        with closing(connect(site)) as own, suppress(ClientError):  # (a client of its own: this is no test's evidence)
            lacking[site.url] = list(missing(own))
    for each in lacking[site.url]:
        raise PreconditionMissing(target.name, f"has no {each}")


@pytest.fixture
def flow1st(flow1st: Flow1st, target: Target) -> Flow1st:
    """The client. On a sandbox, whose money no test can add to, an account that cannot pay skips the test."""
    if target.workspace is None:
        flow1st.session.hooks["response"].append(partial(skip_without_money, target.name))
    return flow1st


@pytest.fixture
def raw(flow1st: Flow1st, target: Target) -> RawClient:
    """Hand-made requests to the current target, by its clock; a sandbox's is read off an answer's header `Date`."""
    keys = target.credentials("flow1st")
    if target.workspace is not None:
        clock = target.workspace.clock
        return RawClient(flow1st, keys, lambda: iso_microseconds(clock.now()))
    sandbox = TargetClock(lambda: RawClient(flow1st, keys, lambda: "").send("GET", CATALOG))
    return RawClient(flow1st, keys, lambda: iso_microseconds(sandbox.now()))


@pytest.fixture(scope="session")
def new_reference() -> Callable[[], str]:
    """References of the partner's own that no order had before, on a sandbox that remembers too."""
    run, counter = uuid.uuid4().hex[:8], itertools.count(1)
    return lambda: f"FP-{run}-{next(counter)}"


@pytest.fixture
def staging(workspace: Workspace) -> Account:
    """The staging account, seen from the Admin Console. Its clock stands still."""
    workspace.clock.freeze()
    return Account(workspace, "staging")


@pytest.fixture
def production(workspace: Workspace) -> Account:
    """The production account, seen from the Admin Console. Its clock stands still."""
    workspace.clock.freeze()
    return Account(workspace, "production")


@pytest.fixture
def receiver(target: Target) -> Iterator[Receiver]:
    """A partner's server that the target reaches; it knows staging's signing key, and the webhook token if given."""
    site, keys = target.site("flow1st"), target.credentials("flow1st").values
    if site.webhook_url is None and not site.is_on_loopback:
        pytest.skip("no inbox can be reached from the target: the profile names no webhook_url and webhook_port")
    signing_key, token = str(keys.get("signing_key", "")), keys.get("webhook_token")
    with receiving(signing_key, token, port=site.webhook_port, url=site.webhook_url) as server:
        yield server


@pytest.fixture
def course(raw: RawClient, receiver: Receiver, target: Target) -> Course:
    """Orders whose webhooks a receiver gets. A mock's clock stands still between them."""
    if target.workspace is not None:
        target.workspace.clock.freeze()
    return Course(raw, receiver, target.workspace)
