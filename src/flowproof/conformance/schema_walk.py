"""Walks a contract's schemas: for each place of a JSON value its limits and its requirement."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from referencing import Registry
from referencing._core import Resolver
from referencing.jsonschema import DRAFT202012

from .contract import Contract
from .places import Steps

__all__ = ["SchemaLocation", "SchemaWalk"]

DEEPEST = 9
TOGETHER = ("allOf", "anyOf", "oneOf")
CONDITIONAL = ("then", "else")
LIMITS = (
    "type",
    "enum",
    "const",
    "pattern",
    "format",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
)
JUDGING = (*LIMITS, "not", "anyOf", "oneOf", "dependentRequired", "minProperties", "maxProperties")


@dataclass(slots=True)
class SchemaLocation:
    """
    What the schemas say about one place of a value.

    Args:
        required: Whether the enclosing object must have it.
        requirement: The nearest requirement at or above it.
        limits: The keywords that limit the value there, one mapping for each schema that applies.
    """

    required: bool = False
    requirement: str | None = None
    limits: list[Mapping[str, Any]] = field(default_factory=list)


class SchemaWalk:
    """
    Walks the schemas of a contract.
    """

    def __init__(self, contract: Contract) -> None:
        registry: Registry[Any] = Registry().with_resources(
            (uri, DRAFT202012.create_resource(contents)) for uri, contents in contract.schemas.resources.items()
        )
        self._resolver = registry.resolver()

    def locations(self, uri: str) -> dict[Steps, SchemaLocation]:
        """Every place that a schema names, in order."""
        found: dict[Steps, SchemaLocation] = {}
        self._visit(*self._at(uri), (), None, found)
        return found

    def keywords(self, uri: str) -> dict[str, dict[str, None]]:
        """For each requirement that a schema names, the keywords that enforce it, in order."""
        found: dict[str, dict[str, None]] = {}
        for requirement, keyword in self._judging(*self._at(uri), None, 0):
            found.setdefault(requirement, {})[keyword] = None
        return found

    def _at(self, uri: str) -> tuple[Any, Resolver[Any]]:
        resolved = self._resolver.lookup(uri)
        return resolved.contents, resolved.resolver

    def _visit(
        self, node: Any, resolver: Resolver[Any], steps: Steps, nearest: str | None, found: dict[Steps, SchemaLocation]
    ) -> None:
        if not isinstance(node, dict) or len(steps) > DEEPEST or node.get("not") in ({}, True):
            return  # a value that must be missing has no place
        nearest = node.get("x-requirement", nearest)
        place = found.setdefault(steps, SchemaLocation())
        place.requirement = node.get("x-requirement", place.requirement or nearest)
        if limits := {name: node[name] for name in LIMITS if name in node}:
            place.limits.append(limits)
        if "$ref" in node:
            resolved = resolver.lookup(node["$ref"])
            self._visit(resolved.contents, resolved.resolver, steps, nearest, found)
        for each in _branches(node):
            self._visit(each, resolver, steps, nearest, found)
        for name, each in node.get("properties", {}).items():
            self._visit(each, resolver, (*steps, name), nearest, found)
        for name in node.get("required", ()):
            found.setdefault((*steps, name), SchemaLocation(requirement=nearest)).required = True
        if "items" in node:
            self._visit(node["items"], resolver, (*steps, "*"), nearest, found)

    def _judging(
        self,
        node: Any,
        resolver: Resolver[Any],
        nearest: str | None,
        depth: int,
        above: Mapping[str, str] | None = None,
    ) -> Iterator[tuple[str, str]]:
        """Keywords with their requirement as in a finding: the nearest id, for a missing property that of its name."""
        if not isinstance(node, dict) or depth > 2 * DEEPEST:
            return
        nearest = node.get("x-requirement", nearest)
        properties = node.get("properties", {})
        own = {name: each.get("x-requirement") for name, each in properties.items() if isinstance(each, dict)}
        known = {**(above or {}), **{name: cited for name, cited in own.items() if cited}}
        for name in node.get("required", ()):
            if cited := known.get(name, nearest):
                yield cited, "required"
        of_keyword = node.get("x-requirement-of", {})
        for keyword in JUDGING:
            if keyword in node and (cited := of_keyword.get(keyword, nearest)):
                yield cited, keyword
        here = [*node.get("allOf", ()), *(node[name] for name in CONDITIONAL if name in node)]
        if "$ref" in node:
            resolved = resolver.lookup(node["$ref"])
            yield from self._judging(resolved.contents, resolved.resolver, nearest, depth + 1, known)
        for each in here:
            yield from self._judging(each, resolver, nearest, depth + 1, known)
        for each in [*properties.values(), *([node["items"]] if "items" in node else [])]:
            yield from self._judging(each, resolver, nearest, depth + 1)


def _branches(node: Mapping[str, Any]) -> Iterator[Any]:
    for keyword in TOGETHER:
        yield from node.get(keyword, ())
    for keyword in CONDITIONAL:
        if keyword in node:
            yield node[keyword]
