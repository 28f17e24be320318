"""The webhooks of a workspace, as whoever controls it sees them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import CLOCK_MONOTONIC, clock_gettime, sleep
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from flowproof.errors import FlowproofError
from flowproof.plurals import counted

from .control import TIMEOUT_S

if TYPE_CHECKING:
    from .workspace import Workspace

__all__ = ["NotIdle", "Webhooks"]

POLL_S = 0.01


@dataclass(eq=False)
class NotIdle(FlowproofError):
    """
    Webhooks that were waited for are still on their way.

    Args:
        what: What was waited for.
        timeout_s: How long.
        waiting: Each that has not arrived, in one line.
    """

    what: str
    timeout_s: float
    waiting: Sequence[str]

    def __str__(self) -> str:
        return f"{self.what} within {self.timeout_s:g} s: {'; '.join(self.waiting) or 'nothing is said to wait'}"


class Webhooks:
    """The webhooks of a workspace: what waits, what was sent and answered, and what goes wrong with them on purpose."""

    def __init__(self, workspace: "Workspace") -> None:
        self._workspace = workspace

    def list(self, *, limit: int | None = None) -> Sequence[Mapping[str, Any]]:
        """The last deliveries with their attempts, in the order in which they were wanted."""
        return cast(
            "Sequence[Mapping[str, Any]]", self._workspace.control("GET", "webhooks", limit=limit)["deliveries"]
        )

    def get(self, delivery: str) -> Mapping[str, Any]:
        """One delivery by its id, such as `dlv-3`."""
        path = f"webhooks/deliveries/{quote(delivery, safe='')}"
        return cast("Mapping[str, Any]", self._workspace.control("GET", path))

    def is_idle(self) -> bool:
        """Whether nothing is being sent, or due on the workspace's clock."""
        return bool(self._workspace.control("GET", "webhooks", limit=0)["settled"])

    def wait_until_idle(self, *, timeout_s: float = TIMEOUT_S) -> Sequence[Mapping[str, Any]]:
        """
        Wait until nothing is being sent, or due on the workspace's clock.

        Returns:
            All deliveries.

        Raises:
            NotIdle: Something still is after that time.
        """
        deadline = clock_gettime(CLOCK_MONOTONIC) + timeout_s  # (monotonic() stands still where a test freezes time)
        while not self.is_idle():
            if clock_gettime(CLOCK_MONOTONIC) >= deadline:
                raise NotIdle("webhooks were not idle", timeout_s, [_waiting(each) for each in self._outstanding()])
            sleep(POLL_S)
        return self.list()

    def replay(self, delivery: str, *, adversary: Mapping[str, Any] | None = None) -> Sequence[Mapping[str, Any]]:
        """Deliver the same bytes once more, signed anew; returns what was put into the outbox."""
        body = {} if adversary is None else {"adversary": adversary}
        return self._made(f"deliveries/{quote(delivery, safe='')}/replay", body)

    def retry(self, delivery: str) -> Mapping[str, Any]:
        """Make the next attempt of a delivery now; one that has failed is tried once more. Returns the delivery."""
        path = f"webhooks/deliveries/{quote(delivery, safe='')}/retry"
        return cast("Mapping[str, Any]", self._workspace.control("POST", path))

    def trigger(self, provider: str, event: str, url: str) -> Sequence[Mapping[str, Any]]:
        """Deliver an event with made-up content; returns what was put into the outbox."""
        return self._made("trigger", {"provider": provider, "event": event, "url": url})

    def adversary(self, **changes: Any) -> None:
        """Choose what goes wrong on purpose from now on, such as `adversary(copies=2)`; nothing at all with none."""
        self._workspace.control("PUT", "webhooks/adversary", changes)

    def allowed_hosts(self, *hosts: str) -> None:
        """Name the hosts beside loopback to which this workspace may deliver, in place of those before."""
        self._workspace.control("PUT", "webhooks/allowed-hosts", [*hosts])

    def trial(
        self, provider: str, url: str, *, event: str | None = None, timeout_s: float = 2 * TIMEOUT_S
    ) -> Sequence[Mapping[str, Any]]:
        """
        Try a receiver with everything that it must accept or refuse.

        Returns:
            A verdict for each thing that was tried.

        Raises:
            NotIdle: Not all of it was sent in that time.
        """
        body = {"provider": provider, "url": url} | ({} if event is None else {"event": event})
        name = self._workspace.control("POST", "webhooks/trials", body)["trial"]
        deadline = clock_gettime(CLOCK_MONOTONIC) + timeout_s
        while not (found := self._workspace.control("GET", f"webhooks/trials/{name}"))["finished"]:
            if clock_gettime(CLOCK_MONOTONIC) >= deadline:
                open_ = [each["trial"] for each in found["verdicts"] if each["verdict"] == "SKIP"]
                raise NotIdle(f"{name} did not end", timeout_s, open_)
            sleep(POLL_S)
        return cast("Sequence[Mapping[str, Any]]", found["verdicts"])

    def _made(self, path: str, body: Any) -> Sequence[Mapping[str, Any]]:
        made = self._workspace.control("POST", f"webhooks/{path}", body)
        return cast("Sequence[Mapping[str, Any]]", made["deliveries"])

    def _outstanding(self) -> Iterator[Mapping[str, Any]]:
        return (each for each in self.list() if each["state"] in ("pending", "sending"))


def _waiting(delivery: Mapping[str, Any]) -> str:
    tried = len(delivery["attempts"])
    webhook = delivery["webhook"]
    often = counted(tried, "time")
    return f"{delivery['id']} {webhook['event']} to {webhook['url']}, {often} tried, due {delivery['due_at']}"
