"""The records of one workspace in the store: submission errors, orders, and the index of orders by id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowproof.kernel import State

from .models import Status, Submission

__all__ = ["Orders"]

SUBMISSION_ERROR = "submission_error"
PLACE = "place"  # of an order by its id: its account's id, and the account's own id for it


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders and submission errors of a workspace."""

    state: State

    def put_submission_error(self, submission: Submission, errors: Sequence[Mapping[str, str]]) -> None:
        """Store a submission that did not become an order, with the errors."""
        kept = {"submission": submission.to_json(), "errors": list(errors), "resubmitted": False}
        self.state.put(SUBMISSION_ERROR, submission.id, kept)

    def submission_errors(self) -> Sequence[Any]:
        """All submission errors, newest first."""
        return self.state.newest(SUBMISSION_ERROR)

    def submission_error(self, submission_id: str) -> Any:
        return self.state.get(SUBMISSION_ERROR, submission_id)

    def replace_submission_error(self, submission_id: str, kept: Any) -> None:
        self.state.put(SUBMISSION_ERROR, submission_id, kept)

    def add(self, account_id: str, record: Mapping[str, Any]) -> None:
        """Store a new order, found by its id and by its account's ``sourceOrderId``."""
        source_order_id = record["orderData"]["sourceOrderId"]
        self.state.put(_kind(account_id), source_order_id, record)
        self.state.put(PLACE, record["_id"], [account_id, source_order_id])

    def replace(self, record: Mapping[str, Any]) -> None:
        self.state.put(_kind(record["source"]["id"]), record["orderData"]["sourceOrderId"], record)

    def owner(self, order_id: str) -> str | None:
        """The id of the account that an order belongs to, or None."""
        place = self.state.get(PLACE, order_id)
        return str(place[0]) if place else None

    def get(self, account_id: str, order_id: str) -> Any:
        place = self.state.get(PLACE, order_id)
        return self.by_source_order_id(account_id, place[1]) if place and place[0] == account_id else None

    def open(self, order_id: str, status: Status) -> Any:
        """The order of that id, or None where it has another status."""
        place = self.state.get(PLACE, order_id)
        order = self.by_source_order_id(*place) if place else None
        return order if order is not None and order["orderData"]["status"] == status.value else None

    def by_source_order_id(self, account_id: str, source_order_id: str) -> Any:
        return self.state.get(_kind(account_id), source_order_id)

    def has_source_order_id(self, account_id: str, source_order_id: str) -> bool:
        return self.state.has(_kind(account_id), source_order_id)

    def page(self, account_id: str, *, page: int, pagesize: int) -> Sequence[Any]:
        """A page of an account's orders, newest first. Pages count from 1."""
        return self.state.newest(_kind(account_id), limit=pagesize, offset=(page - 1) * pagesize)

    def count(self, account_id: str) -> int:
        return self.state.count(_kind(account_id))


def _kind(account_id: str) -> str:
    return f"order/{account_id}"
