"""What the provider's dashboard would show of cards that were bought, as an operation of the control API."""

from typing import Any

from flask import Blueprint

from flowproof.kernel.control.context import control_ctx

from .cards import kept

__all__ = ["control"]

control = Blueprint("dots_eco_control", __name__)


@control.get("/cards")
def list_cards(workspace: str) -> Any:
    """The cards of the workspace, the newest first, each with the token of its application."""
    context = control_ctx.provider_context(workspace, "dots_eco", rng_key="control")
    return {"cards": list(kept(context.state))}
