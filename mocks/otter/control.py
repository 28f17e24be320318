"""What happens at the provider while a partner looks on: stores open and close, somebody else decides. For tests."""

from typing import Any

from flask import Blueprint

from flowproof.errors import ConfigurationError
from flowproof.kernel import ProviderContext
from flowproof.kernel.control.context import NotFoundProblem, control_ctx

from .models import Setup
from .records import Connections
from .structure import Brand, Structure

__all__ = ["control"]

control = Blueprint("otter_control", __name__)

MODES = ("browser", "page", "approve", "deny")


@control.put("/consent")
def set_consent(workspace: str) -> Any:
    """Who decides from now on, and for which user: as ``consent`` and ``consent_user`` of the settings."""
    context, wanted = _context(workspace), control_ctx.json or {}
    mode, user = wanted.get("consent"), wanted.get("user")
    if mode is not None and mode not in MODES:
        raise ConfigurationError(f"{mode!r} is no way to decide.", f"Choose one of {', '.join(MODES)}.")
    if user is not None and Setup(context.seed).user(user) is None:
        raise ConfigurationError(f"The seed data has no user {user!r}.", "See users in GET …/seed/otter.")
    context.state.put("consent", "mode", mode)
    context.state.put("consent", "user", user)
    return {"consent": mode, "user": user}


@control.post("/brands/<brand_id>/stores")
def open_store(workspace: str, brand_id: str) -> tuple[Any, int]:
    """Open a store: ``id``, ``name`` and ``address`` as its provider shows them."""
    context = _context(workspace)
    structure, brand = _place(context, brand_id)
    store = control_ctx.json
    findings = context.findings("store.schema.json", store)
    if findings:
        raise ConfigurationError("; ".join(map(str, findings)) + ".", "Send id, name and address of a store.")
    if structure.brand_of_store(store["id"]) is not None:
        raise ConfigurationError(f"There is a store {store['id']} already.", "Choose another id.")
    structure.add(brand, store)
    return store, 201


@control.delete("/brands/<brand_id>/stores/<store_id>")
def close_store(workspace: str, brand_id: str, store_id: str) -> tuple[str, int]:
    """Close a store; every application's connection with it ends."""
    context = _context(workspace)
    structure, brand = _place(context, brand_id)
    if structure.store(brand, store_id) is None:
        raise NotFoundProblem(f"Brand {brand_id} has no store {store_id}.")
    structure.remove(brand, store_id)
    for credential in context.credentials():
        Connections(context.state, credential.key).delete(store_id)
    return "", 204


def _context(workspace: str) -> ProviderContext:
    return control_ctx.provider_context(workspace, "otter", rng_key="control")


def _place(context: ProviderContext, brand_id: str) -> tuple[Structure, Brand]:
    setup = Setup(context.seed)
    for organization in setup.seed["organizations"]:
        structure = Structure(setup, context.state, organization["id"])
        brand = structure.brand(brand_id)
        if brand is not None:
            return structure, brand
    raise NotFoundProblem(f"There is no brand {brand_id}.")
