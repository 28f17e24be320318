"""What the control API answers with where the event loop must not wait for a response."""

from typing import Protocol, runtime_checkable

from flowproof.kernel.http.response import WireResponse

__all__ = ["EventSource", "Job"]


@runtime_checkable
class EventSource(Protocol):
    """Where events come from, for as long as the client stays."""

    def read(self) -> bytes | None:
        """What is new, as text of an event stream; empty where nothing is, None where nothing more will come."""


@runtime_checkable
class Job(Protocol):
    """What takes longer than other requests may wait, or sends requests to this server itself."""

    def run(self, address: tuple[str, int]) -> WireResponse:
        """Serve the request, on a thread of its own and without the lock; ``address`` is where the server is."""
