"""The gates before the workspaces of a database: they keep waiting out of it, and keep nobody out for good."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from flowproof.errors import StoreError
from flowproof.kernel.state.postgres import PostgresStore, gates
from flowproof.kernel.state.postgres.gates import Gates
from tests.kernel.stores import workspace_row
from tests.postgres import shared_cluster

WAIT_S = 60.0


@pytest.fixture
def store() -> Iterator[PostgresStore]:
    """A store with two workspaces."""
    with closing(PostgresStore(shared_cluster().emptied())) as opened:
        for each in ("one", "two"):
            opened.workspaces.add(workspace_row(each))
        yield opened


@pytest.fixture(autouse=True)
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gates are narrow, and nobody waits for long."""
    monkeypatch.setattr(gates, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(gates, "LONGEST_WAIT_S", 0.01)


def test_gate_is_shut_while_somebody_has_entered_it() -> None:
    """
    A workspace's gate is shut while as many as it takes have entered it, and opens for the next; others stay open.
    """
    opened = Gates()

    entered = [opened.enter("one"), opened.enter("one"), opened.enter("two")]
    opened.leave("one")

    assert [*entered, opened.enter("one")] == [True, False, True, True]


def test_gate_is_left_when_a_transaction_ends(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Whether a transaction is kept or undone, the next one finds the gate open.
    """
    found, enter = list[bool](), Gates.enter

    def observed(self: Gates, workspace: str) -> bool:
        found.append(enter(self, workspace))
        return found[-1]

    monkeypatch.setattr(Gates, "enter", observed)

    for error in (None, ZeroDivisionError, None):
        with suppress(ZeroDivisionError), store.transaction():
            store.claim("one")
            if error:
                raise error

    assert found == [True, True, True]


def test_transactions_that_want_each_others_workspace_both_end(store: PostgresStore) -> None:
    """
    Two transactions of one process that wait for each other's workspace are told by the database, and one goes on.
    """
    both_have_one, ends = threading.Barrier(2), list[str]()

    def claims(first: str, second: str) -> Callable[[], None]:
        def claim_both() -> None:
            try:
                with store.transaction():
                    store.claim(first)
                    both_have_one.wait(WAIT_S)
                    store.claim(second)
                ends.append("kept")
            except StoreError:
                ends.append("undone")

        return claim_both

    threads = [threading.Thread(target=claims(*order), daemon=True) for order in (("one", "two"), ("two", "one"))]
    for each in threads:
        each.start()
    for each in threads:
        each.join(WAIT_S)

    assert sorted(ends) == ["kept", "undone"]
