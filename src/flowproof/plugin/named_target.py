"""
Ends a session that names a target as soon as a test uses a provider that the target lacks: none falls back to a mock.

Registered only where a profile names the target.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from .item_info import providers_of
from .session_state import SessionState

__all__ = ["NamedTarget"]

EXIT_CODE = 2  # misconfigured, as of our commands
WORKER_OUTPUT = "flowproof_misconfigured"


class NamedTarget:
    """
    Compares the tests with the profile when they are collected.

    Args:
        state: The session's memory.
    """

    def __init__(self, state: SessionState) -> None:
        self._state = state

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """End the session; a worker of xdist runs nothing, and leaves that to the controller."""
        message = next(self._missing(session.items), None)
        if message is None:
            return
        output = getattr(session.config, "workeroutput", None)
        if output is None:
            pytest.exit(message, returncode=EXIT_CODE)
        output[WORKER_OUTPUT] = message
        session.items.clear()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """End the session for a worker of xdist."""
        message = getattr(node, "workeroutput", {}).get(WORKER_OUTPUT)
        if message is not None:
            pytest.exit(message, returncode=EXIT_CODE)

    def _missing(self, items: list[pytest.Item]) -> Iterator[str]:
        remote = self._state.remote
        for item in items:
            for provider in sorted(providers_of(item, self._state.kits) - set(remote.urls)):
                yield (
                    f"The profile {remote.profile!r} has no [{provider}], which {item.nodeid} uses, and a session that "
                    f"names a target uses no mock. Add the table [{provider}] with its url and credentials, or leave "
                    "that test out"
                )
