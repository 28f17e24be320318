"""
Undoes at a run's end what its tests created and left, as far as the contract says how and the target permits it.

What is left is said with the reason. Loaded only where something was created.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flowproof.certify.events import CleanedUp, Event
from flowproof.certify.run_store import CreatedResource, RunStore
from flowproof.clients import NO_RETRY
from flowproof.clients.errors import ClientError, NotFound, TryLater, Unreachable
from flowproof.clients.otter import ONBOARDING, Token
from flowproof.errors import FlowproofError
from flowproof.target import Target

from . import connections
from .guard import NotPermitted

if TYPE_CHECKING:
    from .session_state import SessionState

__all__ = ["settle"]

PATIENCE_S = 5.0


@dataclass(eq=False)
class NotTold(FlowproofError):
    """The answer that told of a thing did not say what its removal needs."""

    name: str

    def __str__(self) -> str:
        return f"the answer that told of it did not say its {self.name}"


def _known(made: CreatedResource, name: str) -> str:
    if name not in made.parameters:
        raise NotTold(name)
    return made.parameters[name]


def _cancel_order(client: Any, made: CreatedResource, _: Target) -> None:
    """An order is cancelled by its sender's name, which only the order itself tells."""
    order = client.order(made.what)
    client.cancel(order.source_name or "", order.source_order_id or "")


def _delete_connection(client: Any, made: CreatedResource, target: Target) -> None:
    given = Token(target.credentials("otter", "access").key, ONBOARDING, datetime.max.replace(tzinfo=UTC), {})
    client.as_user(given).disconnect(_known(made, "brandId"), _known(made, "storeId"))


CLEANUP_ACTIONS: Mapping[str, Callable[[Any, CreatedResource, Target], None]] = MappingProxyType(
    {
        "cancelOrder": _cancel_order,
        "deleteWorkflow": lambda client, made, _: client.delete(_known(made, "guid")),
        "organizationDeleteConnection": _delete_connection,
        "removeIntegration": lambda client, made, _: client.remove(_known(made, "businessProviderId")),
    }
)
"""How the real clients undo, by the undoing operation."""

CLIENTS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "integrations": connections.integrations_client,
        "oneflow": connections.oneflow_client,
        "otter": connections.otter_client,
    }
)


def settle(state: "SessionState", run_store: RunStore, *, patience_s: float = PATIENCE_S) -> None:
    """
    Undo what is left, the newest first, and tell of each thing what became of it.

    Args:
        state: The session's memory, whose witness is told.
        ledger: Knows what is left.
        patience_s: How long to wait for what is not there yet, before it is tried once more.
    """
    tell: Callable[[Event], None] = state.event_writer.tell if state.event_writer is not None else lambda _: None
    made = run_store.not_cleaned()
    for each in made:
        if each.undo not in CLEANUP_ACTIONS:
            run_store.mark_cleaned(each.id)
            tell(CleanedUp(each.id, False, f"nothing undoes {each.operation}: it stays"))
    left = _undo_all(state, run_store, [each for each in made if each.undo in CLEANUP_ACTIONS], tell)
    if any(isinstance(why, NotFound) for _, why in left):
        time.sleep(patience_s)
        left = _undo_all(state, run_store, [each for each, _ in left], tell)
    for each, why in left:
        if _is_final(why):
            run_store.mark_cleaned(each.id)
        tell(CleanedUp(each.id, False, f"it is left: {why}"))


def _is_final(why: BaseException) -> bool:
    """Whether another attempt, when the run goes on, would come to the same."""
    answered = isinstance(why, ClientError) and why.status is not None and not isinstance(why, TryLater)
    return answered or isinstance(why, NotPermitted | NotTold)


def _undo_all(
    state: "SessionState", run_store: RunStore, made: Sequence[CreatedResource], tell: Callable[[Event], None]
) -> list[tuple[CreatedResource, BaseException]]:
    """Undo each; what could not be undone, with the reason."""
    left: list[tuple[CreatedResource, BaseException]] = []
    unreachable: dict[str, Unreachable] = {}
    for each in made:
        try:
            if each.provider in unreachable:
                raise unreachable[each.provider]
            _undo(state, each)
        except (NotPermitted, FlowproofError) as why:
            if isinstance(why, Unreachable):
                unreachable[each.provider] = why
            left.append((each, why))
            continue
        if run_store.mark_cleaned(each.id):
            tell(CleanedUp(each.id, True, f"{each.undo} was accepted"))
    return left


def _undo(state: "SessionState", made: CreatedResource) -> None:
    place = state.places.find(made.provider)
    target = Target(state.places.named(made.provider), {made.provider: place.site})
    with closing(CLIENTS[made.provider](state.recording(), target, retry=NO_RETRY)) as client:
        CLEANUP_ACTIONS[made.undo or ""](client, made, target)
