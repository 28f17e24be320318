"""Whoever watches a journal costs a bounded amount, however many exchanges come, and misses none that was refused."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

import orjson
import pytest

from flowproof.kernel.journal.reader import MOST_AT_ONCE, MOST_IN_A_RUSH, MOST_REFUSED, JournalReader
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import ExchangeDraft
from tests.kernel.stores import MAKERS, workspace_row

KEEP = 500
NONE: frozenset[int] = frozenset()


class Traffic:
    """
    Exchanges of a workspace, and how often something was made of them.

    Args:
        store: Where they are.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.made: Counter[str] = Counter()
        store.workspaces.add(workspace_row("w"))

    def come(self, count: int, *, refused: Collection[int] = NONE, held_up: Collection[int] = NONE) -> None:
        """So many exchanges, of which some have a number only."""
        with self.store.transaction():
            for _ in range(count):
                number = self.store.exchanges.next_number("w")
                if number not in held_up:
                    self.add(number, is_refused=number in refused)

    def add(self, number: int, *, is_refused: bool = False) -> None:
        """Record one."""
        draft = ExchangeDraft("w", number, is_refused, self._noting("rendered", number), self._noting_brief(number))
        self.store.exchanges.add(draft, keep=KEEP)

    def judge(self, number: int) -> None:
        """Refuse one after its answer."""
        kept = self.store.exchanges.find("w", number)
        assert kept is not None
        self.store.exchanges.replace(kept._replace(is_refused=True))

    def reader(self, after: int = 0) -> JournalReader:
        """Somebody who watches."""
        return JournalReader(self.store, "w", after=after, keep=KEEP)

    def read(self, reader: JournalReader) -> list[int]:
        """The numbers that a read gives."""
        with self.store.transaction():
            return [each["number"] for each in reader.read(self.store.exchanges.count("w"))]

    def _noting(self, what: str, number: int) -> Callable[[], bytes]:
        def render() -> bytes:
            self.made[what] += 1
            return orjson.dumps(entry(number))

        return render

    def _noting_brief(self, number: int) -> Callable[[], Mapping[str, Any]]:
        def brief() -> Mapping[str, Any]:
            self.made["brief"] += 1
            return entry(number)

        return brief


def entry(number: int) -> dict[str, Any]:
    """An exchange as a journal has it, as far as a list shows it."""
    return {
        "id": f"w-{number}",
        "number": number,
        "started_at": "2026-01-01T12:00:00.000+00:00",
        "duration_ms": 1.0,
        "direction": "in",
        "provider": "notes",
        "operation": "createNote",
        "request": {"method": "POST", "path": "/notes", "query": ""},
        "response": {"status": 201},
        "requirement": None,
        "faults": [],
    }


@pytest.fixture
def traffic(store: Store) -> Traffic:
    """Nothing has come yet; in each store."""
    return Traffic(store)


@pytest.fixture
def in_memory(tmp_path: Any) -> Traffic:
    """Nothing has come yet, and the state is in memory."""
    return Traffic(MAKERS["memory"](tmp_path))


def test_few_come_in_their_order(traffic: Traffic) -> None:
    """
    As long as few come, each comes once, in order, the refused among them.
    """
    reader = traffic.reader()
    traffic.come(3, refused={2})
    assert traffic.read(reader) == [1, 2, 3]
    traffic.come(MOST_AT_ONCE, refused={50, 60})

    assert traffic.read(reader) == list(range(4, 4 + MOST_AT_ONCE))
    assert traffic.read(reader) == []
    assert (reader.waiting, reader.missed) == (0, 0)


def test_burst_costs_a_bounded_number_of_summaries(in_memory: Traffic) -> None:
    """
    Of two thousand exchanges between eight reads, eight times thirty are summarized and none is rendered.
    """
    reader = in_memory.reader()
    in_memory.read(reader)
    for round_ in range(1, 9):
        in_memory.come(250)
        assert in_memory.read(reader)[-1] == 250 * round_

        assert in_memory.made == {"brief": MOST_IN_A_RUSH * round_}


