"""
The keywords that hold for a value, gathered from a schema, what it refers to and what it combines by ``allOf``.

So a schema that moved behind a reference, or was split by ``allOf``, is the schema that it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from flowproof.json_types import TYPES, type_of

from .documents import Node

__all__ = ["Effective", "Schema", "key_of"]

FORBIDS_NULL = {"type", "enum", "const", "not", "if"}  # beside these, an alternative of null need not allow null
# A schema is what several nodes say together; most often there is one.
Schema: TypeAlias = tuple[Node, ...]


def key_of(schema: Schema) -> tuple[tuple[str, str], ...]:
    """Its identity in its document."""
    return tuple(each.key for each in schema)


@dataclass(slots=True)
class Effective:
    """
    The keywords of a schema.

    Args:
        nodes: By keyword; several where ``allOf`` combines several.
        nullable: Whether null is allowed beside what the keywords say: OpenAPI 3.0's ``nullable``, or an alternative
            that is null alone.
        impossible: Whether ``false`` is among what holds.
    """

    nodes: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    nullable: bool = False
    impossible: bool = False

    @classmethod
    def of(cls, schema: Schema) -> "Effective":
        """Gather what holds for a schema."""
        gathered = cls()
        gathered._gather(schema, set())
        gathered._unwrap()
        return gathered

    def _gather(self, schema: Iterable[Node], seen: set[tuple[str, str]]) -> None:
        for node in schema:
            if node.key in seen:
                continue
            seen.add(node.key)
            if node.value is False:
                self.impossible = True
            if isinstance(node.value, dict):
                self._gather_object(node, node.value, seen)

    def _gather_object(self, node: Node, value: Mapping[str, Any], seen: set[tuple[str, str]]) -> None:
        reference = node.reference()
        if reference is not None:
            self._gather((reference,), seen)
        for keyword, each in value.items():
            if keyword == "allOf":
                self._gather((node.at("allOf", each)).elements(), seen)
            elif keyword == "nullable":
                self.nullable = self.nullable or each is True
            elif keyword not in {"$ref", "$dynamicRef"}:
                self.nodes[keyword].append(node.at(keyword, each))

    def _unwrap(self) -> None:
        """Take an only alternative as part of this schema, also beside one of null where nothing forbids null."""
        for keyword in ("anyOf", "oneOf"):
            for group in self.nodes.get(keyword, ()):
                alternatives = group.elements()
                others = [each for each in alternatives if not _is_null(each.resolved().value)]
                has_null = len(others) < len(alternatives)
                if len(others) == 1 and len(alternatives) < 3 and not (has_null and self.nodes.keys() & FORBIDS_NULL):
                    self.nodes[keyword].remove(group)
                    self.nullable = self.nullable or has_null
                    self._gather(others, set())
                    return

    def first(self, keyword: str) -> Node | None:
        """The first node of a keyword."""
        return next(iter(self.nodes.get(keyword, ())), None)

    def values(self, keyword: str) -> list[Any]:
        """All values of a keyword."""
        return [each.value for each in self.nodes.get(keyword, ())]

    def types(self) -> frozenset[str]:
        """The types that are allowed; all where none is named."""
        allowed = TYPES
        for value in self.values("type"):
            allowed = allowed & _spread(value)
        return allowed | {"null"} if self.nullable else allowed

    def constants(self) -> list[Any] | None:
        """The values that are allowed, where they are listed."""
        lists = [*self.values("enum"), *([value] for value in self.values("const"))]
        if not lists:
            return None
        types = self.types()
        allowed = [
            each for each in lists[0] if type_of(each) in types and all(_holds(rest, each) for rest in lists[1:])
        ]
        return [*allowed, None] if self.nullable and not _holds(allowed, None) else allowed

    def properties(self) -> dict[str, Schema]:
        """The schemas of named properties."""
        found: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes.get("properties", ()):
            for name, each in node.members().items():
                found[name].append(each)
        return {name: tuple(each) for name, each in found.items()}

    def required(self) -> frozenset[str]:
        """The names of properties that must be there."""
        return frozenset(name for value in self.values("required") if isinstance(value, list) for name in value)

    def flag(self, keyword: str) -> bool:
        """Whether a keyword is true anywhere."""
        return any(value is True for value in self.values(keyword))

    @property
    def is_closed(self) -> bool:
        """Whether no property is allowed but the named ones."""
        return any(
            value is False for name in ("additionalProperties", "unevaluatedProperties") for value in self.values(name)
        )


def _spread(value: Any) -> frozenset[str]:
    names = frozenset([value] if isinstance(value, str) else value)
    return names | {"integer"} if "number" in names else names


def _holds(values: Iterable[Any], value: Any) -> bool:
    """Whether a value is among values, true and 1 kept apart."""
    return any(each == value and isinstance(each, bool) == isinstance(value, bool) for each in values)


def _is_null(value: Any) -> bool:
    return isinstance(value, dict) and (value.get("type") in ("null", ["null"]) or value.get("enum") == [None])
