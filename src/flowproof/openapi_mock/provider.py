"""Makes a provider of a contract."""

from collections.abc import Callable, Mapping
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from flask import Blueprint

from flowproof.conformance import Contract, load_contract
from flowproof.errors import ConfigurationError
from flowproof.kernel import Provider

from .auth import make_authenticate, make_presented_key, make_redact_header, mint
from .errors import make_render
from .model import make_model
from .views import make_views

__all__ = ["openapi_provider"]

NO_VIEWS: Mapping[str, Callable[..., Any]] = MappingProxyType({})


def openapi_provider(
    slug: str,
    contract: Contract | Traversable,
    *,
    title: str = "",
    replacements: Mapping[str, Callable[..., Any]] = NO_VIEWS,
    not_emulated: tuple[str, ...] = (),
) -> Provider:
    """
    A provider that answers by its contract.

    Args:
        slug: Name in paths, folders and commands.
        contract: Of a regular document, or its folder.
        title: For people; by default that of the document.
        replacements: Views that stand in place of what is inferred, by the operation's id.
        not_emulated: What is known to be missing, one sentence each.

    Raises:
        ConfigurationError: A replacement is of an operation that the contract does not have.
        ContractError: The contract cannot be loaded.
    """
    loaded = load_contract(slug, contract)
    model = make_model(loaded)
    if unknown := sorted(name for name in replacements if loaded.operations.by_id(name) is None):
        raise ConfigurationError(
            f"The contract of {slug} has no operation {', '.join(unknown)}.", "Correct OPERATION in its module."
        )
    info = loaded.document.get("info")
    named = str(info.get("title", slug)) if isinstance(info, dict) else slug
    return Provider(
        slug=slug,
        title=title or named,
        routes=Blueprint(slug, __name__),
        views={**make_views(model), **replacements},
        presented_key=make_presented_key(model),
        authenticate=make_authenticate(model),
        render=make_render(model),
        mint=mint,
        seed={},
        seed_schema="seed.schema.json",
        redact_header=make_redact_header(model),
        secret_parameters=frozenset(each.parameter for each in model.schemes.values() if each.kind == "query"),
        contract=loaded,
        flask_context=False,
        not_emulated=not_emulated,
    )
