"""
The branches of a schema, and which of them a value takes: each property there or left out, each word of an enum.

A branch is a text such as ``/orderData/items/*/sku left out`` or ``/status = "error"``.
"""

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from .contract import Contract
from .places import Steps, pointer
from .schema_walk import Place, Walk

__all__ = ["Branches", "Schema"]


class Schema:
    """
    One schema with its branches.

    Args:
        places: Every place that it names.
    """

    def __init__(self, places: dict[Steps, Place]) -> None:
        self.places = places

    @cached_property
    def _names(self) -> dict[Steps, list[str]]:
        """The properties of each place."""
        found: dict[Steps, list[str]] = {}
        for steps in self.places:
            if steps and steps[-1] != "*":
                found.setdefault(steps[:-1], []).append(steps[-1])
        return found

    @cached_property
    def _words(self) -> dict[Steps, list[Any]]:
        """The words that a place may hold."""
        return {
            steps: [word for limits in place.limits for word in limits.get("enum", ())]
            for steps, place in self.places.items()
            if any(len(limits.get("enum", ())) > 1 for limits in place.limits)
        }

    @cached_property
    def all(self) -> dict[str, str | None]:
        """Every branch, with the requirement that its place stands for."""
        found: dict[str, str | None] = {}
        for steps, place in self.places.items():
            if steps and steps[-1] != "*":
                found[f"{pointer(steps)} there"] = place.requirement
                if not place.required:
                    found[f"{pointer(steps)} left out"] = place.requirement
            for word in self._words.get(steps, ()):
                found[f"{pointer(steps)} = {json.dumps(word)}"] = place.requirement
        return found

    def taken(self, value: Any, steps: Steps = ()) -> Iterator[str]:
        """The branches that a value takes, some more than once."""
        if steps in self._words and isinstance(value, str | int | float | bool | None):
            yield f"{pointer(steps)} = {json.dumps(value)}"
        if isinstance(value, dict):
            for name in self._names.get(steps, ()):
                below = (*steps, name)
                yield f"{pointer(below)} {'there' if name in value else 'left out'}"
                if name in value:
                    yield from self.taken(value[name], below)
        elif isinstance(value, list):
            for each in value:
                yield from self.taken(each, (*steps, "*"))


class Branches:
    """
    The schemas of a contract's bodies, each read once.

    Args:
        contract: Whose.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._walk = Walk(contract)
        self._read: dict[str, Schema] = {}

    def of(self, place: str) -> Schema:
        """The schema at a JSON pointer of the OpenAPI document."""
        if place not in self._read:
            self._read[place] = Schema(self._walk.places(self._contract.schemas.uri_of_pointer(place)))
        return self._read[place]
