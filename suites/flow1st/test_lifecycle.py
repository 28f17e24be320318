"""
A partner's account as a state machine: orders, money and webhooks, with faults and concurrent requests.

No money is lost or spent twice, and every order ends in exactly one final sequence of webhooks.
"""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flowproof.clients import Refused, TryLater, UnexpectedAnswer, Unreachable
from flowproof.clients.flow1st import Flow1st, OrderNews
from flowproof.target import ControlRefused, Workspace

from .accounts import Account
from .profiles import NETWORKED
from .receiver import receiving
from .setup import BUNDLES, OUTCOMES, RECIPIENT, Sold
from .strategies import recipients

STEPS = 30
RUNS = max(5, settings().max_examples // 4)  # a run is as much work as a dozen examples of a property
THREADS = 6
OPENING_MINOR = 7_000
NOON = "2026-01-01T12:00:00Z"
PENDING_S, FULFIL_S = 1.0, 4.0
DOLLARS = tuple(each for each in BUNDLES if each.currency == "USD")
EARLY = {"CANCELLED", "ABANDONED"}
GIVING_BACK = {"CANCELLED", "ABANDONED", "FAILED", "REFUND"}
NEXT: dict[str, set[str]] = {
    "NEW": {"PENDING", "CANCELLED", "ABANDONED"},
    "PENDING": {"SUCCESSFUL", "PARTIALLY_FULFILLED", "FAILED"},
    "PARTIALLY_FULFILLED": {"SUCCESSFUL", "PARTIAL_REFUND", "REFUND"},
    "SUCCESSFUL": {"PARTIAL_REFUND", "REFUND", "CHARGEBACK"},
    "PARTIAL_REFUND": {"REFUND", "CHARGEBACK"},
}
"""What may follow which status: the suite's own table, from the README of nobody."""

# Which order, counted round the orders that there are: how many those are, concurrent calls decide.
WHICH = st.integers(0, 99)
FAULTS: dict[str, tuple[dict[str, Any], ...]] = {
    "none": (),
    "answer lost": ({"fault": "reset", "moment": "after", "first": 1},),
    "answers lost": ({"fault": "reset", "moment": "after", "first": 9},),
    "request lost": ({"fault": "reset", "moment": "before", "how": "fin", "first": 2},),
    "cut off": ({"fault": "truncated_body", "first": 1},),
    "garbled": ({"fault": "malformed_json", "first": 1},),
    "overloaded": ({"fault": "status", "status": 503, "first": 2},),
    "now and then": ({"fault": "reset", "moment": "after", "probability": 0.4},),
}
ADVERSARIES: dict[str, dict[str, Any]] = {
    "honest": {},
    "twice": {"copies": 2},
    "out of order": {"out_of_order_s": 20, "extra_field": True},
    "cut": {"connection": "cut"},
    "never content": {"after_success": True},
}


@dataclass
class Expected:
    """
    The expected state of an order.

    Args:
        reference: The provider's.
        sent: What it was placed with.
        price_minor: What was taken.
        due_s: When the next thing happens by itself, on the machine's own clock; None where nothing does.
        path: Every status that it had.
        returned_minor: What was given back.
    """

    reference: str
    sent: dict[str, str]
    price_minor: int
    due_s: float | None
    path: list[str] = field(default_factory=lambda: ["NEW"])
    returned_minor: int = 0

    @property
    def status(self) -> str:
        return self.path[-1]

    @property
    def outcome(self) -> str:
        """The outcome of its recipient; a voucher needs no known recipient."""
        anybody = "SUCCESSFUL" if self.sent["sku"].startswith("voucher") else "FAILED"
        return OUTCOMES.get(self.sent["recipient"], anybody)


class OrderLifecycle(RuleBasedStateMachine):
    """
    A partner with a staging account and a webhook server.

    Args:
        make_workspace: Makes a world of its own for each run.
        make_flow1st: Makes clients for it.
        set_aside: A block in which answers may break the contract: those that a fault has spoilt.
        steps: Counts the steps of all runs.
    """

    def __init__(
        self,
        make_workspace: Callable[..., Workspace],
        make_flow1st: Callable[..., Flow1st],
        set_aside: Callable[[], AbstractContextManager[object]],
        steps: Counter[str],
    ) -> None:
        super().__init__()
        self.set_aside = set_aside
        self.stack = ExitStack()
        self.workspace = self.stack.enter_context(make_workspace(clock={"mode": "frozen", "now": NOON}))
        keys = self.workspace.credentials("flow1st").values
        self.receiver = self.stack.enter_context(receiving(keys["signing_key"], keys["webhook_token"]))
        self.clients = [make_flow1st(self.workspace, sleep=lambda _: None) for _ in range(THREADS)]
        self.account = Account(self.workspace, "staging")
        self.steps = steps
        self.now_s = 0.0
        self.balance_minor = OPENING_MINOR
        self.orders: dict[str, Expected] = {}
        self.notified: Counter[tuple[str, str]] = Counter()
        self.copies = 1
        self.number = 0

    @initialize()
    def open_account(self) -> None:
        """Set a balance for a few orders, and a webhook URL."""
        seed = dict(self.workspace.seed("flow1st"))
        staging, production = seed["environments"]
        accounts = [{**staging, "balances": {"USD": OPENING_MINOR}}, production]
        self.workspace.replace_seed("flow1st", {**seed, "environments": accounts})
        self.account.configure(self.receiver.url)

    # What the partner does

    @rule(bundle=st.sampled_from(DOLLARS), recipient=recipients(), fault=st.sampled_from(list(FAULTS)))
    def place(self, bundle: Sold, recipient: str, fault: str) -> None:
        external, sent = self.new_order(bundle, recipient)
        self.check_placed(external, sent, bundle, [self.insist_under(fault, external, sent)])

    @precondition(lambda self: self.orders)
    @rule(which=WHICH, fault=st.sampled_from(list(FAULTS)))
    def place_again(self, which: int, fault: str) -> None:
        external = self.reference(which)
        expected = self.orders[external]

        assert self.insist_under(fault, external, expected.sent) == expected.reference

    @precondition(lambda self: self.orders)
    @rule(which=WHICH)
    def place_other_content(self, which: int) -> None:
        external = self.reference(which)
        sent = {**self.orders[external].sent, "email": "other@partner.example"}

        assert self.insist(self.clients[0], external, sent) == "DUPLICATE_REFERENCE"

    @rule(bundle=st.sampled_from(DOLLARS), threads=st.integers(2, THREADS))
    def place_one_together(self, bundle: Sold, threads: int) -> None:
        external, sent = self.new_order(bundle, RECIPIENT)
        self.check_placed(external, sent, bundle, self.together([(external, sent)] * threads))

    @rule(bundle=st.sampled_from(DOLLARS), threads=st.integers(2, THREADS))
    def place_many_together(self, bundle: Sold, threads: int) -> None:
        new_orders = [self.new_order(bundle, RECIPIENT) for _ in range(threads)]
        answers = self.together(new_orders)
        enough_for = self.balance_minor // bundle.price_minor

        assert sum(each != "INSUFFICIENT_BALANCE" for each in answers) == min(threads, enough_for)
        for (external, sent), answer in zip(new_orders, answers, strict=True):
            if answer != "INSUFFICIENT_BALANCE":
                self.expect(external, sent, bundle, answer)

    @rule(amount_minor=st.integers(1, 5_000))
    def top_up(self, amount_minor: int) -> None:
        self.account.top_up(amount_minor)
        self.balance_minor += amount_minor

    # What Flow1st does

    @rule(seconds=st.sampled_from([0.5, 1, 3, 5, 60, 4_000]))
    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds
        for order in self.orders.values():
            self.let_live(order)
        self.account.pass_time(seconds)

    @precondition(lambda self: self.orders)
    @rule(
        which=WHICH,
        hundredths=st.integers(1, 99),
        to=st.sampled_from(sorted({each for following in NEXT.values() for each in following})),
    )
    def steer(self, which: int, hundredths: int, to: str) -> None:
        order = self.orders[self.reference(which)]
        held_minor = order.price_minor - order.returned_minor
        part_minor = max(1, held_minor * hundredths // 100)
        body = {"amount_minor": part_minor} if to == "PARTIAL_REFUND" else None
        if to in NEXT.get(order.status, set()):
            self.account.change(order.reference, to, body)
            self.move(order, to, part_minor)
            order.due_s = self.now_s + FULFIL_S if to == "PENDING" else None
        else:
            with pytest.raises(ControlRefused):
                self.account.change(order.reference, to, body)

    @rule(adversary=st.sampled_from(list(ADVERSARIES)))
    def set_adversary(self, adversary: str) -> None:
        self.workspace.control("PUT", "webhooks/adversary", ADVERSARIES[adversary])
        self.copies = int(ADVERSARIES[adversary].get("copies", 1))

    @rule(times=st.integers(0, 3), status=st.sampled_from([500, 404, 301]))
    def fail_to_acknowledge(self, times: int, status: int) -> None:
        left = iter(range(times))
        self.receiver.answers = lambda _: 200 if next(left, None) is None else status

    # What must hold

    @invariant()
    def money_is_neither_lost_nor_spent_twice(self) -> None:
        self.steps["steps"] += 1
        moved = sum(each["amount_minor"] for each in self.account.movements())

        assert self.account.balance_minor() == self.balance_minor >= 0
        assert moved in {self.balance_minor, 0}
        spent = sum(order.price_minor - order.returned_minor for order in self.orders.values())
        if self.orders:
            topped_up = sum(self.account.facts()["topped_up_minor"].values())
            assert self.balance_minor == OPENING_MINOR + topped_up - spent

    @invariant()
    def orders_are_where_they_should_be(self) -> None:
        shown = {each["reference"]: [status for status, _ in each["history"]] for each in self.account.orders()}

        assert shown == {each.reference: each.path for each in self.orders.values()}

    @invariant()
    def every_change_is_told_as_often_as_it_should_be(self) -> None:
        assert Counter(self.account.notifications()) == self.notified

    def teardown(self) -> None:
        """Check that everything was delivered in the end."""
        try:
            self.steps["runs"] += 1
            self.steps["orders"] += len(self.orders)
            self.receiver.answers = lambda _: 200
            for seconds in (10, 100_000, 400_000):
                self.pass_time(seconds)
            self.orders_are_where_they_should_be()
            self.money_is_neither_lost_nor_spent_twice()
            self.check_final_sequences(self.receiver.news())
        finally:
            self.stack.close()

    def check_final_sequences(self, news: list[OrderNews]) -> None:
        """Whatever was delivered twice or out of order, each order's last news is its last status."""
        heard: dict[str, set[str]] = {}
        for each in news:
            heard.setdefault(each.reference, set()).add(each.status)
        self.steps["webhooks"] += len(news)

        assert heard == {each.reference: set(each.path[1:]) for each in self.orders.values()}
        for order in self.orders.values():
            assert order.status not in {"NEW", "PENDING"}
            assert len(set(order.path)) == len(order.path)

    # How it is done

    def new_order(self, bundle: Sold, recipient: str) -> tuple[str, dict[str, str]]:
        """A new reference, and the arguments of its order."""
        self.number += 1
        return f"L-{self.number}", {"sku": bundle.sku, "recipient": recipient, "email": "player@partner.example"}

    def insist_under(self, fault: str, external: str, sent: dict[str, str]) -> str:
        """The same with a fault plan."""
        plans = ({**plan, "operation": "completeOrder"} for plan in FAULTS[fault])
        with self.workspace.faults.during(*plans), self.set_aside():
            return self.insist(self.clients[0], external, sent)

    def insist(self, client: Flow1st, external: str, sent: dict[str, str]) -> str:
        """Place an order until the result is known: its reference, or the code of its refusal."""
        for _ in range(9):
            try:
                return client.complete_order(external, **sent).reference
            except Refused as refused:
                if refused.code is not None:
                    return str(refused.code)
                self.workspace.faults.clear()  # a refusal whose body was spoilt does not say why
            except (Unreachable, UnexpectedAnswer, TryLater):
                self.workspace.faults.clear()
        raise AssertionError("it never became known what came of the order")

    def together(self, new_orders: list[tuple[str, dict[str, str]]]) -> list[str]:
        """The result of each of several clients that order at the same moment."""
        start = Barrier(len(new_orders))

        def run(number: int) -> str:
            client = self.clients[number]
            client.authenticate()
            start.wait()
            return self.insist(client, *new_orders[number])

        with ThreadPoolExecutor(len(new_orders)) as pool:
            return list(pool.map(run, range(len(new_orders))))

    def reference(self, which: int) -> str:
        return sorted(self.orders)[which % len(self.orders)]

    def check_placed(self, external: str, sent: dict[str, str], bundle: Sold, answers: list[str]) -> None:
        """Check that all got the same answer: the order's reference, or that the balance is too low, if it is."""
        assert len(set(answers)) == 1
        if bundle.price_minor > self.balance_minor:
            assert answers[0] == "INSUFFICIENT_BALANCE"
        else:
            self.expect(external, sent, bundle, answers[0])

    def expect(self, external: str, sent: dict[str, str], bundle: Sold, reference: str) -> None:
        """Add an order to the model, and debit its price."""
        assert reference.startswith("C-")
        self.orders[external] = Expected(reference, sent, bundle.price_minor, self.now_s + PENDING_S)
        self.balance_minor -= bundle.price_minor

    def let_live(self, order: Expected) -> None:
        """Apply to the model what has happened to an order by now."""
        while order.due_s is not None and order.due_s <= self.now_s:
            if order.status == "NEW" and order.outcome not in EARLY:
                self.move(order, "PENDING")
                order.due_s += FULFIL_S
            else:
                late = order.status == "PENDING" and order.outcome in EARLY
                self.move(order, "FAILED" if late else order.outcome)
                order.due_s = None

    def move(self, order: Expected, to: str, part_minor: int = 0) -> None:
        """Give an order of the model its next status, and refund what that status refunds."""
        held_minor = order.price_minor - order.returned_minor
        back_minor = held_minor if to in GIVING_BACK else part_minor if to == "PARTIAL_REFUND" else 0
        order.returned_minor += back_minor
        self.balance_minor += back_minor
        order.path.append(to)
        self.notified[order.reference, to] += self.copies


@pytest.mark.requirement(
    "flow1st.balance.never_negative",
    "flow1st.balance.debit_once",
    "flow1st.balance.given_back_once",
    "flow1st.balance.partial_refund",
    "flow1st.order.same_again",
    "flow1st.order.reference_taken",
    "flow1st.status.transitions",
    "flow1st.webhook.every_change",
    "flow1st.webhook.any_2xx",
)
def test_account_keeps_its_books_whatever_happens(
    make_workspace: Callable[..., Workspace],
    make_flow1st: Callable[..., Flow1st],
    set_aside_findings: Callable[[], AbstractContextManager[object]],
    request: pytest.FixtureRequest,
) -> None:
    """
    Under faults, concurrent calls and a hostile courier no money is lost or spent twice, and every order ends in
    exactly one final sequence of webhooks.
    """
    steps: Counter[str] = Counter()

    def machine() -> OrderLifecycle:
        return OrderLifecycle(make_workspace, make_flow1st, set_aside_findings, steps)

    run_state_machine_as_test(
        cast("type[RuleBasedStateMachine]", machine),
        settings=settings(NETWORKED, stateful_step_count=STEPS, max_examples=RUNS),
    )
    request.node.user_properties.extend(steps.items())

    assert steps["steps"] > steps["runs"] > 0
