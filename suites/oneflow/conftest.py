"""Fixtures that only OneFlow's suite needs."""

import itertools
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Any

import pytest

from flowproof.clients import ClientError
from flowproof.clients.oneflow import OneFlow, Order
from flowproof.target import AccountCheck, Site, Target

from .access import connect
from .holdings import missing
from .raw_client import RawClient
from .strategies import minimum_order

TIMEOUT_S = 120.0
ABOUT_ACCESS = ("oneflow.auth.", "oneflow.request.", "oneflow.error.")


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
        account_check.require(target.name, target.site("oneflow"), marked)


@pytest.fixture
def raw(oneflow: OneFlow, target: Target) -> RawClient:
    """Hand-made requests to the current target."""
    return RawClient(oneflow, target.credentials("oneflow"))


@pytest.fixture(scope="session")
def new_id() -> Callable[[], str]:
    """Numbers of the sender's own that no order had before, on a sandbox that remembers too."""
    run, counter = uuid.uuid4().hex[:8], itertools.count(1)
    return lambda: f"FP-{run}-{next(counter)}"


@pytest.fixture
def placed(oneflow: OneFlow, new_id: Callable[[], str]) -> Callable[..., Order]:
    """Places an order and waits until it is processed: `placed()` or `placed(order)`."""

    def place(order: dict[str, Any] | None = None) -> Order:
        """The order as the provider then has it; one that is handed in gets a number of its own."""
        sent = minimum_order("") if order is None else order
        sent["orderData"]["sourceOrderId"] = new_id()
        return oneflow.wait_for_order(oneflow.submit(sent).id, timeout_s=TIMEOUT_S)

    return place
