"""What the tests of conduct share: a judge of what a workspace's journal shows of a client."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from flowproof.conduct import Report, judge, read_journal
from flowproof.conformance import load_contract
from flowproof.providers import find_kit
from flowproof.target import Workspace

contract_of = cache(load_contract)
obligations_of = cache(lambda slug: find_kit(slug).load_obligations())


@pytest.fixture(scope="session")
def conduct() -> Callable[[Workspace, str], Report]:
    """Judges the clients of a provider by a workspace's journal: `conduct(workspace, "oneflow").verdict`."""

    def judged(workspace: Workspace, provider: str) -> Report:
        """What the journal shows."""
        contract = contract_of(provider)
        return judge(read_journal(workspace.journal.entries(), contract), contract, obligations_of(provider))

    return judged


@pytest.fixture(scope="session")
def failed(conduct: Callable[[Workspace, str], Report]) -> Callable[[Workspace, str], dict[str, Any]]:
    """What the clients of a provider broke, each requirement with what they did: `failed(workspace, "oneflow")`."""
    return lambda workspace, provider: {each.requirement: each.what for each in conduct(workspace, provider).of("FAIL")}
