"""Whatever happens and however the clock is moved, every event arrives, or is given up after the last retry."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from flowproof.inbox import Inbox, InboxResponse
from tests.webhooks.conftest import Depot, moments, names
from tests.webhooks.parcels import RETRIES

STATUSES = st.sampled_from([200, 202, 204, 299, 300, 302, 404, 410, 429, 500, 503, None])
ADVERSARIES = st.sampled_from([{}, {}, {"copies": 2}, {"after_success": True}, {"late_s": 30.0}])


def is_accepted(status: int | None) -> bool:
    """Whether an answer ends a delivery."""
    return status is not None and 200 <= status < 300


class DeliveryLifecycle(RuleBasedStateMachine):
    """Events, answers and clock steps in any order, against what the outbox says and what the receiver saw."""

    make_depot: Callable[..., Depot]
    make_inbox: Callable[..., Inbox]

    @initialize()
    def open(self) -> None:
        self.depot, self.inbox = self.make_depot(), self.make_inbox()
        self.at_s = 0.0
        self.sent: list[str] = []
        self.adversary: dict[str, Any] = {}

    @rule(status=STATUSES)
    def answer(self, status: int | None) -> None:
        self.inbox.answers = InboxResponse(status)

    @rule(statuses=st.lists(STATUSES, min_size=1, max_size=4))
    def answer_in_turn(self, statuses: list[int | None]) -> None:
        self.inbox.answers = statuses

    @rule(adversary=ADVERSARIES)
    def meet(self, adversary: dict[str, Any]) -> None:
        self.depot.workspace.webhooks.adversary(**adversary)
        self.adversary = adversary

    @rule(after_s=st.sampled_from([None, 0.5, 10.0, 4000.0]))
    def happen(self, after_s: float | None) -> None:
        name = f"{len(self.sent)}"
        self.depot.send(self.inbox.url, name, **({} if after_s is None else {"after_s": after_s}))
        self.sent.append(name)
        self.depot.wait_until_idle()

    @rule(seconds=st.sampled_from([0.5, 9.5, 10.0, 60.0, 3600.0, 86_400.0, 200_000.0]))
    def move_on(self, seconds: float) -> None:
        self.depot.workspace.clock.advance(seconds)
        self.at_s += seconds
        self.depot.wait_until_idle()

    @invariant()
    def outbox_says_what_happened(self) -> None:
        deliveries = self.depot.wait_until_idle()
        assert sum(len(each["attempts"]) for each in deliveries) == len(self.inbox.received)
        for each in deliveries:
            self.check(each)

    def check(self, delivery: dict[str, Any]) -> None:
        """One delivery is in the state that its attempts lead to, and each attempt was at its moment."""
        answers, tried = [each["status"] for each in delivery["attempts"]], moments(delivery)
        accepted = [is_accepted(each) for each in answers]
        persistent = bool(delivery["adversary"].get("after_success"))
        assert [later - earlier for earlier, later in itertools.pairwise(tried)] == list(
            RETRIES[: max(0, len(tried) - 1)]
        )
        assert all(moment <= self.at_s for moment in tried)
        if not persistent:
            assert True not in accepted[:-1], "it came again although it had been accepted"
        match delivery["state"]:
            case "delivered":
                assert any(accepted)
                assert len(answers) == 1 + len(RETRIES) if persistent else accepted[-1]
            case "failed":
                assert not any(accepted)
                assert len(answers) == 1 + len(RETRIES)
            case state:
                assert state == "pending"
                assert persistent or not any(accepted)
                assert len(answers) <= len(RETRIES)

    def teardown(self) -> None:
        if not hasattr(self, "inbox"):
            return
        self.inbox.answers = 200
        self.depot.workspace.clock.advance(40 * 86_400)
        deliveries = self.depot.wait_until_idle()
        assert {each["state"] for each in deliveries} <= {"delivered", "failed"}
        parcels = {each["webhook"]["body"]["text"].partition('"parcel":')[2] for each in deliveries}
        assert len(parcels) == len(self.sent)
        self.inbox.close()


@pytest.mark.parametrize("examples", [8])
def test_every_event_arrives_or_is_given_up(
    make_depot: Callable[..., Depot], make_inbox: Callable[..., Inbox], examples: int
) -> None:
    """Every event is delivered at least once or given up after the last retry, never again after it was accepted."""

    class Lifecycle(DeliveryLifecycle):
        pass

    Lifecycle.make_depot = staticmethod(make_depot)
    Lifecycle.make_inbox = staticmethod(make_inbox)
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=examples, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_honest_events_arrive_in_order(make_depot: Callable[..., Depot], make_inbox: Callable[..., Inbox]) -> None:
    """With an honest courier and a receiver that accepts, events arrive in the order in which they happened."""
    depot, inbox = make_depot(), make_inbox()
    waits = [0.0, 30.0, 5.0, 30.0, 0.0, 10.0, 5.0]
    for number, wait in enumerate(waits):
        depot.send(inbox.url, str(number), after_s=wait)
    depot.workspace.clock.advance(3600)
    depot.wait_until_idle()

    expected = sorted(range(len(waits)), key=lambda number: (waits[number], number))
    assert names(inbox.received) == [str(number) for number in expected]
