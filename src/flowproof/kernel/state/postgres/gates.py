"""
Lets the transactions of one process ask the database for a workspace one after the other.

PostgreSQL keeps the order of those that wait for a row, and each of them, once it is its turn, follows the row through
all the versions that were written meanwhile. So it is asked by few at a time: what isolates a workspace is the row's
lock alone, and a gate that does not open in time is passed by.
"""

from dataclasses import dataclass, field
from threading import Lock

__all__ = ["Gates"]

LONGEST_WAIT_S = 2.0  # two transactions that want each other's workspace wait no longer than that


@dataclass(slots=True)
class Gate:
    """
    Args:
        lock: Held by the one whose turn it is.
        users: How many hold it or wait for it.
    """

    lock: Lock = field(default_factory=Lock)
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
        is_open = gate.lock.acquire(timeout=LONGEST_WAIT_S)
        if not is_open:
            self._forget(workspace)
        return is_open

    def leave(self, workspace: str) -> None:
        """Open the gate for the next one."""
        self._gates[workspace].lock.release()
        self._forget(workspace)

    def _forget(self, workspace: str) -> None:
        with self._guard:
            gate = self._gates[workspace]
            gate.users -= 1
            if not gate.users:
                del self._gates[workspace]
