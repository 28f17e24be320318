"""Loads a provider's contract from its folder: OpenAPI document, JSON Schemas and requirements."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import orjson

from flowproof.errors import ContractError

from .operations import Operations, read_operations
from .parsed import parse_cached
from .requirements import Requirement, read_requirements
from .schemas import Schemas
from .sources import read_source_names, shown_source

__all__ = ["Contract", "load_contract", "read_yaml"]


@dataclass(frozen=True, slots=True)
class Contract:
    """
    What a provider's documents say, as data.

    Args:
        slug: The provider's.
        document: The OpenAPI document.
        operations: Of the document.
        requirements: By id.
        schemas: Of the document and of its files.
        folder: Where its files stand; None where it was made in memory.
        source_names: What a reader finds a source as, by the name that cases cite; requirements have it already.
    """

    slug: str
    document: Mapping[str, Any]
    operations: Operations
    requirements: Mapping[str, Requirement]
    schemas: Schemas
    folder: Traversable | None = None
    source_names: Mapping[str, str] = field(default_factory=dict)


def load_contract(slug: str, folder: "Traversable | Contract | None" = None) -> Contract:
    """
    Load the contract of a provider.

    Args:
        slug: The provider's slug.
        folder: Of its files; by default the folder of that slug in this package's contracts. A contract is returned as
            it is: a provider may have loaded its own.

    Raises:
        ContractError: A file is missing, cannot be read, or is wrong.
    """
    if isinstance(folder, Contract):
        return folder
    place = folder if folder is not None else files("flowproof.contracts").joinpath(slug)
    try:
        return _contract(slug, place)
    except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        raise ContractError(slug, f"its files do not make a contract: {type(error).__name__}: {error}") from error


def _contract(slug: str, place: Traversable) -> Contract:
    document = read_yaml(slug, place.joinpath("openapi.yaml"))
    if not document["openapi"].startswith("3.1"):
        raise ContractError(slug, f"openapi.yaml is version {document['openapi']}, but must be 3.1")
    requirements = read_requirements(slug, _read_toml(slug, place.joinpath("requirements.toml")))
    sources = place.joinpath("sources.toml")
    names = read_source_names(slug, _read_toml(slug, sources)) if sources.is_file() else {}
    schemas = {
        each.name: orjson.loads(_text(slug, each))
        for each in sorted(place.joinpath("schemas").iterdir(), key=lambda each: each.name)
        if each.name.endswith(".schema.json")
    }
    return Contract(
        slug=slug,
        document=document,
        operations=read_operations(document),
        requirements={each.id: replace(each, source=shown_source(each.source, names)) for each in requirements},
        schemas=Schemas(slug, document, schemas),
        folder=place,
        source_names=names,
    )


def read_yaml(slug: str, file: Traversable) -> Mapping[str, Any]:
    """
    Read a YAML document, with the fast loader where it is installed.

    Raises:
        ContractError: The file cannot be read, or is no YAML.
    """

    def parse(text: str) -> Any:
        import yaml  # noqa: PLC0415 (not needed where the cache is filled)

        try:
            return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (both loaders are safe ones)
        except yaml.YAMLError as error:
            raise ContractError(slug, f"{file.name}: {error}") from error

    document: Mapping[str, Any] = parse_cached(file, _text(slug, file), parse)
    return document


def _read_toml(slug: str, file: Traversable) -> Mapping[str, Any]:
    def parse(text: str) -> Any:
        import tomllib  # noqa: PLC0415 (not needed where the cache is filled)

        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ContractError(slug, f"{file.name}: {error}") from error

    document: Mapping[str, Any] = parse_cached(file, _text(slug, file), parse)
    return document


def _text(slug: str, file: Traversable) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ContractError(slug, f"{file.name} cannot be read: {error}") from error
