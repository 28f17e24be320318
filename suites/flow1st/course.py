"""Orders whose webhooks a receiver gets: on a mock its clock is moved on, elsewhere they are waited for."""

from collections.abc import Callable
from typing import Any

from flowproof.inbox import NothingCame
from flowproof.target import Workspace

from .accounts import Account
from .raw_client import RawClient
from .receiver import Got, Receiver
from .strategies import an_order

__all__ = ["Course", "has_come"]

TIMEOUT_S = 60.0
WHOLE_S = 10.0  # on a mock, from an order to its end
LATER_S = 600.0  # on a mock, from one attempt to the next


class Course:
    """
    What becomes of orders, as a receiver learns it.

    Args:
        raw: Places orders.
        receiver: Gets their webhooks.
        workspace: Of a mock; None elsewhere.
    """

    def __init__(self, raw: RawClient, receiver: Receiver, workspace: Workspace | None) -> None:
        self.raw = raw
        self.receiver = receiver
        self._account = None if workspace is None else Account(workspace, "staging")

    def place(self, reference: str, *, path: str = "", **changes: Any) -> dict[str, Any]:
        """Place an order with a webhook URL; returns what was sent."""
        order = an_order(reference, webhookUrl=f"{self.receiver.url}{path}", **changes)
        answer = self.raw.order(order)
        assert answer.status_code == 201, answer.text
        return order

    def of(self, reference: str) -> list[Got]:
        """What has come about an order, forgeries included, in order of arrival."""
        return [each for each in list(self.receiver.got) if reference.encode() in each.body]

    def wait_for(self, reference: str, count: int = 2) -> list[Got]:
        """
        Wait until so many webhooks have come about an order.

        Raises:
            NothingCame: Fewer have.
        """
        if self._account is not None:
            self._account.pass_time(WHOLE_S)
        return self._wait(lambda: self.of(reference), count)

    def wait_for_another(self, reference: str, count: int) -> list[Got]:
        """The same, where the provider has to try again."""
        if self._account is not None:
            while len(self.of(reference)) < count:
                before = len(self.of(reference))
                self._account.pass_time(LATER_S)
                if len(self.of(reference)) == before:
                    break
        return self._wait(lambda: self.of(reference), count)

    def _wait(self, found: Callable[[], list[Got]], count: int) -> list[Got]:
        inbox, seen = self.receiver.inbox, 0
        while len(found()) < count:
            seen = max(seen, len(inbox.received))
            inbox.wait(seen + 1, timeout_s=TIMEOUT_S)
        return found()


def has_come(course: Course, reference: str, count: int) -> bool:
    """Whether so many webhooks come about an order, within the time that a test can wait."""
    try:
        course.wait_for_another(reference, count)
    except NothingCame:
        return False
    return True
