"""What a test that ended well still needs: exchanges that agree with the contract, and at least one with its target."""

from dataclasses import dataclass

import pytest
from _pytest.outcomes import Failed

from flowproof.errors import FlowproofError

from .item_info import requirements_of
from .session_state import SessionState

__all__ = ["ContractViolated", "NoEvidence", "require_evidence"]


class ContractViolated(Failed):
    """An exchange of a test that did not fail otherwise differs from its contract."""


@dataclass(eq=False)
class NoEvidence(FlowproofError):
    """
    A test of a requirement ended well without an exchange with its target: an error of its suite or its kit.

    Args:
        exchanges: How many it made with other addresses.
    """

    exchanges: int

    def __str__(self) -> str:
        elsewhere = f"; {self.exchanges} went elsewhere" if self.exchanges else ""
        return (
            "the test passed without an exchange with its target that Flowproof has recorded"
            f"{elsewhere}: its suite or its kit is wrong"
        )


def require_evidence(state: SessionState, item: pytest.Item) -> None:
    """
    Check that a test which passed has evidence.

    A test of a suite needs it, and in a session whose events are kept, every test of a requirement. A user's own test
    may have a requirement's mark and a client of its own.

    Raises:
        NoEvidence: It has none.
    """
    if not requirements_of(item):
        return
    recorder = state.recorder
    if recorder is not None and recorder.evidence:
        return
    if state.events is not None or state.kits.of_suite(item.path.parent):
        raise NoEvidence(recorder.exchanges if recorder is not None else 0)
