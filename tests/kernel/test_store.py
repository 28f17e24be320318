"""What every store guarantees: transactions, savepoints, isolation, order, cached values, errors. See its protocol."""

from collections.abc import Callable
from typing import Any

import pytest

from flowproof.errors import StoreConflict, StoreError
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import SEED, CredentialRow
from tests.kernel.stores import workspace_row

NOTES = ("w", "notes", "note")


def values(store: Store) -> list[Any]:
    """All notes, the newest first."""
    return list(store.records.newest(*NOTES, limit=99, offset=0))


def read_once(store: Store, key: str, value: object = "found") -> tuple[object, bool]:
    """A cached value, and whether it had to be read."""
    read = list[str]()

    def reading() -> object:
        read.append(key)
        return value

    store.claim("w")
    return store.cached("w", ("test", key), reading), bool(read)


def test_transaction_is_kept_or_undone_as_a_whole(store: Store) -> None:
    """
    What happens inside a transaction that raises is undone, with what nested ones did.
    """
    store.records.put(*NOTES, "kept", 1)

    with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012 (what came before the error counts)
        store.records.put(*NOTES, "kept", 2)
        with store.transaction():
            store.records.put(*NOTES, "new", 1)
        raise ZeroDivisionError

    assert values(store) == [1]


def test_savepoint_is_undone_without_its_transaction(store: Store) -> None:
    """
    A failed savepoint loses its own writes only, whether something was written before it or not.
    """
    for before in ([], ["before"]):
        with store.transaction():
            for each in before:
                store.records.put(*NOTES, each, each)
            with pytest.raises(ZeroDivisionError), store.savepoint():  # noqa: PT012 (the same)
                store.records.put(*NOTES, "inside", "lost")
                with store.savepoint():
                    store.records.put(*NOTES, "further inside", "lost")
                raise ZeroDivisionError
            store.records.put(*NOTES, "after", "after")

        assert values(store) == ["after"] if not before else ["before", "after"]


def test_transaction_works_after_a_failed_one(store: Store) -> None:
    """
    A transaction that failed leaves nothing open in which later ones would be lost.
    """
    with pytest.raises(ZeroDivisionError), store.transaction():
        raise ZeroDivisionError
    with store.transaction():
        store.records.put(*NOTES, "a", 1)
    with pytest.raises(ZeroDivisionError), store.transaction():
        raise ZeroDivisionError

    assert values(store) == [1]


def test_values_are_never_shared_by_reference(store: Store) -> None:
    """
    Changing what went in or came out changes nothing that is kept.
    """
    value = {"list": [1]}
    store.records.put(*NOTES, "a", value)
    value["list"].append(2)
    store.records.get(*NOTES, "a")["list"].append(3)

    assert store.records.get(*NOTES, "a") == {"list": [1]}


@pytest.mark.parametrize(
    ("limit", "offset", "expected"), [(2, 0, [4, 3]), (2, 2, [2, 1]), (2, 4, [0]), (9, 9, []), (9, 0, [4, 3, 2, 1, 0])]
)
def test_records_are_paged_newest_first(store: Store, limit: int, offset: int, expected: list[int]) -> None:
    """
    Pages go from the newest to the oldest; a record that is replaced keeps its place.
    """
    for number in range(5):
        store.records.put(*NOTES, str(number), number)
    store.records.put(*NOTES, "1", 1)

    assert list(store.records.newest(*NOTES, limit=limit, offset=offset)) == expected


def test_saving_a_workspace_never_sets_its_count_back(store: Store) -> None:
    """
    Whoever saves a workspace that was read a while ago does not undo the exchanges since.
    """
    store.workspaces.add(workspace_row("w"))
    store.exchanges.next_number("w")
    store.workspaces.update(workspace_row("w"))

    assert store.exchanges.next_number("w") == 2


def test_only_an_open_delivery_is_rescheduled(store: Store) -> None:
    """
    A delivery that waits or has failed becomes due at another moment; one that was delivered stays.
    """
    store.workspaces.add(workspace_row("w"))
    for state in ("pending", "failed", "delivered"):
        store.deliveries.add("w", state, 50, {"id": state}, state=state)

    changed = [store.deliveries.reschedule("w", each, 5, {"id": each}) for each in ("pending", "failed", "delivered")]

    assert changed == [True, True, False]
    assert [each["state"] for each in store.deliveries.last("w")] == ["pending", "pending", "delivered"]
    assert store.next_due_us("w") == 5
    assert not store.deliveries.reschedule("w", "nothing", 5, {})


CONFLICTS: dict[str, tuple[Callable[[Store], None], str]] = {
    "workspace": (lambda store: store.workspaces.add(workspace_row("w")), "workspace w exists already"),
    "credential": (
        lambda store: store.credentials.add(CredentialRow("notes", "key", "other", b"{}")),
        "a credential of notes with that key exists already",
    ),
    "delivery": (
        lambda store: store.deliveries.add("w", "dlv-1", 5, {"id": "dlv-1"}),
        "workspace w has a delivery dlv-1 already",
    ),
}


