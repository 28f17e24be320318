"""The exchanges of workspaces: every store counts, keeps, bounds and deletes them alike."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowproof.kernel.state.memory_exchanges import MAX_DRAFTS, MemoryExchanges
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import ExchangeDraft
from tests.kernel.stores import MAKERS, workspace_row

KEEP = 3
WORKSPACES = ("a", "b")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "ask", "ask", "count only", "add late", "read", "clear", "raise count", "replace"]),
        st.sampled_from(WORKSPACES),
        st.integers(0, 9),
    ),
    max_size=30,
)


def add_workspaces(store: Store) -> None:
    """The workspaces whose exchanges these are."""
    for each in WORKSPACES:
        store.workspaces.add(workspace_row(each))


def draft(workspace: str, number: int) -> ExchangeDraft:
    """An exchange, every third one refused."""
    return ExchangeDraft(workspace, number, number % 3 == 0, lambda: b"%d" % number)


def noting(rendered: list[int], number: int) -> Callable[[], bytes]:
    """Renders an exchange, and notes its number."""

    def render() -> bytes:
        rendered.append(number)
        return b"{}"

    return render


def shown(store: Store, workspace: str) -> Any:
    """Everything that can be asked of a workspace's exchanges."""
    exchanges = store.exchanges
    return (
        exchanges.count(workspace),
        exchanges.last(workspace, after=0, limit=100, refused_only=False),
        exchanges.last(workspace, after=2, limit=2, refused_only=False),
        exchanges.last(workspace, after=0, limit=100, refused_only=True),
        exchanges.index(workspace, after=0),
        exchanges.index(workspace, after=2),
        exchanges.refused(workspace, after=2),
        [(each.number, each.is_refused) for each in exchanges.peek(workspace, [7, *range(4), 9])],
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
                    exchanges.replace(found._replace(body=b"replaced", is_refused=not found.is_refused))
            case "clear":
                exchanges.clear(workspace)
            case "raise count":
                exchanges.raise_count(workspace, number)
            case _:
                seen.append(shown(store, workspace))
    return [*seen, *(shown(store, each) for each in WORKSPACES)]


@settings(max_examples=40)
@given(STEPS)
def test_all_stores_keep_the_same_exchanges(steps: list[tuple[str, str, int]]) -> None:
    """
    Whatever happens, a server shows the same exchanges, whichever store it has.
    """
    seen = []
    for make in MAKERS.values():
        with TemporaryDirectory() as folder, closing(make(Path(folder))) as store:
            add_workspaces(store)
            seen.append(do(store, steps))

    assert all(each == seen[0] for each in seen)


def test_number_of_an_undone_transaction_is_used_again(store: Store) -> None:
    """
    What was counted and kept in a transaction that is undone is taken back; what was there before stays.
    """
    add_workspaces(store)
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
    add_workspaces(store)
    exchanges = store.exchanges
    exchanges.add(draft("a", exchanges.next_number("a")), keep=KEEP)
    store.workspaces.delete("a")
    store.workspaces.add(workspace_row("a"))

    assert (exchanges.count("a"), exchanges.find("a", 1), exchanges.next_number("a")) == (0, None, 1)


def test_exchange_in_memory_is_rendered_when_it_is_read() -> None:
    """
    In memory nothing is rendered that nobody reads, and nothing twice.
    """
    exchanges, rendered = MemoryExchanges(), list[int]()
    for _ in range(5):
        number = exchanges.next_number("a")
        exchanges.add(ExchangeDraft("a", number, False, noting(rendered, number)), keep=KEEP)
    for _ in range(2):
        exchanges.find("a", 4)
        exchanges.last("a", after=4, limit=9, refused_only=False)

    assert rendered == [4, 5]


def test_long_journal_in_memory_is_kept_as_bytes() -> None:
    """
    Of a journal that keeps very many, all but the last thousand are rendered: the garbage collector would have to look
    through objects.
    """
    exchanges, rendered = MemoryExchanges(), list[int]()
    for _ in range(MAX_DRAFTS + 3):
        number = exchanges.next_number("a")
        exchanges.add(ExchangeDraft("a", number, False, noting(rendered, number)), keep=10**6)

    assert rendered == [1, 2, 3]
