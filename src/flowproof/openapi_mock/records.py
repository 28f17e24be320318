"""The records of a collection in a workspace, and the numbers that their keys are drawn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from flowproof.conformance.operations import TEMPLATED
from flowproof.kernel.provider_context import State
from flowproof.openapi.resources import Collection

__all__ = ["Records"]

COUNTER = "openapi-counter"


@dataclass(frozen=True, slots=True)
class Records:
    """
    One collection below one parent: the pets of user 7.

    Args:
        state: Of the workspace.
        kind: The collection's path with its parameters filled in.
    """

    state: State
    kind: str

    @classmethod
    def of(cls, state: State, collection: Collection, parameters: Mapping[str, str]) -> "Records":
        return cls(state, TEMPLATED.sub(lambda found: parameters.get(found[1], ""), collection.path))

    def get(self, key: str) -> Any:
        return self.state.get(self.kind, key)

    def has(self, key: str) -> bool:
        return self.state.has(self.kind, key)

    def put(self, key: str, record: Any) -> None:
        self.state.put(self.kind, key, record)

    def delete(self, key: str) -> bool:
        return self.state.delete(self.kind, key)

    def count(self) -> int:
        return self.state.count(self.kind)

    def page(self, offset: int, limit: int) -> Sequence[Any]:
        """Records in the order in which they were created."""
        from_the_end = max(self.count() - offset - limit, 0)
        wanted = min(limit, max(self.count() - offset, 0))
        return list(reversed(self.state.newest(self.kind, limit=wanted, offset=from_the_end))) if wanted else []

    def next_number(self) -> int:
        """A number that no record of this collection had before."""
        store = self.state.store.records
        return store.increment(self.state.workspace, self.state.provider, COUNTER, self.kind)

    def rng(self, key: str) -> Random:
        """Random numbers that are the same for each look at a record."""
        return Random(f"{self.kind}/{key}")
