"""What a process of a run has not told when it is ended between a change and its event."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowproof.certify.events import CleanedUp, Created, Event
from flowproof.certify.run_store import CreatedResource, RunStore
from flowproof.certify.untold import untold_events

ORDER = CreatedResource(
    "c-1", "acme", "placeOrder", "7", "cancelOrder", {"number": "7"}, test="test_a.py::test_it", spent="12.50"
)
CREATED = Created("c-1", "test_a.py::test_it", "placeOrder", "7", "12.50")
REMOVED = CleanedUp("c-1", True, "cancelOrder answered 200")


@pytest.fixture
def run_store(tmp_path: Path) -> Iterator[RunStore]:
    """A run store that knows one created resource."""
    made = RunStore(tmp_path / "run_store")
    made.add(ORDER)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("record", "missing"), [((), [CREATED]), ((CREATED,), [])], ids=["before the event", "after the event"]
)
def test_creation_is_told_whenever_its_process_ended(
    run_store: RunStore, record: tuple[Event, ...], missing: list[Event]
) -> None:
    """A resource that the run store knows has its event once, on whichever side of it the process was ended."""
    assert list(untold_events(run_store, record)) == missing
    assert list(untold_events(run_store, record)) == []


@pytest.mark.parametrize(
    ("record", "missing"),
    [((), [CREATED, REMOVED]), ((CREATED,), [REMOVED]), ((CREATED, REMOVED), [])],
    ids=["before both events", "between them", "after both"],
)
def test_removal_is_told_whenever_its_process_ended(
    run_store: RunStore, record: tuple[Event, ...], missing: list[Event]
) -> None:
    """The same of what became of it."""
    run_store.mark_cleaned("c-1", REMOVED.how, is_removed=True)

    assert list(untold_events(run_store, record)) == missing


def test_told_resource_needs_no_look_at_the_record(run_store: RunStore) -> None:
    """Where each event was written, the record is not read."""
    run_store.mark_told("c-1")

    unread = iter([CREATED])

    assert list(untold_events(run_store, unread)) == []
    assert list(unread) == [CREATED]
