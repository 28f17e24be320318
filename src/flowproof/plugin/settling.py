"""
Undoes at a run's end what its tests created and left, as far as the contract says how and the target permits it.

What is left is said with the reason. Loaded only where something was created.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flowproof.certify.events import Event, Settled
from flowproof.certify.ledger import Ledger, Made
from flowproof.clients import NO_RETRY
from flowproof.clients.errors import ClientError, Unreachable
from flowproof.clients.otter import ONBOARDING, Token
from flowproof.errors import FlowproofError
from flowproof.target import Target

from . import connections
from .guard import NotPermitted

if TYPE_CHECKING:
    from .state import State

__all__ = ["settle"]


def _cancel_order(client: Any, made: Made, _: Target) -> None:
    """An order is cancelled by its sender's name, which only the order itself tells."""
    order = client.order(made.what)
    client.cancel(order.source_name or "", made.parameters["sourceOrderId"])


def _delete_connection(client: Any, made: Made, target: Target) -> None:
    given = Token(target.credentials("otter", "access").key, ONBOARDING, datetime.max.replace(tzinfo=UTC), {})
    client.as_user(given).disconnect(made.parameters["brandId"], made.parameters["storeId"])


HANDS: Mapping[str, Callable[[Any, Made, Target], None]] = MappingProxyType(
    {
        "cancelOrder": _cancel_order,
        "deleteWorkflow": lambda client, made, _: client.delete(made.parameters["guid"]),
        "organizationDeleteConnection": _delete_connection,
        "removeIntegration": lambda client, made, _: client.remove(made.parameters["businessProviderId"]),
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


def settle(state: "State", ledger: Ledger) -> None:
    """
    Undo what is left, the newest first, and tell of each thing what became of it.

    Args:
        state: The session's memory, whose witness is told.
        ledger: Knows what is left.
    """
    tell: Callable[[Event], None] = state.witness.tell if state.witness is not None else lambda _: None
    unreachable: dict[str, str] = {}
    for made in ledger.unsettled():
        if made.undo is None or made.undo not in HANDS:
            ledger.settle(made.id)
            tell(Settled(made.id, False, f"nothing undoes {made.operation}: it stays"))
            continue
        why = unreachable.get(made.provider)
        if why is None:
            try:
                _undo(state, made)
            except Unreachable as error:
                why = unreachable[made.provider] = str(error)
            except (ClientError, NotPermitted, FlowproofError) as error:
                why = str(error)
        if why is not None:
            tell(Settled(made.id, False, f"it is left: {why}"))
        elif ledger.settle(made.id):
            tell(Settled(made.id, True, f"{made.undo} was accepted"))


def _undo(state: "State", made: Made) -> None:
    place = state.places.find(made.provider)
    target = Target(state.places.named(made.provider), {made.provider: place.site})
    with closing(CLIENTS[made.provider](state.recording(), target, retry=NO_RETRY)) as client:
        HANDS[made.undo or ""](client, made, target)
