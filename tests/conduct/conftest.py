"""Fixtures that judge a client by its workspace's journal."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from flowproof.conduct import ConductReport, judge, read_journal
from flowproof.conformance import load_contract
from flowproof.providers import find_kit
from flowproof.target import Workspace

contract_of = cache(load_contract)
obligations_of = cache(lambda slug: find_kit(slug).load_obligations())


@pytest.fixture(scope="session")
def conduct() -> Callable[[Workspace, str], ConductReport]:
    """Judges the clients of a provider by a workspace's journal: `conduct(workspace, "oneflow").verdict`."""

    def judged(workspace: Workspace, provider: str) -> ConductReport:
        contract = contract_of(provider)
        return judge(read_journal(workspace.journal.entries(), contract), contract, obligations_of(provider))

    return judged


@pytest.fixture(scope="session")
def failed(conduct: Callable[[Workspace, str], ConductReport]) -> Callable[[Workspace, str], dict[str, Any]]:
    """The requirements that a client violated, with what it did: `failed(workspace, "oneflow")`."""
    return lambda workspace, provider: {each.requirement: each.what for each in conduct(workspace, provider).of("FAIL")}
