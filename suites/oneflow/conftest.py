"""Fixtures that only OneFlow's suite needs."""

import itertools
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import pytest

from flowproof.clients import ClientError
from flowproof.clients.oneflow import OneFlow, Order
from flowproof.target import PreconditionMissing, Target

from .access import connect
from .holdings import missing
from .raw_client import RawClient
from .strategies import minimum_order

TIMEOUT_S = 120.0
ABOUT_ACCESS = ("oneflow.auth.", "oneflow.request.", "oneflow.error.")


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
    site = target.site("oneflow")
    if site.url not in lacking:
        lacking[site.url] = []
        with closing(connect(site)) as own, suppress(ClientError):  # (a client of its own: this is no test's evidence)
            lacking[site.url] = list(missing(own))
    for each in lacking[site.url]:
        raise PreconditionMissing(target.name, f"has no {each}")


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
