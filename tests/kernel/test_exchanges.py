"""The exchanges of workspaces: in memory and in a file they are counted, kept, bounded and forgotten alike."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowproof.kernel.state.exchanges import MOST_UNWRITTEN, Draft
from flowproof.kernel.state.store import Store, WorkspaceRow

KEEP = 3
WORKSPACES = ("a", "b")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "count only", "add late", "read", "clear", "count from", "replace"]),
        st.sampled_from(WORKSPACES),
        st.integers(0, 9),
    ),
    max_size=30,
)


def make_store(location: str = ":memory:") -> Store:
    """A store with two workspaces."""
    store = Store(location)
    for each in WORKSPACES:
        store.add_workspace(WorkspaceRow(each, each, b"{}", b"[]", ""))
    return store


def draft(workspace: str, number: int) -> Draft:
    """An exchange, every third one refused."""
    return Draft(workspace, number, number % 3 == 0, lambda: b"%d" % number)


def writing(written: list[int], number: int) -> Callable[[], bytes]:
    """What writes an exchange out, and notes that it did."""

    def body() -> bytes:
        written.append(number)
        return b"{}"

    return body


def shown(store: Store, workspace: str) -> Any:
    """Everything that can be asked of a workspace's exchanges."""
    exchanges = store.exchanges
    return (
        exchanges.count(workspace),
        exchanges.last(workspace, after=0, limit=100, refused_only=False),
        exchanges.last(workspace, after=2, limit=2, refused_only=False),
        exchanges.last(workspace, after=0, limit=100, refused_only=True),
        [exchanges.find(workspace, number) for number in range(12)],
    )


def do(store: Store, steps: list[tuple[str, str, int]]) -> list[Any]:
    """Do all that; returns what was seen on the way."""
    seen: list[Any] = []
    for what, workspace, number in steps:
        exchanges = store.exchanges
        count = exchanges.count(workspace)
        match what:
            case "ask":
                exchanges.add(draft(workspace, exchanges.next_number(workspace)), keep=KEEP)
            case "count only":
                seen.append(exchanges.next_number(workspace))
            case "add late" if count:
                exchanges.add(draft(workspace, max(1, count - number % KEEP)), keep=KEEP)
            case "replace":
                found = exchanges.find(workspace, number)
                if found is not None:
                    exchanges.replace(found._replace(body=b"replaced"))
            case "clear":
                exchanges.clear(workspace)
            case "count from":
                exchanges.count_from(workspace, number)
            case _:
                seen.append(shown(store, workspace))
    return [*seen, *(shown(store, each) for each in WORKSPACES)]


@settings(max_examples=40)
@given(STEPS)
def test_memory_and_file_keep_the_same(steps: list[tuple[str, str, int]]) -> None:
    """
    Whatever happens, a server in memory and one on a file show the same exchanges.
    """
    with TemporaryDirectory() as folder:
        stores = [make_store(), make_store(str(Path(folder) / "state.db"))]
        in_memory, in_a_file = (do(store, steps) for store in stores)
        for store in stores:
            store.close()

    assert in_memory == in_a_file


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A store in memory, and one on a file."""
    made = make_store(":memory:" if request.param == "memory" else str(tmp_path / "state.db"))
    yield made
    made.close()


def test_number_of_an_undone_transaction_is_used_again(store: Store) -> None:
    """
    What was counted and kept in a transaction that is undone is taken back; what was there before stays.
    """
    exchanges = store.exchanges
    exchanges.add(draft("a", exchanges.next_number("a")), keep=KEEP)
    with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012 (what came before the error counts)
        exchanges.add(draft("a", exchanges.next_number("a")), keep=KEEP)
        raise ZeroDivisionError

    assert [row.number for row in exchanges.last("a", after=0, limit=9, refused_only=False)] == [1]
    assert exchanges.next_number("a") == 2


def test_workspace_that_comes_again_begins_anew(store: Store) -> None:
    """
    A workspace that is deleted takes its exchanges and their count along.
    """
    exchanges = store.exchanges
    exchanges.add(draft("a", exchanges.next_number("a")), keep=KEEP)
    store.delete_workspace("a")
    store.add_workspace(WorkspaceRow("a", "a", b"{}", b"[]", ""))

    assert (exchanges.count("a"), exchanges.find("a", 1), exchanges.next_number("a")) == (0, None, 1)


def test_exchange_in_memory_is_written_out_when_it_is_asked_for() -> None:
    """
    In memory nothing is written out that nobody reads, and nothing twice.
    """
    store, written = make_store(), list[int]()
    for number in range(1, 6):
        drawn = store.exchanges.next_number("a")
        store.exchanges.add(Draft("a", drawn, False, writing(written, number)), keep=KEEP)
    for _ in range(2):
        store.exchanges.find("a", 4)
        store.exchanges.last("a", after=4, limit=9, refused_only=False)
    store.close()

    assert written == [4, 5]


def test_long_journal_in_memory_is_kept_as_text() -> None:
    """
    Of a journal that keeps very many, all but the last thousand are written out: objects would have to be looked
    through for garbage.
    """
    store, written = make_store(), list[int]()
    for number in range(1, MOST_UNWRITTEN + 4):
        drawn = store.exchanges.next_number("a")
        made = Draft("a", drawn, False, writing(written, number))
        store.exchanges.add(made, keep=10**6)
    store.close()

    assert written == [1, 2, 3]
