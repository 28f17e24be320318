"""
The branches of a schema, and those that a value takes: each property present or missing, each value of an enum.

A branch is a text such as ``/orderData/items/*/sku left out`` or ``/status = "error"``.
"""

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from .contract import Contract
from .places import Steps, pointer
from .schema_walk import SchemaLocation, SchemaWalk

__all__ = ["Branches", "SchemaBranches"]


class SchemaBranches:
    """
    A schema with its branches.

    Args:
        places: Every place that the schema names.
    """

    def __init__(self, places: dict[Steps, SchemaLocation]) -> None:
        self.places = places

    @cached_property
    def _names(self) -> dict[Steps, list[str]]:
        """Names of the properties at each place."""
        found: dict[Steps, list[str]] = {}
        for steps in self.places:
            if steps and steps[-1] != "*":
                found.setdefault(steps[:-1], []).append(steps[-1])
        return found

    @cached_property
    def _words(self) -> dict[Steps, list[Any]]:
        """Values of the enums at each place."""
        return {
            steps: [word for limits in place.limits for word in limits.get("enum", ())]
            for steps, place in self.places.items()
            if any(len(limits.get("enum", ())) > 1 for limits in place.limits)
        }

    @cached_property
    def all(self) -> dict[str, str | None]:
        """Every branch, with the requirement of its place."""
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
    The schemas of a contract's bodies; each is walked once.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._walk = SchemaWalk(contract)
        self._read: dict[str, SchemaBranches] = {}

    def of(self, place: str) -> SchemaBranches:
        """The schema at a JSON pointer of the OpenAPI document."""
        if place not in self._read:
            self._read[place] = SchemaBranches(self._walk.locations(self._contract.schemas.uri_of_pointer(place)))
        return self._read[place]
