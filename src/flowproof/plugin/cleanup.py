"""
Removes at a run's end what its tests created and left, as far as the kit says how and the target permits it.

What is left is reported with the reason. Loaded only where something was created.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from flowproof.certify.events import CleanedUp, Event
from flowproof.certify.run_store import CreatedResource, RunStore
from flowproof.clients import NO_RETRY
from flowproof.clients.errors import ClientError, NotFound, TryLater, Unreachable
from flowproof.kit import Leftover, ParameterUnknown
from flowproof.target import Target

from .connections import connect
from .recording import NotPermitted

if TYPE_CHECKING:
    from .session_state import SessionState

__all__ = ["clean_up"]

RETRY_AFTER_S = 5.0


def clean_up(state: "SessionState", run_store: RunStore, *, retry_after_s: float = RETRY_AFTER_S) -> None:
    """
    Remove what is left, the newest first, and tell of each thing what became of it.

    Args:
        state: The session's memory.
        run_store: Knows what is left.
        retry_after_s: How long to wait for what is not there yet, before it is tried once more.
    """
    tell: Callable[[Event], None] = state.events.tell if state.events is not None else lambda _: None
    created = run_store.not_cleaned()
    removable = [each for each in created if each.undo in state.kits.find(each.provider).cleanup]
    for each in created:
        if each not in removable:
            run_store.mark_cleaned(each.id)
            tell(CleanedUp(each.id, False, f"nothing undoes {each.operation}: it stays"))
    left = _remove_all(state, run_store, removable, tell)
    if any(isinstance(why, NotFound) for _, why in left):
        time.sleep(retry_after_s)
        left = _remove_all(state, run_store, [each for each, _ in left], tell)
    for each, why in left:
        if _is_final(why):
            run_store.mark_cleaned(each.id)
        tell(CleanedUp(each.id, False, f"it is left: {why}"))


def _is_final(why: BaseException) -> bool:
    """Whether another attempt, when the run is resumed, would have the same end."""
    answered = isinstance(why, ClientError) and why.status is not None and not isinstance(why, TryLater)
    return answered or isinstance(why, NotPermitted | ParameterUnknown)


def _remove_all(
    state: "SessionState", run_store: RunStore, created: Sequence[CreatedResource], tell: Callable[[Event], None]
) -> list[tuple[CreatedResource, BaseException]]:
    """Remove each; returns what could not be removed, with the reason."""
    left: list[tuple[CreatedResource, BaseException]] = []
    unreachable: dict[str, Unreachable] = {}
    for each in created:
        try:
            if each.provider in unreachable:
                raise unreachable[each.provider]
            _remove(state, each)
        except (NotPermitted, Exception) as why:  # noqa: BLE001 (another distribution's action may fail in any way)
            if isinstance(why, Unreachable):
                unreachable[each.provider] = why
            left.append((each, why))
            continue
        if run_store.mark_cleaned(each.id):
            tell(CleanedUp(each.id, True, f"{each.undo} was accepted"))
    return left


def _remove(state: "SessionState", created: CreatedResource) -> None:
    site = state.remote.entry(created.provider).site
    target = Target(state.remote.name_of(created.provider), {created.provider: site})
    kit = state.kits.find(created.provider)
    with closing(connect(state.recording(), kit, target, retry=NO_RETRY)) as client:
        kit.remove(created.undo or "", client, Leftover(created.what, site, created.parameters))
