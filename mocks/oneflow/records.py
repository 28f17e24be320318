"""The records of one workspace: submission errors, orders, and where an order is found."""

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
    """The shelves of a workspace."""

    state: State

    def put_submission_error(self, submission: Submission, errors: Sequence[Mapping[str, str]]) -> None:
        """Keep a submission that did not become an order, with the reasons."""
        kept = {"submission": submission.to_json(), "errors": list(errors), "resubmitted": False}
        self.state.put(SUBMISSION_ERROR, submission.id, kept)

    def submission_errors(self) -> Sequence[Any]:
        """All of them, the newest first."""
        return self.state.newest(SUBMISSION_ERROR)

    def submission_error(self, submission_id: str) -> Any:
        """One of them, or None."""
        return self.state.get(SUBMISSION_ERROR, submission_id)

    def replace_submission_error(self, submission_id: str, kept: Any) -> None:
        """Keep one of them as edited."""
        self.state.put(SUBMISSION_ERROR, submission_id, kept)

    def add(self, account_id: str, record: Mapping[str, Any]) -> None:
        """Keep a new order, findable by its id and by its account's own id for it."""
        source_order_id = record["orderData"]["sourceOrderId"]
        self.state.put(_kind(account_id), source_order_id, record)
        self.state.put(PLACE, record["_id"], [account_id, source_order_id])

    def replace(self, record: Mapping[str, Any]) -> None:
        """Keep an order as changed."""
        self.state.put(_kind(record["source"]["id"]), record["orderData"]["sourceOrderId"], record)

    def owner(self, order_id: str) -> str | None:
        """Id of the account whose order that is."""
        place = self.state.get(PLACE, order_id)
        return str(place[0]) if place else None

    def get(self, account_id: str, order_id: str) -> Any:
        """An account's order, or None."""
        place = self.state.get(PLACE, order_id)
        return self.by_source_order_id(account_id, place[1]) if place and place[0] == account_id else None

    def open(self, order_id: str, status: Status) -> Any:
        """The order of that id if it has that status still, or None."""
        place = self.state.get(PLACE, order_id)
        order = self.by_source_order_id(*place) if place else None
        return order if order is not None and order["orderData"]["status"] == status.value else None

    def by_source_order_id(self, account_id: str, source_order_id: str) -> Any:
        """An account's order by the account's own id for it, or None."""
        return self.state.get(_kind(account_id), source_order_id)

    def has_source_order_id(self, account_id: str, source_order_id: str) -> bool:
        """Whether an account has used an id of its own already."""
        return self.state.has(_kind(account_id), source_order_id)

    def page(self, account_id: str, *, page: int, pagesize: int) -> Sequence[Any]:
        """A page of an account's orders, the newest first; pages count from 1."""
        return self.state.newest(_kind(account_id), limit=pagesize, offset=(page - 1) * pagesize)

    def count(self, account_id: str) -> int:
        """How many orders an account has."""
        return self.state.count(_kind(account_id))


def _kind(account_id: str) -> str:
    return f"order/{account_id}"