@pytest.mark.parametrize(("add", "message"), CONFLICTS.values(), ids=CONFLICTS)
def test_what_is_there_already_is_a_conflict(store: Store, add: Callable[[Store], None], message: str) -> None:
    """
    What cannot be there twice raises a conflict by name, and the transaction goes on as if it had not been tried.
    """
    store.workspaces.add(workspace_row("w"))
    store.credentials.add(CredentialRow("notes", "key", "w", b"{}"))
    store.deliveries.add("w", "dlv-1", 0, {"id": "dlv-1"})

    with store.transaction():
        with pytest.raises(StoreConflict, match=message):
            add(store)
        store.records.put(*NOTES, "a", 1)

    assert (store.workspaces.count(), values(store)) == (1, [1])
    assert store.credentials.owner("notes", "key") == "w"
    assert store.next_due_us("w") == 0


def test_number_that_no_store_can_keep_is_a_store_error(store: Store) -> None:
    """
    A number of more than 64 bits is our error, not the driver's.
    """
    with pytest.raises(StoreError, match="the state cannot be read or written"):
        store.tasks.add("w", "notes", 2**64, "tick", {}, rng_key="")


def test_cached_value_is_read_once(store: Store) -> None:
    """
    Inside transactions a value is read once; outside of one it is read each time.
    """
    store.workspaces.add(workspace_row("w"))
    with store.transaction():
        first = read_once(store, "a", None)
    with store.transaction():
        second, third, other = (read_once(store, key, None) for key in ("a", "a", "b"))

    assert [first, second, third, other] == [(None, True), (None, False), (None, False), (None, True)]
    assert [read_once(store, "a") for _ in range(2)] == [("found", True)] * 2


CHANGES: dict[str, tuple[Callable[[Store], object], bool]] = {
    "updating a workspace": (lambda store: store.workspaces.update(workspace_row("w", "other")), True),
    "clearing a workspace": (lambda store: store.workspaces.clear("w"), True),
    "deleting a workspace": (lambda store: store.workspaces.delete("w"), True),
    "adding a credential": (lambda store: store.credentials.add(CredentialRow("notes", "new", "w", b"{}")), True),
    "deleting a credential": (lambda store: store.credentials.delete("w", "notes", "key"), True),
    "putting seed data": (lambda store: store.records.put("w", "notes", SEED, SEED, {}), True),
    "deleting seed data": (lambda store: store.records.delete("w", "notes", SEED, SEED), True),
    "putting a record": (lambda store: store.records.put(*NOTES, "a", 1), False),
    "adding a task": (lambda store: store.tasks.add("w", "notes", 1, "tick", {}, rng_key=""), False),
    "counting an exchange": (lambda store: store.exchanges.next_number("w"), False),
}


@pytest.mark.parametrize(("change", "is_invalidating"), CHANGES.values(), ids=CHANGES)
def test_cached_value_holds_until_what_it_depends_on_changes(
    store: Store, change: Callable[[Store], object], is_invalidating: bool
) -> None:
    """
    A change of workspaces, credentials or seed data makes cached values stale, and no other change does.
    """
    store.workspaces.add(workspace_row("w"))
    store.credentials.add(CredentialRow("notes", "key", "w", b"{}"))
    with store.transaction():
        store.records.put(*NOTES, "first", 0)
        read_once(store, "a")
        change(store)
        inside = read_once(store, "a")
    with store.transaction():
        after = read_once(store, "a")

    assert inside == ("found", is_invalidating)
    assert after == ("found", False) or (is_invalidating and store.workspaces.get("w") is None)


def cached_seed(store: Store) -> str:
    """The cached seed of a workspace."""
    store.claim("w")
    row = store.cached("w", ("workspace",), lambda: store.workspaces.get("w"))
    assert row is not None
    return row.seed


def test_what_was_undone_is_not_cached(store: Store) -> None:
    """
    What was read of a change that is then undone, with its transaction or by a savepoint, is read again.
    """
    store.workspaces.add(workspace_row("w", "kept"))
    seen = list[str]()
    with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012 (what came before the error counts)
        store.workspaces.update(workspace_row("w", "undone"))
        seen.append(cached_seed(store))
        raise ZeroDivisionError
    with store.transaction():
        seen.append(cached_seed(store))
        with pytest.raises(ZeroDivisionError), store.savepoint():  # noqa: PT012 (the same)
            store.workspaces.update(workspace_row("w", "undone"))
            seen.append(cached_seed(store))
            raise ZeroDivisionError
        seen.append(cached_seed(store))

    assert seen == ["undone", "kept", "undone", "kept"]


def test_kinds_are_those_that_have_records(store: Store) -> None:
    """
    A kind is listed once, by provider, as long as the workspace has a record of it.
    """
    for workspace, provider, kind, key in (
        ("w", "b", "note", "1"),
        ("w", "b", "note", "2"),
        ("w", "a", "page", "1"),
        ("w", "a", "gone", "1"),
        ("v", "a", "other", "1"),
    ):
        store.records.put(workspace, provider, kind, key, 1)
    store.records.delete("w", "a", "gone", "1")

    assert list(store.records.kinds("w")) == [("a", "page"), ("b", "note")]


def test_first_tasks_are_those_that_are_due_first(store: Store) -> None:
    """
    Of many tasks a bounded number is read, in the order in which they are due.
    """
    store.workspaces.add(workspace_row("w"))
    for due_us in (30, 10, 20):
        store.tasks.add("w", "p", due_us, "print", None, rng_key="")

    assert [row.due_us for row in store.tasks.of_workspace("w", limit=2)] == [10, 20]
    assert [row.due_us for row in store.tasks.of_workspace("w")] == [10, 20, 30]
