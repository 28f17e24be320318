"""A JSON value as its schema describes it: with the members that the schema names, and with the schema's defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

__all__ = ["Shape", "shape_of"]


@dataclass(slots=True)
class Shape:
    """
    What a schema says of a value's form.

    Args:
        members: Shapes of an object's members, in the schema's order; empty where the schema names none.
        defaults: Values of members that are missing.
        items: Shape of a list's items.
    """

    members: "dict[str, Shape]" = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    items: "Shape | None" = None
    _steps: "tuple[tuple[str, Shape | None], ...]" = field(default=(), repr=False, compare=False)

    def normalized(self, value: Any) -> Any:
        """
        A copy of a valid value without unnamed members, with defaults in place of missing ones.

        Members that have a default come first, in the schema's order, then the others. An object whose schema names no
        members is kept whole.
        """
        if self.members and isinstance(value, dict):
            normal = self.defaults.copy()
            for name, shape in self._steps or self._planned():
                if name in value:
                    member = value[name]
                    normal[name] = member if shape is None else shape.normalized(member)
            return normal
        if self.items is not None and isinstance(value, list):
            items = self.items
            return list(map(items.normalized, value)) if items.members or items.items else value.copy()
        return value

    def _planned(self) -> "tuple[tuple[str, Shape | None], ...]":
        """Each member's name, with its shape where that changes anything; planned once, when all shapes are known."""
        self._steps = tuple(
            (name, shape if shape.members or shape.items else None) for name, shape in self.members.items()
        )
        return self._steps


def shape_of(uri: str, resources: Mapping[str, Any]) -> Shape:
    """
    The shape of a schema. Only ``properties``, ``items``, ``default`` and ``$ref`` are read.

    Args:
        uri: The schema.
        resources: Schema documents by URI.
    """
    return _shape(resources[uri], uri, resources, {})


def _shape(schema: Mapping[str, Any], uri: str, resources: Mapping[str, Any], known: dict[str, Shape]) -> Shape:
    shape = Shape()
    while "$ref" in schema:
        target = urljoin(uri, schema["$ref"])
        if target in known:  # also where a schema contains itself
            return known[target]
        known[target] = shape
        uri, _, pointer = target.partition("#")
        schema = resources[uri]
        for step in pointer.split("/")[1:]:
            schema = schema[step]
    for name, each in schema.get("properties", {}).items():
        shape.members[name] = _shape(each, uri, resources, known)
        if "default" in each:
            shape.defaults[name] = each["default"]
    if "items" in schema:
        shape.items = _shape(schema["items"], uri, resources, known)
    return shape
