"""
What the plugin knows of a session: options, kits, targets, recorder, the workspaces of the current test.

Values only: who writes events or coverage, or guards a target, registers here and is not known. Light to import.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pytest

from flowproof.errors import ConfigurationError
from flowproof.providers import Kits

from .options import Options, read_options
from .remote_targets import RemoteTargets, find_remote_targets

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from flowproof.certify.events import Event
    from flowproof.certify.run_store import RunStore
    from flowproof.conformance import Contract
    from flowproof.kernel.serving import Gateway
    from flowproof.target import Workspace

    from .recording import Gate, RecordedExchange, Recorder

__all__ = ["EventSink", "SessionState", "state_of"]


class EventSink(Protocol):
    """Keeps what happens in the session."""

    def tell(self, *events: "Event") -> None:
        """Keep events."""

    def name_of(self, item: pytest.Item) -> str:
        """A test's name as its events have it."""


@dataclass(slots=True)
class SessionState:
    """
    One session's memory; its owner is the session's `Config`.

    Args:
        options: What was asked for.
        kits: Of the installed providers.
        remote: The providers that are not mocked.
        item: The current test.
        workspaces: Those that the current test has made.
        in_process: Makes what reaches the session's own server without a socket, where it was asked for.
        run_store: What the processes of the run share, where something is counted.
        events: Keeps what happens, where it was asked for.
        listeners: Each is called with every exchange; complete before the first client is made.
        make_gate: Makes what requests have to pass, where something is not mocked.
        recorder: Made with the first client.
        make_gateway: Makes the mock that the session's own server serves, in place of the installed providers'.
        before_test: Called first of all for each test, where a server of ours runs in the session.
    """

    options: Options
    kits: Kits
    remote: RemoteTargets
    item: pytest.Item | None = None
    workspaces: "list[Workspace]" = field(default_factory=list)
    in_process: "Callable[[], BaseAdapter] | None" = None
    run_store: "RunStore | None" = None
    events: EventSink | None = None
    listeners: "list[Callable[[RecordedExchange], None]]" = field(default_factory=list)
    make_gate: "Callable[[Callable[[str], Contract]], Gate] | None" = None
    recorder: "Recorder | None" = None
    make_gateway: "Callable[[], Gateway] | None" = None
    before_test: "Callable[[], None] | None" = None

    def recording(self) -> "Recorder":
        if self.recorder is None:
            from .recording import Recorder  # noqa: PLC0415 (brings requests and contracts: only where a client is made)

            self.recorder = Recorder(self.adapter, self.kits, self.listeners, self.make_gate, self.remote.urls)
        return self.recorder

    @property
    def test(self) -> str:
        """The current test, as reports call it."""
        if self.item is None:
            return ""
        return self.events.name_of(self.item) if self.events is not None else self.item.nodeid

    def adapter(self) -> "BaseAdapter":
        """A new transport of `requests`, for any address."""
        from requests.adapters import HTTPAdapter  # noqa: PLC0415 (only where something is sent)

        if self.in_process is not None:
            return self.in_process()
        if not (self.options.tls or (self.options.server or "").startswith("https://")):
            return HTTPAdapter()
        from flowproof.tls.trust import TrustingAdapter  # noqa: PLC0415 (only where TLS is spoken)

        return TrustingAdapter()

    def begin(self, item: pytest.Item) -> None:
        if self.before_test is not None:
            self.before_test()
        self.item = item
        self.workspaces.clear()
        if self.recorder is not None:
            self.recorder.begin()


KEY = pytest.StashKey[SessionState]()


def state_of(config: pytest.Config) -> SessionState:
    """
    The session's memory.

    Raises:
        pytest.UsageError: What was asked for cannot be used.
    """
    if KEY not in config.stash:
        options, kits = read_options(config), Kits()
        try:
            config.stash[KEY] = SessionState(options, kits, find_remote_targets(options, kits))
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[KEY]
