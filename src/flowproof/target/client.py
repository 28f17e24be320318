"""The control API of a Flowproof server, as whoever makes workspaces on it sees it."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

from .control import Requester
from .workspace import Workspace

__all__ = ["ControlClient"]


class ControlClient(Requester):
    """The control API of a Flowproof server."""

    def health(self) -> Mapping[str, Any]:
        """Whether the server answers, and which version it is."""
        return cast("Mapping[str, Any]", self.ask("GET", "/health"))

    def providers(self) -> Mapping[str, Any]:
        """The providers that are served, by slug."""
        return cast("Mapping[str, Any]", self.ask("GET", "/providers")["providers"])

    def make_workspace(self, **settings: Any) -> Workspace:
        """A new workspace: `id`, `seed` and `clock`, if given, are those of the control API."""
        return Workspace(self, self.ask("POST", "/workspaces", settings))

    def workspace(self, workspace_id: str) -> Workspace:
        """The workspace of that id, which must exist."""
        return Workspace(self, self.ask("GET", f"/workspaces/{quote(workspace_id, safe='')}"))
