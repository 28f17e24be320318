"""
What the plugin remembers of a session: options, recorder, transport, the workspaces of the current test.

Light to import.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from flowproof.errors import ConfigurationError

from .options import Options, read_options
from .places import Places, find_places

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from flowproof.certify.run_store import RunStore
    from flowproof.kernel.serving import Gateway
    from flowproof.target import Workspace

    from .coverage import CoverageWriter
    from .event_writer import EventWriter
    from .recording import Recorder

__all__ = ["SessionState", "state_of"]


@dataclass(slots=True)
class SessionState:
    """
    One session's memory; its owner is the session's `Config`.

    Args:
        options: What was asked for.
        places: Where the providers are that are not mocked.
        item: The current test.
        recorder: Made with the first client.
        workspaces: Those that the current test has made.
        coverage: Keeps what the run exercises, where it was asked for.
        in_process: Makes what reaches the session's own server without a socket, where it was asked for.
        ledger: What the processes of the run share, where something is counted.
        witness: Writes down what happens, where it was asked for.
        make_gateway: Makes the mock that the session's own server serves, in place of the installed providers'.
    """

    options: Options
    places: Places
    item: pytest.Item | None = None
    recorder: "Recorder | None" = None
    workspaces: "list[Workspace]" = field(default_factory=list)
    coverage: "CoverageWriter | None" = None
    in_process: "Callable[[], BaseAdapter] | None" = None
    run_store: "RunStore | None" = None
    event_writer: "EventWriter | None" = None
    make_gateway: "Callable[[], Gateway] | None" = None

    def recording(self) -> "Recorder":
        """The session's recorder."""
        if self.recorder is None:
            from .recording import Recorder  # noqa: PLC0415 (brings requests and contracts: only where a client is made)

            self.recorder = Recorder(self.adapter)
            self.recorder.on_checked = self.coverage.record if self.coverage is not None else None
            self.recorder.on_exchange = self.event_writer.saw if self.event_writer is not None else None
            if self.run_store is not None and self.places.urls:
                self._set_guard(self.recorder, self.run_store)
        return self.recorder

    def _set_guard(self, recorder: "Recorder", run_store: "RunStore") -> None:
        from .guard import Guard  # noqa: PLC0415 (only where something is not mocked)

        tell = self.event_writer.tell if self.event_writer is not None else None
        recorder.guard = Guard(self.places, recorder.contract, run_store, lambda: self.test, tell)

    @property
    def test(self) -> str:
        """The current test, as reports call it."""
        if self.item is None:
            return ""
        return self.event_writer.shown(self.item.nodeid) if self.event_writer is not None else self.item.nodeid

    def adapter(self) -> "BaseAdapter":
        """A new transport of `requests`, for any address."""
        from requests.adapters import HTTPAdapter  # noqa: PLC0415 (only where something is sent)

        return self.in_process() if self.in_process is not None else HTTPAdapter()

    def begin(self, item: pytest.Item) -> None:
        """A test starts."""
        self.item = item
        self.workspaces.clear()
        if self.recorder is not None:
            self.recorder.begin()


KEY = pytest.StashKey[SessionState]()


def state_of(config: pytest.Config) -> SessionState:
    """The session's memory."""
    if KEY not in config.stash:
        options = read_options(config)
        try:
            config.stash[KEY] = SessionState(options, find_places(options))
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[KEY]
