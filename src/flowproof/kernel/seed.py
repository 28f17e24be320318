"""A provider's own seed data, from the folder of its slug in this package's fixtures."""

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import orjson

__all__ = ["seed_data"]


def seed_data(slug: str) -> Mapping[str, Any]:
    """The seed data that a new workspace starts with, read-only."""
    file = files("flowproof.fixtures").joinpath(slug).joinpath("seed.json")
    return MappingProxyType(orjson.loads(file.read_bytes()))
