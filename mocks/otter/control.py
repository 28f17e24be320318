"""Control API operations that open and close stores, and decide consent without a page."""

from typing import Any

from flask import Blueprint

from flowproof.errors import ConfigurationError
from flowproof.kernel import ProviderContext
from flowproof.kernel.control.context import NotFoundProblem, control_ctx

from .models import SeedData
from .records import Connections
from .structure import Brand, Structure

__all__ = ["control"]

control = Blueprint("otter_control", __name__)


@control.put("/consent")
def set_consent(workspace: str) -> Any:
    """Set ``consent`` and ``consent_user`` of the settings for this workspace."""
    context = control_ctx.provider_context(workspace, "otter")
    body = control_ctx.checked_body(context, "consent.schema.json") or {}
    mode, user = body.get("consent"), body.get("user")
    if user is not None and SeedData(context.seed).user(user) is None:
        raise ConfigurationError(f"The seed data has no user {user!r}.", "See users in GET …/seed/otter.")
    context.state.put("consent", "mode", mode)
    context.state.put("consent", "user", user)
    return {"consent": mode, "user": user}


@control.post("/brands/<brand_id>/stores")
def open_store(workspace: str, brand_id: str) -> tuple[Any, int]:
    """Open a store. The body has ``id``, ``name`` and ``address`` as the provider shows them."""
    context = control_ctx.provider_context(workspace, "otter")
    structure, brand = _find_brand(context, brand_id)
    store = control_ctx.checked_body(context, "store.schema.json")
    if structure.brand_of_store(store["id"]) is not None:
        raise ConfigurationError(f"There is a store {store['id']} already.", "Choose another id.")
    structure.add(brand, store)
    return store, 201


@control.delete("/brands/<brand_id>/stores/<store_id>")
def close_store(workspace: str, brand_id: str, store_id: str) -> tuple[str, int]:
    """Close a store. Every application's connection with it ends."""
    context = control_ctx.provider_context(workspace, "otter")
    structure, brand = _find_brand(context, brand_id)
    if structure.store(brand, store_id) is None:
        raise NotFoundProblem(f"Brand {brand_id} has no store {store_id}.")
    structure.remove(brand, store_id)
    for credential in context.credentials():
        Connections(context.state, credential.key).delete(store_id)
    return "", 204


def _find_brand(context: ProviderContext, brand_id: str) -> tuple[Structure, Brand]:
    seed = SeedData(context.seed)
    for organization in seed.raw["organizations"]:
        structure = Structure(seed, context.state, organization["id"])
        brand = structure.brand(brand_id)
        if brand is not None:
            return structure, brand
    raise NotFoundProblem(f"There is no brand {brand_id}.")
