"""Gathers changes, so that one change of a shared schema is one change, with all operations that it reaches."""

from dataclasses import dataclass, field

from .changes import Change, Place
from .documents import Node
from .effective import Schema
from .rules import Position, schema_rule_id
from .schemas import SchemaComparison

__all__ = ["Recorder", "Scope"]


@dataclass(slots=True)
class _Entry:
    rule_id: str
    what: str
    where: str
    old: Node | None
    new: Node | None
    operations: dict[str, None] = field(default_factory=dict)


class Recorder:
    """The changes that were found so far."""

    def __init__(self) -> None:
        self._entries: dict[object, _Entry] = {}
        self.schemas = SchemaComparison()

    def add(self, rule_id: str, what: str, where: str, operation: str, old: Node | None, new: Node | None) -> None:
        """Add a change, or another operation to one that is there."""
        key = (rule_id, what, old and old.key, new and new.key)
        entry = self._entries.setdefault(key, _Entry(rule_id, what, where, old, new))
        if operation:
            entry.operations[operation] = None

    def changes(self) -> list[Change]:
        """All changes in the order in which they were found."""
        return [
            Change(
                each.rule_id,
                each.what,
                each.where,
                tuple(each.operations),
                _place(each.old),
                _place(each.new),
            )
            for each in self._entries.values()
        ]


def _place(node: Node | None) -> Place | None:
    return None if node is None else node.document.place(node)


@dataclass(frozen=True, slots=True)
class Scope:
    """
    The operation, and the part of it, that is being compared.

    Args:
        recorder: Where changes are added.
        operation: Such as ``GET /orders/{id}``; empty for the document.
        where: The part, such as ``response 200``.
    """

    recorder: Recorder
    operation: str = ""
    where: str = ""

    def inside(self, part: str) -> "Scope":
        """A part of this part."""
        return Scope(self.recorder, self.operation, f"{self.where} {part}".strip())

    def add(self, rule_id: str, what: str, old: Node | None, new: Node | None) -> None:
        """Add a change."""
        self.recorder.add(rule_id, what, self.where, self.operation, old, new)

    def add_schema(self, old: Node | None, new: Node | None, position: Position) -> None:
        """Add every difference of two schemas; one that is absent allows anything."""
        if old is None or new is None:
            beside = old or new
            if beside is None:
                return
            absent = Node(beside.document, beside.file, f"{beside.pointer} (absent)", {})
            old, new = old or absent, new or absent
        was: Schema = (old,)
        for part, each in self.recorder.schemas.differences(was, (new,), position):
            where = f"{self.where} {part}" if part != "$" else self.where
            rule_id = schema_rule_id(position, each.last)
            self.recorder.add(rule_id, each.what, where, self.operation, each.old, each.new)
