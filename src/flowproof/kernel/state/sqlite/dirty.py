"""Which workspaces have to be looked after: see ``Store.take_dirty``."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["DirtyWorkspaces"]

NONE: Mapping[str, int] = MappingProxyType({})


class DirtyWorkspaces:
    def __init__(self) -> None:
        self._due_us: dict[str, int] = {}

    def mark(self, workspace: str, due_us: int = 0) -> None:
        """Something of a workspace may be due at that moment; 0 is now."""
        self._due_us[workspace] = min(due_us, self._due_us.get(workspace, due_us))

    def take(self) -> Mapping[str, int]:
        """The earliest moment of each marked workspace; the marks are gone then."""
        if not self._due_us:
            return NONE
        taken, self._due_us = self._due_us, {}
        return taken
