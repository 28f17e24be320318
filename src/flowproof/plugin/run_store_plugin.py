"""
What a session counts together with its workers, and the clean-up at its end. Loaded only where something is counted.
"""

import shutil
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flowproof.certify.run_store import RunStore, run_store_of
from flowproof.certify.stream import events_of
from flowproof.certify.untold import untold_events

from .session_state import SessionState

if TYPE_CHECKING:
    from flowproof.certify.guard import Guard
    from flowproof.conformance import Contract

__all__ = ["RunStorePlugin"]

WORKER_INPUT = "flowproof_run_store"


class RunStorePlugin:
    """
    Keeps the session's run store: beside the events, where it outlives a run that broke off, else in a scratch folder.

    Args:
        state: The session's memory.
        worker_input: What the controller gave to this process, where it is a worker of xdist; else None.
    """

    def __init__(self, state: SessionState, worker_input: dict[str, Any] | None) -> None:
        self._state = state
        self._is_worker = worker_input is not None
        self._folder: Path | None = None
        if worker_input is not None:
            self._file = Path(worker_input[WORKER_INPUT])
        elif state.options.events is not None:
            self._file = run_store_of(state.options.events)
        else:
            self._folder = Path(tempfile.mkdtemp(prefix="flowproof-"))
            self._file = self._folder / "run_store"
        self.run_store = RunStore(self._file)
        if not self._is_worker:
            for provider in state.remote.urls:
                self.run_store.forget(f"turn at {provider}")

    def make_guard(self, contract: "Callable[[str], Contract]") -> "Guard":
        from flowproof.certify.guard import Guard  # noqa: PLC0415 (with the first client)

        tell = self._state.events.tell if self._state.events is not None else None
        return Guard(self._state.remote, contract, self.run_store, lambda: self._state.test, tell)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Learn the prices before the first call that costs something; one process does so for all."""
        if session.items and not self._is_worker and not session.config.option.collectonly:
            self._learn_prices()
        return (yield)

    def _learn_prices(self) -> None:
        for provider in self._state.remote.urls:
            if self._state.kits.find(provider).prices:
                from .prices import learn_prices  # noqa: PLC0415 (brings requests)

                learn_prices(self._state, provider)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist which run store it shares."""
        node.workerinput[WORKER_INPUT] = str(self._file)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, Any]:
        """When no test and no worker is left, clean up."""
        try:
            return (yield)
        finally:
            try:
                if not self._is_worker and self._state.events is not None:
                    self._clean_up()
            finally:
                self.run_store.close()
                if self._folder is not None:
                    shutil.rmtree(self._folder, ignore_errors=True)

    def _clean_up(self) -> None:
        """Tell what a process that was ended has not told, then remove what is left."""
        writer, file = self._state.events, self._state.options.events
        missing = tuple(untold_events(self.run_store, events_of(file))) if file is not None else ()
        if writer is not None and missing:
            writer.tell(*missing)
        if not self.run_store.not_cleaned():
            return
        from .cleanup import clean_up  # noqa: PLC0415 (brings requests; mostly nothing is left)

        self._state.item = None
        clean_up(self._state, self.run_store)
