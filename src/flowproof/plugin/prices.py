"""
Lets the target list its prices before the tests run, so that each call's cost is known when it is made.

Loaded only where the profile permits a call whose price another response has.
"""

from contextlib import closing, suppress
from typing import TYPE_CHECKING

from flowproof.clients import NO_RETRY, ClientError
from flowproof.conformance.effects import read_effects
from flowproof.errors import FlowproofError
from flowproof.target import Target
from flowproof.target.permitted import costly_operations

from .connections import connect
from .recording import NotPermitted

if TYPE_CHECKING:
    from .session_state import SessionState

__all__ = ["learn_prices"]


def learn_prices(state: "SessionState", provider: str) -> None:
    """
    Call the operation that lists the prices; whoever watches the exchanges keeps them.

    A target that does not answer is none of this function's business: the tests will say so, and the costs stay
    unknown.
    """
    with suppress(ClientError, FlowproofError, NotPermitted):
        entry = state.remote.entry(provider)
        effects = read_effects(state.recording().contract(provider).document)
        if not entry.permission.everything and not costly_operations(entry.permission, effects):
            return
        target = Target(state.remote.name_of(provider), {provider: entry.site})
        kit = state.kits.find(provider)
        with closing(connect(state.recording(), kit, target, retry=NO_RETRY)) as client:
            kit.list_prices(client)
