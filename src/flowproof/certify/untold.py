"""
The events that a process of a run owes its record, because it was ended between a change and its event.

The run store knows each created resource from the moment of the answer, and what became of it; what it does not know to
be in the record is compared with the record.
"""

from collections.abc import Iterable, Iterator

from .events import CleanedUp, Created, Event
from .run_store import RunStore

__all__ = ["untold_events"]


def untold_events(run_store: RunStore, events: Iterable[Event]) -> Iterator[Event]:
    """
    The events of created resources that are missing.

    Args:
        run_store: What the run's processes share.
        events: The record; it is read only where something may be missing.
    """
    untold = run_store.untold()
    if not untold:
        return
    found = list(events)
    created = {each.id for each in found if isinstance(each, Created)}
    settled = {each.created for each in found if isinstance(each, CleanedUp)}
    for each in untold:
        if each.id not in created:
            yield Created(each.id, each.test, each.operation, each.what, each.spent)
        if each.how and each.id not in settled:
            yield CleanedUp(each.id, each.is_removed, each.how)
        run_store.mark_told(each.id)
