"""A document as a contract: read, in one piece, of version 3.1, regular."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowproof.conformance import Contract
from flowproof.conformance.operations import read_operations
from flowproof.conformance.schemas import Schemas
from flowproof.errors import ConfigurationError

from .bundle import bundle
from .directions import apply_directions
from .normalize import normalize
from .reading import read_document
from .upgrade import upgrade

__all__ = ["contract_of", "make_regular", "read_contract", "regular_document"]

SEED_SCHEMA: Mapping[str, Any] = {"type": "object"}


def read_contract(slug: str, file: Path) -> tuple[Contract, list[str]]:
    """
    The contract of an OpenAPI document, and what was left out of it.

    Raises:
        ConfigurationError: It cannot be read, or makes no contract.
    """
    document, notes = regular_document(file)
    return contract_of(slug, document), notes


def regular_document(file: Path) -> tuple[dict[str, Any], list[str]]:
    """
    A document in one piece, of version 3.1, regular; and what was left out of it.

    Raises:
        ConfigurationError: It cannot be read.
    """
    document = read_document(file)
    notes = bundle(document, file)
    return document, [*notes, *make_regular(document)]


def make_regular(document: dict[str, Any]) -> list[str]:
    """
    Make a document in one piece regular, in place.

    Returns:
        What was left out of it.
    """
    upgrade(document)
    notes = normalize(document)
    apply_directions(document)
    return notes


def contract_of(slug: str, document: Mapping[str, Any]) -> Contract:
    """
    The contract of a regular document, without requirements.

    Raises:
        ConfigurationError: It makes no contract.
    """
    try:
        return Contract(
            slug=slug,
            document=document,
            operations=read_operations(document),
            requirements={},
            schemas=Schemas(slug, document, {"seed.schema.json": SEED_SCHEMA}),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ConfigurationError(
            f"The OpenAPI document makes no contract: {type(error).__name__}: {error}.",
            "Check it with a validator of OpenAPI documents.",
        ) from error
