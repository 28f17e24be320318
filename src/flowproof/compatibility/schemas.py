"""Walks two schemas side by side, each pair of parts once."""

from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

from .effective import Schema, key_of
from .keywords import Difference
from .rules import SCHEMA_RULES, Position
from .structure import Level, compare_level

__all__ = ["SchemaComparison"]

Key: TypeAlias = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...], Position]

NOTED = {each.id for each in SCHEMA_RULES if each.effect == "noted"} | {"default.changed"}


class SchemaComparison:
    """Compares schemas of two documents; what was compared once is not compared again."""

    def __init__(self) -> None:
        self._levels: dict[Key, Level] = {}
        self._equal: dict[Key, bool] = {}

    def differences(self, old: Schema, new: Schema, position: Position) -> Iterator[tuple[str, Difference]]:
        """
        Every difference between two schemas, and the part of the value that it concerns.

        Args:
            old: The old schema.
            new: The new schema.
            position: Whether the value is sent in a request or in a response.

        Yields:
            The part, such as ``$.items[*].status``, and the difference.
        """
        waiting = deque([("$", old, new)])
        seen: set[Key] = set()
        while waiting:
            part, was, now = waiting.popleft()
            key = (key_of(was), key_of(now), position)
            if key in seen:
                continue
            seen.add(key)
            level = self._level(key, was, now)
            yield from ((part, each) for each in level.differences)
            waiting.extend((f"{part}{step}", before, after) for step, before, after in level.children)

    def _level(self, key: Key, old: Schema, new: Schema) -> Level:
        if key not in self._levels:
            position = key[2]
            self._levels[key] = compare_level(old, new, position, lambda was, now: self._same(was, now, position))
        return self._levels[key]

    def _same(self, old: Schema, new: Schema, position: Position) -> bool:
        """Whether two schemas allow the same; a pair that is met again inside itself counts as the same."""
        key = (key_of(old), key_of(new), position)
        if key not in self._equal:
            self._equal[key] = True
            self._equal[key] = all(each.last in NOTED for _, each in self.differences(old, new, position))
        return self._equal[key]
