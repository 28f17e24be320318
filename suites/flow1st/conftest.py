"""Fixtures that only Flow1st's suite needs."""

import itertools
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from flowproof.clients.flow1st import Flow1st, iso_microseconds
from flowproof.target import Target, Workspace

from .accounts import Account
from .raw_client import RawClient
from .receiver import Receiver, receiving


@pytest.fixture
def raw(flow1st: Flow1st, target: Target) -> RawClient:
    """Hand-made requests to the current target, by its clock."""
    workspace = target.workspace
    now = workspace.clock.now if workspace is not None else lambda: datetime.now(UTC)
    return RawClient(flow1st, target.credentials("flow1st"), lambda: iso_microseconds(now()))


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
def receiver(workspace: Workspace) -> Iterator[Receiver]:
    """A partner's server that knows staging's signing key and webhook token."""
    keys = workspace.credentials("flow1st").values
    with receiving(keys["signing_key"], keys["webhook_token"]) as server:
        yield server
