"""The shared state of a run: counters, slots, budgets, and created resources."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from flowproof.certify.budget import Budget, Price, read_spent, spent_text
from flowproof.certify.run_store import CreatedResource, RunStore
from flowproof.errors import ConfigurationError
from tests.fork_server import ForkServer

ORDER = CreatedResource("c-1", "acme", "placeOrder", "7", "cancelOrder", {"number": "7"})


@pytest.fixture
def run_store(tmp_path: Path) -> Iterator[RunStore]:
    """An empty run store."""
    made = RunStore(tmp_path / "run_store")
    yield made
    made.close()


COUNTS = """
import sys
from pathlib import Path
from flowproof.certify.run_store import RunStore

it = RunStore(Path(sys.argv[1]))
print(*(it.next("x") for _ in range(50)), sum(it.take("calls", 70) for _ in range(50)))
"""


def test_numbers_are_given_once_over_many_processes(tmp_path: Path, fork_server: ForkServer) -> None:
    """Several processes get different numbers from one counter, and a limit holds for all of them together."""
    printed = fork_server.run_script(COUNTS, str(tmp_path / "run_store"), times=3, folder=tmp_path)
    numbers = [list(map(int, each.split())) for each in printed]

    assert sorted(number for each in numbers for number in each[:-1]) == list(range(1, 151))
    assert sum(each[-1] for each in numbers) == 70


def test_threads_of_one_process_take_turns(run_store: RunStore) -> None:
    """Threads that share a run store get different numbers, and none of them fails."""
    with ThreadPoolExecutor(16) as threads:
        numbers = list(threads.map(lambda _: run_store.next("x"), range(400)))

    assert sorted(numbers) == list(range(1, 401))


def test_slots_are_an_interval_apart(run_store: RunStore) -> None:
    """Slots are an interval apart; a late caller does not wait."""
    waits = [run_store.reserve_slot("acme", interval_s=0.5, now_s=now_s) for now_s in (100.0, 100.1, 100.2, 105.0)]

    assert waits == pytest.approx([0.0, 0.4, 0.8, 0.0])


def test_reset_slot_begins_anew(run_store: RunStore) -> None:
    """After a reset, as after a restart of the machine, nobody waits for earlier slots."""
    run_store.reserve_slot("acme", interval_s=1.0, now_s=50_000.0)
    run_store.forget("acme")

    assert run_store.reserve_slot("acme", interval_s=1.0, now_s=3.0) == 0.0


def test_budget_is_saved_after_the_block(run_store: RunStore) -> None:
    """The spending of one block is known in the next, to the cent."""
    for amount in ("0.10", "0.20"):
        with run_store.budget("acme") as budget:
            budget.pay(Price(Decimal(amount)))

    with run_store.budget("acme") as budget:
        assert budget == Budget({"": Decimal("0.30")}, {"": Decimal("0.20")})


@pytest.mark.parametrize(
    ("paid", "allowed"),
    [
        ([], True),
        (["20"], True),
        (["25"], True),
        (["30"], False),
        (["10", "30"], False),
        (["50"], False),
        ([None], False),
    ],
    ids=str,
)
def test_budget_allows_what_the_dearest_call_would_leave(paid: list[str | None], allowed: bool) -> None:
    """A call is allowed if the most expensive one so far would fit; after an unknown cost none is."""
    budget = Budget()
    for each in paid:
        budget.pay(None if each is None else Price(Decimal(each)))

    assert budget.allows(Decimal(50)) is allowed


def test_unknown_cost_counts_as_the_dearest() -> None:
    """An unknown cost counts as the most expensive so far."""
    budget = Budget()
    budget.pay(Price(Decimal("12.50"), "EUR"))
    budget.pay(None)

    assert (budget.spent, budget.lost) == ({"EUR": Decimal("25.00")}, 0)


def test_limit_holds_for_each_currency() -> None:
    """What one currency has cost says nothing of another one; an unknown cost is then that of neither."""
    budget = Budget()
    budget.pay(Price(Decimal(30), "USD"))
    budget.pay(Price(Decimal(10), "NGN"))

    assert (budget.allows(Decimal(60)), budget.allows(Decimal(59)), str(budget)) == (True, False, "10 NGN, 30 USD")
    budget.pay(None)
    assert (budget.allows(Decimal(60)), str(budget)) == (False, "10 NGN, 30 USD, 1 call of unknown cost")


def test_price_is_paid_once_the_list_is_known(run_store: RunStore) -> None:
    """What was bought before its price was known allows nothing more, and is paid when the provider lists it."""
    with run_store.budget("acme") as budget:
        budget.unpriced["coins"] += 2
        before = budget.allows(Decimal(100))
    run_store.learn_prices("acme", {"coins": Price(Decimal("0.80"), "USD"), "gems": Price(Decimal(9), "USD")})
    spent = run_store.spent("acme")

    assert (before, str(spent), spent is not None and spent.allows(Decimal(100))) == (False, "1.60 USD", True)
    assert run_store.price("acme", "gems") == Price(Decimal(9), "USD")
    assert (run_store.price("acme", "other"), run_store.price("other", "gems")) == (None, None)


@pytest.mark.parametrize(
    ("spent", "text"),
    [
        (None, "unknown: no response of the provider says what a call costs"),
        ("0", "0"),
        ("5.05", "5.05, in the provider's unit"),
        ("10 NGN, 234.00 USD", "10 NGN, 234.00 USD"),
    ],
)
def test_spending_is_told_in_words(spent: str | None, text: str) -> None:
    """An amount without a currency is in the provider's unit; a budget can be read from its text."""
    assert spent_text(spent) == text
    assert spent is None or str(read_spent(spent)) == spent


def test_nothing_may_be_spent_where_the_limit_is_nought() -> None:
    """A limit of 0 allows no call."""
    assert not Budget().allows(Decimal(0))


def test_resource_is_marked_cleaned_once(run_store: RunStore) -> None:
    """A resource is listed until it is marked as cleaned up, and only the first mark counts."""
    run_store.add(ORDER)
    before = run_store.not_cleaned("acme")

    assert (before, run_store.not_cleaned("other")) == ((ORDER,), ())
    assert [run_store.mark_cleaned(each, "gone", is_removed=True) for each in ("c-1", "c-1", "c-2")] == [
        True,
        False,
        False,
    ]
    assert run_store.not_cleaned() == ()


def test_run_store_outlives_its_process(tmp_path: Path) -> None:
    """A reopened file has the same content; a removed one leaves no file."""
    first = RunStore(tmp_path / "run_store")
    first.add(ORDER)
    with first.budget("acme") as budget:
        budget.pay(Price(Decimal(1)))
    first.close()
    again = RunStore(tmp_path / "run_store")

    assert again.not_cleaned() == (ORDER,)
    again.remove()
    assert list(tmp_path.iterdir()) == []


def test_file_of_another_program_is_refused(tmp_path: Path) -> None:
    """A file of another program is left alone."""
    (tmp_path / "run_store").write_text("not a database, and long enough to be told from one" * 40)

    with pytest.raises(ConfigurationError, match="cannot be used"):
        RunStore(tmp_path / "run_store")
