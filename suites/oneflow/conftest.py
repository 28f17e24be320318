"""Fixtures that only OneFlow's suite needs."""

import itertools
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from flowproof.clients.oneflow import OneFlow, Order
from flowproof.target import Target

from .raw_client import RawClient
from .strategies import minimum_order

TIMEOUT_S = 120.0


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
