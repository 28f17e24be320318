"""Workspaces: isolated sets of state, clock and faults on one server; their registry, their snapshots."""

from .registry import DEFAULT, Workspaces, WorkspaceTaken
from .workspace import Workspace

__all__ = ["DEFAULT", "Workspace", "WorkspaceTaken", "Workspaces"]
