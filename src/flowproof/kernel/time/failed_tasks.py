"""Tasks that failed: each is kept with its error until somebody runs it again, since its request was accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import KERNEL, TaskRow

from .clock import microseconds

__all__ = ["FAILED_TASK", "FailedTasks"]

FAILED_TASK = "failed_task"
LONGEST_ERROR = 300  # characters
MOST_LISTED = 1000


@dataclass(frozen=True, slots=True)
class FailedTasks:
    """
    The failed tasks of one workspace.

    Args:
        store: Where they are kept.
        workspace: Id of the workspace.
    """

    store: Store
    workspace: str

    def keep(self, row: TaskRow, error: Exception, at: datetime) -> str:
        """Keep a task that failed at that moment of the workspace's clock; returns its id, such as ``task-3``."""
        number = self.store.records.increment(self.workspace, KERNEL, "count", "failed tasks")
        kept = {
            "id": f"task-{number}",
            "provider": row.provider,
            "name": row.name,
            "due_us": row.due_us,
            "failed_at": at.isoformat(),
            "error": f"{type(error).__name__}: {error}"[:LONGEST_ERROR],
            "value": _value(row.body),
            "rng_key": row.rng_key,
        }
        self.store.records.put(self.workspace, KERNEL, FAILED_TASK, kept["id"], kept)
        return str(kept["id"])

    def all(self) -> Sequence[Mapping[str, Any]]:
        """Those that were kept, the newest first."""
        return self.store.records.newest(self.workspace, KERNEL, FAILED_TASK, limit=MOST_LISTED, offset=0)

    def count(self) -> int:
        return self.store.records.count(self.workspace, KERNEL, FAILED_TASK)

    def schedule_again(self, task: str, now: datetime) -> bool:
        """Make a failed task due at once; False where there is none of that id."""
        kept = self.store.records.get(self.workspace, KERNEL, FAILED_TASK, task)
        if kept is None:
            return False
        self.store.records.delete(self.workspace, KERNEL, FAILED_TASK, task)
        due_us = min(kept["due_us"], microseconds(now))
        self.store.tasks.add(
            self.workspace, kept["provider"], due_us, kept["name"], kept["value"], rng_key=kept["rng_key"]
        )
        return True


def _value(body: bytes) -> Any:
    """The value of a task; None where it is damaged, which is then the error."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
