"""Requests as a case's file has them, and sequences of them in which a later one uses what an earlier one was told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

__all__ = ["Described", "Kind", "Sequence", "Step"]

Described = Mapping[str, Any]
"""`method`, `path`, `query`, `headers`, and `body`, `form` or `text`, as `fixtures/case.schema.json` says."""

Kind = Literal["documented", "valid", "near", "invalid"]


@dataclass(frozen=True, slots=True)
class Step:
    """
    One request of a sequence.

    Args:
        operation: Its `operationId`.
        kind: Where it comes from: an example, drawn as valid, an example or a valid one with a change, drawn as
            invalid. Whether it is valid, the contract says.
        request: What to send; a name in braces stands for what an earlier step saves.
        save: JSON pointers into the answer, by the names under which later steps use their values.
        clock: When the request's dates are meant, ISO 8601; empty where they need not be moved.
        waits_s: Seconds that have to pass before.
    """

    operation: str
    kind: Kind
    request: Described
    save: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    clock: str = ""
    waits_s: float = 0


@dataclass(frozen=True, slots=True)
class Sequence:
    """
    Requests in their order.

    Args:
        steps: At least one.
        subject: Index of the step that the sequence was drawn for.
    """

    steps: tuple[Step, ...]
    subject: int

    @property
    def complexity(self) -> tuple[int, int]:
        """How much a reader has to read: steps, and the length of their requests."""
        return len(self.steps), sum(len(json.dumps(each.request, default=str)) for each in self.steps)
