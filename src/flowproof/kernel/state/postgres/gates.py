"""
Lets few of a process's transactions ask the database for one workspace at a time.

PostgreSQL keeps the order of those that wait for a row, and each of them, once it is its turn, follows the row through
all the versions that were written meanwhile: the more wait, the longer takes each. What isolates a workspace is the
row's lock alone, and a gate that does not open in time is passed by. More than one are let through, so that the
database has the next one at hand when a transaction ends.
"""

from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock

__all__ = ["Gates"]

MOST_AT_ONCE = 4
LONGEST_WAIT_S = 2.0  # two transactions that want each other's workspace wait no longer than that


@dataclass(slots=True)
class Gate:
    """
    Args:
        turns: Taken by those that have entered it.
        users: How many have entered it or wait for it.
    """

    turns: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(MOST_AT_ONCE))
    users: int = 0


class Gates:
    """The gates of all workspaces that somebody wants."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self._guard = Lock()

    def enter(self, workspace: str) -> bool:
        """Wait for a workspace's gate; whether it is to be left again, since it has opened in time."""
        with self._guard:
            gate = self._gates.setdefault(workspace, Gate())
            gate.users += 1
        is_open = gate.turns.acquire(timeout=LONGEST_WAIT_S)
        if not is_open:
            self._forget(workspace)
        return is_open

    def leave(self, workspace: str) -> None:
        """Open the gate for the next one."""
        self._gates[workspace].turns.release()
        self._forget(workspace)

    def _forget(self, workspace: str) -> None:
        with self._guard:
            gate = self._gates[workspace]
            gate.users -= 1
            if not gate.users:
                del self._gates[workspace]
