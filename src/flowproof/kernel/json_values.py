"""Compares JSON values as JSON does; Python's own comparison takes ``true`` for 1."""

from collections.abc import Mapping
from typing import Any

__all__ = ["equal"]


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)
