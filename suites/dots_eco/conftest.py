"""Fixtures that only Dots.eco's suite needs."""

from datetime import datetime

import pytest

from flowproof.clients.dots_eco import DotsEco
from flowproof.target import Target, Workspace

from .raw_client import RawClient

ASKED_AT = datetime.fromisoformat("2024-09-13T12:00:00+00:00")


@pytest.fixture
def raw(dots_eco: DotsEco, target: Target) -> RawClient:
    """Hand-made requests to the current target."""
    return RawClient(dots_eco, target)


@pytest.fixture
def frozen(workspace: Workspace) -> Workspace:
    """The workspace behind the target, its clock at noon of the document's day, 2024-09-13."""
    workspace.clock.freeze(ASKED_AT)
    return workspace
