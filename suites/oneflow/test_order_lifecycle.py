"""Orders as a state machine: a model predicts the answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from flowproof.clients import NO_RETRY, NotFound, Refused, ServerFailed, Unreachable
from flowproof.clients.oneflow import OneFlow
from flowproof.target import Workspace

from .invalid_examples import BrokenOrder, broken_orders
from .strategies import minimum_order

START = "2017-04-08T13:41:19Z"
WAITS_S = (0.5, 1, 3, 6, 60, 3_600, 86_400)
ADDRESS = {"name": "Wendy", "address1": "14 Kensington Gardens", "town": "London", "postcode": "W8", "isoCountry": "GB"}


@dataclass
class Expected:
    """
    The model of one submission.

    Args:
        source_order_id: The sender's number.
        submitted_s: When it was submitted, in seconds of the model's time.
        valid: Whether it becomes an order.
        order_id: The provider's id; None where the answer was lost.
        cancelled: Whether it was cancelled.
        name: Where it goes.
    """

    source_order_id: str
    submitted_s: float
    valid: bool
    order_id: str | None = None
    cancelled: bool = False
    name: str = "Peter Pan"


@dataclass
class Model:
    """The expected state: submissions in their order, the time, and the durations of the settings."""

    processing_s: float
    print_ready_s: float
    ship_s: float
    now_s: float = 0.0
    submissions: list[Expected] = field(default_factory=list)

    def status(self, each: Expected) -> str | None:
        """The status of a submission; None where there is no order."""
        age_s = self.now_s - each.submitted_s - self.processing_s
        if not each.valid or age_s < 0:
            return None
        if each.cancelled:
            return "cancelled"
        if age_s < self.print_ready_s:
            return "received"
        return "printready" if age_s < self.print_ready_s + self.ship_s else "shipped"

    def orders(self) -> list[Expected]:
        """The expected list, newest first."""
        return [each for each in reversed(self.submissions) if self.status(each) is not None]

    def errors(self) -> list[str | None]:
        """The ids of the expected submission errors, newest first."""
        due = [each for each in self.submissions if not each.valid]
        return [each.order_id for each in reversed(due) if self.now_s - each.submitted_s >= self.processing_s]


class OrderLifecycle(RuleBasedStateMachine):
    """Submits, waits, lists, reads, cancels and amends, with faults, in a workspace of its own."""

    make_workspace: Callable[..., Workspace]
    make_oneflow: Callable[..., OneFlow]
    submissions = Bundle("submissions")
    favourites = Bundle("favourites")

    def __init__(self) -> None:
        super().__init__()
        self.workspace = type(self).make_workspace(clock={"mode": "frozen", "now": START})
        self.oneflow = type(self).make_oneflow(self.workspace, retry=NO_RETRY)
        times = self.workspace.seed("oneflow")["settings"]
        self.model = Model(times["processing_s"], times["print_ready_s"], times["ship_s"])

    def teardown(self) -> None:
        self.oneflow.close()
        self.workspace.delete()

    def _sent(self, *, valid: bool, order_id: str | None, source_order_id: str) -> Expected:
        expected = Expected(source_order_id, self.model.now_s, valid, order_id)
        self.model.submissions.append(expected)
        return expected

    def _new_id(self) -> str:
        return f"SO-{len(self.model.submissions) + 1}"

    @initialize(target=favourites)
    def begin(self) -> Any:
        """Each run begins with one processed order."""
        order = self.submit()
        self.advance(self.model.processing_s)
        return order

    @rule(target=submissions)
    def submit(self) -> Any:
        number = self._new_id()
        receipt = self.oneflow.submit(minimum_order(number))
        return self._sent(valid=True, order_id=receipt.id, source_order_id=number)

    @rule(broken=broken_orders(), target=submissions)
    def submit_invalid(self, broken: BrokenOrder) -> Any:
        receipt = self.oneflow.submit(broken.order)
        return self._sent(valid=False, order_id=receipt.id, source_order_id=self._new_id())

    @rule(target=submissions, earlier=submissions | favourites)
    def submit_used_number(self, earlier: Expected) -> Any:
        receipt = self.oneflow.submit(minimum_order(earlier.source_order_id))
        is_free = not any(
            each.valid for each in self.model.submissions if each.source_order_id == earlier.source_order_id
        )
        return self._sent(valid=is_free, order_id=receipt.id, source_order_id=earlier.source_order_id)

    @rule(seconds=st.sampled_from(WAITS_S))
    def advance(self, seconds: float) -> None:
        self.workspace.clock.advance(seconds)
        self.model.now_s += seconds

    @rule(submission=submissions | favourites)
    def get(self, submission: Expected) -> None:
        if submission.order_id is None:
            return
        status = self.model.status(submission)
        if status is None:
            with pytest.raises(NotFound):
                self.oneflow.order(submission.order_id)
            return
        order = self.oneflow.order(submission.order_id)
        assert (order.status, order.source_order_id) == (status, submission.source_order_id)
        assert order.shipments[0].ship_to["name"] == submission.name

    @rule(page=st.integers(1, 3), pagesize=st.integers(1, 4))
    def list_page(self, page: int, pagesize: int) -> None:
        expected = self.model.orders()[(page - 1) * pagesize : page * pagesize]

        shown = self.oneflow.orders(page, pagesize).orders

        assert [order.source_order_id for order in shown] == [each.source_order_id for each in expected]

    @rule(submission=submissions | favourites)
    def cancel(self, submission: Expected) -> None:
        order = self._order_of(submission)
        status = self.model.status(order) if order else None
        if order is None or status is None:
            with pytest.raises(NotFound):
                self.oneflow.cancel("brandx", submission.source_order_id)
        elif status in {"cancelled", "shipped"}:
            with pytest.raises(Refused):
                self.oneflow.cancel("brandx", submission.source_order_id)
        else:
            assert self.oneflow.cancel("brandx", submission.source_order_id).status == "cancelled"
            order.cancelled = True

    @rule(submission=submissions | favourites, name=st.sampled_from(["Wendy", "Hook", "Smee"]))
    def amend(self, submission: Expected, name: str) -> None:
        order = self._order_of(submission)
        status = self.model.status(order) if order else None
        address = {**ADDRESS, "name": name}
        if order is None or status is None:
            with pytest.raises(NotFound):
                self.oneflow.update_shipping(submission.source_order_id, 0, ship_to=address)
        elif status in {"cancelled", "shipped"}:
            with pytest.raises(Refused):
                self.oneflow.update_shipping(submission.source_order_id, 0, ship_to=address)
        else:
            assert self.oneflow.update_shipping(submission.source_order_id, 0, ship_to=address).ship_to == address
            order.name = name

    def _order_of(self, submission: Expected) -> Expected | None:
        """The order with a submission's number, or None."""
        numbered = (each for each in self.model.submissions if each.source_order_id == submission.source_order_id)
        return next((each for each in numbered if each.valid), None)

    @rule(target=submissions)
    def submit_while_scaling_up(self) -> Any:
        number = self._new_id()
        with self.workspace.faults.during("oneflow.scaling_up"), pytest.raises(ServerFailed):
            self.oneflow.submit(minimum_order(number))
        return multiple()

    @rule(target=submissions, is_stored=st.booleans())
    def lose_an_answer(self, is_stored: bool) -> Any:
        number = self._new_id()
        fault = {"fault": "reset", "moment": "after" if is_stored else "before"}
        with self.workspace.faults.during(fault), pytest.raises(Unreachable):
            self.oneflow.submit(minimum_order(number))
        return self._sent(valid=True, order_id=None, source_order_id=number) if is_stored else multiple()

    @rule(order=favourites, first=st.sampled_from(["cancel", "ship", "nothing"]))
    def close_and_try_again(self, order: Expected, first: str) -> None:
        """Try to change an order in a final state."""
        if first == "cancel":
            self.cancel(order)
        elif first == "ship":
            self.advance(self.model.print_ready_s + self.model.ship_s)
        self.cancel(order)
        self.amend(order, "Hook")

    @rule()
    def restore_a_snapshot(self) -> None:
        snapshot = self.workspace.snapshot()
        self.oneflow.submit(minimum_order("forgotten"))
        self.workspace.restore(snapshot)

    @invariant()
    def list_has_exactly_the_processed_orders(self) -> None:
        """The list has every processed order, in its state, newest first."""
        shown = self.oneflow.orders(pagesize=200).orders
        expected = self.model.orders()

        assert [(order.source_order_id, order.status) for order in shown] == [
            (each.source_order_id, self.model.status(each)) for each in expected
        ]

    @invariant()
    def submission_errors_are_exactly_the_invalid_submissions(self) -> None:
        """The submission errors are the invalid submissions."""
        kept = self.workspace.control("GET", "oneflow/submission-errors")["submissionErrors"]

        assert [each["_id"] for each in kept] == self.model.errors()


@pytest.mark.requirement("oneflow.order.lifecycle", "oneflow.order.list_newest_first", "oneflow.order.cancel")
@pytest.mark.requirement("oneflow.order.cancel_twice", "oneflow.order.cancel_shipped", "oneflow.shipment.update_closed")
@pytest.mark.requirement("oneflow.submission.invalid_not_found", "oneflow.submission.error_recorded")
@pytest.mark.requirement("oneflow.order.source_order_id_unique", "oneflow.order.list_paging")
def test_orders_live_as_the_model_predicts(
    make_workspace: Callable[..., Workspace], make_oneflow: Callable[..., OneFlow]
) -> None:
    """
    Whatever is submitted, awaited, read, cancelled, amended or lost, in whatever order, orders are as predicted.
    """
    fixtures = {"make_workspace": staticmethod(make_workspace), "make_oneflow": staticmethod(make_oneflow)}
    machine = type("OrderLifecycleHere", (OrderLifecycle,), fixtures)
    examples = settings().max_examples

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            phases=set(Phase) - {Phase.explain},  # an explanation takes as many runs again
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