def test_refused_one_is_never_passed_over(traffic: Traffic) -> None:
    """
    Among thousands that are accepted, each refused one comes with the next read.
    """
    reader = traffic.reader()
    traffic.read(reader)
    for round_ in range(6):
        first = 400 * round_
        refused = {first + 1, first + 37 * (round_ + 1), first + 399}
        traffic.come(400, refused=refused)
        found = traffic.read(reader)

        assert refused <= set(found)
        assert found == sorted(set(found))
        assert len(found) == MOST_IN_A_RUSH + len(refused)


def test_many_refused_ones_come_in_their_order(in_memory: Traffic) -> None:
    """
    Where more are refused than a read has room for, they come one after the other, beside the newest of the others.
    """
    reader = in_memory.reader()
    refused = set(range(1, 201))
    in_memory.come(400, refused=refused)
    found = [in_memory.read(reader) for _ in range(4)]

    assert [[each for each in part if each in refused] for part in found] == [
        list(range(1 + MOST_REFUSED * at, 1 + MOST_REFUSED * (at + 1))) for at in range(4)
    ]
    assert found[0][MOST_REFUSED:] == list(range(401 - MOST_REFUSED, 401))


def test_rest_follows_when_fewer_come(traffic: Traffic) -> None:
    """
    After a burst everything that the journal keeps comes once, the newest first.
    """
    traffic.come(800, refused={310, 700})
    reader = traffic.reader()
    parts = []
    while part := traffic.read(reader):
        parts.append(part)

    assert sorted(number for part in parts for number in part) == list(range(301, 801))
    assert parts[0][:3] == [310, 700, 703]
    assert (reader.waiting, reader.missed, reader.position) == (0, 0, 800)


def test_what_the_journal_drops_meanwhile_is_counted(in_memory: Traffic) -> None:
    """
    What the journal has dropped before there was room for it is missed; what it dropped before anybody came is not.
    """
    in_memory.come(KEEP + 100)
    reader = in_memory.reader()
    in_memory.read(reader)
    assert (reader.waiting, reader.missed) == (KEEP - MOST_AT_ONCE, 0)
    in_memory.come(KEEP)
    in_memory.read(reader)
    assert (reader.waiting, reader.missed) == (KEEP - MOST_IN_A_RUSH, KEEP - MOST_AT_ONCE)
    in_memory.come(2 * KEEP)
    in_memory.read(reader)

    assert (reader.waiting, reader.missed) == (KEEP - MOST_IN_A_RUSH, 3 * KEEP - MOST_AT_ONCE - MOST_IN_A_RUSH)


def test_who_goes_on_at_its_position_misses_nothing(traffic: Traffic) -> None:
    """
    A reader that is replaced by one from its position on gets what the first had not had.
    """
    traffic.come(300, held_up={40})
    first = traffic.reader()
    had = set(traffic.read(first))
    again = traffic.reader(after=first.position)
    traffic.add(40)
    for _ in range(3):
        had |= set(traffic.read(again))

    assert had == set(range(1, 301))


def test_held_up_one_comes_when_it_is_recorded(traffic: Traffic) -> None:
    """
    A request that a fault plan holds up comes with the read after it is recorded, however many come meanwhile.
    """
    reader = traffic.reader()
    traffic.come(300, held_up={2})
    assert 2 not in traffic.read(reader)
    traffic.come(100)
    traffic.read(reader)
    traffic.add(2, is_refused=True)
    traffic.come(100)

    assert traffic.read(reader)[0] == 2


def test_one_that_is_refused_later_comes_once_more(traffic: Traffic) -> None:
    """
    A request that is judged after its answer comes once more, as refused, whether it was given or passed over.
    """
    reader = traffic.reader()
    traffic.read(reader)
    traffic.come(300)
    assert 299 in traffic.read(reader)
    traffic.judge(299)
    traffic.judge(7)
    traffic.come(200)

    assert traffic.read(reader)[:2] == [7, 299]
    traffic.come(1, refused={501})
    assert {7, 299} & set(traffic.read(reader)) == set()


def test_reader_does_not_repeat_what_was_refused_before_it(traffic: Traffic) -> None:
    """
    Whoever goes on after a number is not given those up to it, refused or not.
    """
    traffic.come(5, refused={2, 5})

    assert traffic.read(traffic.reader(after=4)) == [5]
