"""
What was read before, by workspace, each with the revision of the workspace that it was read at.

A transaction learns the present revision when it claims a workspace. So what another server has changed is never taken
for the present, whether its notice has come or not; a notice only frees what nobody will use again.
"""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Cache", "CachedWorkspace"]

MAX_WORKSPACES = 20_000


@dataclass(slots=True)
class CachedWorkspace:
    """
    What is cached of a workspace. Only the transaction that has claimed the workspace uses it.

    Args:
        revision: At which everything here was read.
        values: By key.
        keys: The credentials, as provider and key, that are known to be the workspace's.
    """

    revision: int
    values: dict[tuple[str, ...], Any] = field(default_factory=dict)
    keys: set[tuple[str, str]] = field(default_factory=set)


class Cache:
    """What one process has cached. Each method is one step that no other thread sees the middle of."""

    def __init__(self) -> None:
        self._workspaces: dict[str, CachedWorkspace] = {}
        self._owners: dict[tuple[str, str], str] = {}
        self.constants: dict[tuple[str, ...], Any] = {}  # values that depend on no workspace

    def at(self, workspace: str, revision: int) -> CachedWorkspace:
        """What is cached of a workspace at that revision; what was cached at another one is dropped."""
        found = self._workspaces.get(workspace)
        if found is not None and found.revision == revision:
            return found
        made = CachedWorkspace(revision)
        self.put(workspace, made)
        return made

    def put(self, workspace: str, cached: CachedWorkspace | None) -> None:
        """Replace what is cached of a workspace."""
        self.drop(workspace)
        if len(self._workspaces) >= MAX_WORKSPACES:
            self.clear()
        if cached is not None:
            self._workspaces[workspace] = cached

    def last(self, workspace: str, key: tuple[str, ...]) -> Any:
        """The value that was cached last of a workspace, whether it still holds or not."""
        found = self._workspaces.get(workspace)
        return None if found is None else found.values.get(key)

    def has(self, workspace: str) -> bool:
        return workspace in self._workspaces

    def drop(self, workspace: str) -> None:
        found = self._workspaces.pop(workspace, None)
        for each in found.keys.copy() if found else ():
            self._owners.pop(each, None)

    def clear(self) -> None:
        self._workspaces.clear()
        self._owners.clear()

    def owner(self, provider: str, key: str) -> str | None:
        """The workspace that had this credential when it was last claimed."""
        return self._owners.get((provider, key))

    def set_owner(self, cached: CachedWorkspace, provider: str, key: str, workspace: str) -> None:
        """Remember whose a credential is, as long as what is cached of its workspace holds."""
        cached.keys.add((provider, key))
        self._owners[provider, key] = workspace
