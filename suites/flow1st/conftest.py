"""Fixtures that only Flow1st's suite needs."""

import itertools
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial

import pytest

from flowproof.clients import ClientError
from flowproof.clients.flow1st import Flow1st, iso_microseconds
from flowproof.edge_cases import repeat_refusals
from flowproof.target import AccountCheck, Site, Target, TargetClock, Workspace

from .access import connect
from .accounts import Account
from .balance import skip_without_money
from .course import Course
from .holdings import missing
from .raw_client import CATALOG, RawClient
from .receiver import Receiver, receiving

ABOUT_ACCESS = ("flow1st.auth.", "flow1st.token.", "flow1st.request.", "flow1st.error.", "flow1st.catalog.")


def lacking(site: Site) -> Sequence[str]:
    """What an account lacks; nothing where it cannot be read."""
    with closing(connect(site)) as own, suppress(ClientError):  # (a client of its own: this is no test's evidence)
        return list(missing(own))
    return ()


@pytest.fixture(scope="session")
def account_check() -> AccountCheck:
    """Whether the accounts under test hold what most tests need."""
    return AccountCheck(lacking, about_access=ABOUT_ACCESS)


@pytest.fixture(autouse=True)
def account_holds(request: pytest.FixtureRequest, account_check: AccountCheck) -> None:
    """On a sandbox, skips a test if the account lacks what tests need, unless it is about access alone."""
    if "target" not in request.fixturenames:
        return
    target: Target = request.getfixturevalue("target")
    if target.workspace is None:
        marked = [str(each) for mark in request.node.iter_markers("requirement") for each in mark.args]
        account_check.require(target.name, target.site("flow1st"), marked)


@pytest.fixture
def flow1st(flow1st: Flow1st, target: Target) -> Flow1st:
    """The client. On a sandbox, whose money no test can add to, an account that cannot pay skips the test."""
    if target.workspace is None:
        flow1st.session.hooks["response"].append(partial(skip_without_money, target.name))
    return flow1st


@pytest.fixture(autouse=True)
def refused_each_time(request: pytest.FixtureRequest) -> None:
    """What is refused in a test is refused the second time, too; properties, which refuse much, are left out."""
    if "flow1st" in request.fixturenames and not getattr(request.function, "is_hypothesis_test", False):
        flow1st: Flow1st = request.getfixturevalue("flow1st")
        repeat_refusals(flow1st.session)


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
