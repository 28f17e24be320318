"""The control API's operation that lists the cards that were bought, as the provider's dashboard would."""

from typing import Any

from flask import Blueprint

from flowproof.kernel.control.context import control_ctx

from .records import Cards

__all__ = ["control"]

control = Blueprint("dots_eco_control", __name__)


@control.get("/cards")
def list_cards(workspace: str) -> Any:
    """The cards of the workspace, newest first, each with the token of its application."""
    context = control_ctx.provider_context(workspace, "dots_eco")
    return {"cards": list(Cards(context.state, context.rng).all())}
