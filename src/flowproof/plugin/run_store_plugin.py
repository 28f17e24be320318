"""
What a session counts together with its workers, and what it undoes at its end. Loaded only where something is counted.
"""

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from flowproof.certify.run_store import RunStore

from .session_state import SessionState

__all__ = ["RunStorePlugin", "run_store_of"]

HANDED_DOWN = "flowproof_ledger"


def run_store_of(events: Path) -> Path:
    """Where a run whose events are in that file keeps what its processes share."""
    return events.with_name(f"{events.name}.ledger")


class RunStorePlugin:
    """
    Keeps the session's ledger: beside the events, where it outlives a run that broke off, else for this session alone.

    Args:
        state: The session's memory.
        handed_down: What the controller gave to this process, where it is a worker of xdist; else None.
    """

    def __init__(self, state: SessionState, handed_down: dict[str, Any] | None) -> None:
        self._state = state
        self._is_worker = handed_down is not None
        self._folder: Path | None = None
        if handed_down is not None:
            self._file = Path(handed_down[HANDED_DOWN])
        elif state.options.events is not None:
            self._file = run_store_of(state.options.events)
        else:
            self._folder = Path(tempfile.mkdtemp(prefix="flowproof-"))
            self._file = self._folder / "ledger"
        self.run_store = RunStore(self._file)
        if not self._is_worker:
            for provider in state.places.urls:
                self.run_store.forget(f"turn at {provider}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist which ledger it shares."""
        node.workerinput[HANDED_DOWN] = str(self._file)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, Any]:
        """When no test and no worker is left, undo what can be undone."""
        try:
            return (yield)
        finally:
            try:
                if not self._is_worker and self._state.event_writer is not None:
                    self._settle()
            finally:
                self.run_store.close()
                if self._folder is not None:
                    shutil.rmtree(self._folder, ignore_errors=True)

    def _settle(self) -> None:
        if not self.run_store.not_cleaned():
            return
        from .cleanup import settle  # noqa: PLC0415 (brings every client; mostly nothing is left)

        self._state.item = None
        settle(self._state, self.run_store)
