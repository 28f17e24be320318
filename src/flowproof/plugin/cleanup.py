"""
Removes at a run's end what its tests created and left, as far as the kit says how and the target permits it.

What is left is reported with the reason. Loaded only where something was created.
"""

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from flowproof.certify.events import CleanedUp, Event
from flowproof.certify.run_store import CreatedResource, RunStore
from flowproof.clients import NO_RETRY
from flowproof.kit import Leftover
from flowproof.removal import remove_all
from flowproof.target import Target

from .connections import connect
from .recording import NotPermitted

if TYPE_CHECKING:
    from .session_state import SessionState

__all__ = ["clean_up"]


def clean_up(state: "SessionState", run_store: RunStore) -> None:
    """
    Remove what is left, the newest first, and tell of each thing what became of it.

    Args:
        state: The session's memory.
        run_store: Knows what is left.
    """
    tell: Callable[[Event], None] = state.events.tell if state.events is not None else lambda _: None
    created = run_store.not_cleaned()
    removable = [each for each in created if each.undo in state.kits.find(each.provider).cleanup]
    for each in created:
        if each not in removable:
            how = f"nothing undoes {each.operation}: it stays"
            run_store.mark_cleaned(each.id, how, is_removed=False)
            tell(CleanedUp(each.id, False, how))
            run_store.mark_told(each.id)
    ended = remove_all(
        removable,
        partial(_remove, state),
        target_of=lambda each: each.provider,
        pause=time.sleep,
        final=(NotPermitted,),
    )
    for removal in ended:
        # A removal that was accepted has been told by whoever watches the exchanges, and is marked then.
        is_over = removal.is_gone or removal.is_final
        name, how = removal.thing.id, removal.how
        is_news = run_store.mark_cleaned(name, how, is_removed=removal.is_gone) if is_over else True
        if is_news:
            tell(CleanedUp(name, removal.is_gone, how))
            run_store.mark_told(name)


def _remove(state: "SessionState", created: CreatedResource) -> str:
    site = state.remote.entry(created.provider).site
    target = Target(state.remote.name_of(created.provider), {created.provider: site})
    kit = state.kits.find(created.provider)
    with closing(connect(state.recording(), kit, target, retry=NO_RETRY)) as client:
        kit.remove(created.undo or "", client, Leftover(created.what, site, created.parameters))
    return f"{created.undo} was accepted"
