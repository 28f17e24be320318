"""A workspace as a value."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

import orjson

from flowproof.errors import ConfigurationError, StoreError
from flowproof.kernel.faults.plan import FaultPlan
from flowproof.kernel.faults.reading import plans_from_json
from flowproof.kernel.state.rows import WorkspaceRow
from flowproof.kernel.time.clock import Clock

__all__ = ["DEFAULT", "Workspace"]

DEFAULT = "default"  # id of the workspace that every server has


@dataclass(frozen=True, slots=True)
class Workspace:
    """
    What tells one workspace from another; its records and credentials are in the store.

    Args:
        id: Lower-case letters, digits, hyphens and underscores.
        seed: What its ids and random numbers are drawn from, together with its id.
        clock: Its only source of time.
        faults: What goes wrong on purpose.
        created_at: ISO 8601, by the operating system's time.
    """

    id: str
    seed: str
    clock: Clock = field(default_factory=Clock)
    faults: tuple[FaultPlan, ...] = ()
    created_at: str = ""

    @property
    def rng_root(self) -> str:
        """What everything is drawn from. With its id in it, no two workspaces of one seed issue the same token."""
        return f"{self.seed}/{self.id}"

    @classmethod
    def from_row(cls, row: WorkspaceRow) -> "Workspace":
        """
        Read what :meth:`to_row` wrote.

        Raises:
            StoreError: The row is damaged.
        """
        try:
            faults = () if row.faults == b"[]" else plans_from_json(orjson.loads(row.faults))
            clock = Clock.from_json(orjson.loads(row.clock))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, ConfigurationError) as error:
            raise StoreError(
                f"the row of workspace {row.id} is damaged: restore a copy of the state, or delete it"
            ) from error
        return cls(row.id, row.seed, clock, faults, row.created_at)

    def to_row(self) -> WorkspaceRow:
        """The workspace as the store keeps it."""
        clock, faults = orjson.dumps(self.clock.to_json()), orjson.dumps([plan.to_json() for plan in self.faults])
        return WorkspaceRow(self.id, self.seed, clock, faults, self.created_at)

    def count_call(
        self, provider: str, operation: str | None
    ) -> tuple["Workspace", Sequence[tuple[FaultPlan, Random]]]:
        """The workspace after its fault plans have counted a call, and the plans that hit it, each with its ``rng``."""
        counted = tuple(
            replace(plan, calls=plan.calls + 1) if plan.matches(provider, operation) else plan for plan in self.faults
        )
        drawn = [(plan, plan.rng(self.seed)) for plan in counted if plan.matches(provider, operation)]
        return replace(self, faults=counted), [(plan, rng) for plan, rng in drawn if plan.fires(rng)]
