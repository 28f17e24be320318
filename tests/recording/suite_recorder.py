"""
A pytest plugin that keeps the journal of every workspace of a run, before the workspace is deleted.

It is loaded with `-p tests.recording.suite_recorder`; the folder stands in RECORDED_INTO. Each file has the archive,
and what else has been done to the workspace through the control API, which no recording shows.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from flowproof.target import Workspace

SEEN = ("GET",)  # methods that change nothing
SHOWN = ("clock",)  # what a recording shows: when a request was sent


class KeepsJournals:
    """Stands in the place of two methods of workspaces."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._done: dict[str, list[str]] = {}
        self._control = Workspace.control
        self._delete = Workspace.delete

    def control(self, workspace: Workspace, method: str, path: str, json: Any = None, **query: Any) -> Any:
        """Note what a recording does not show."""
        if method not in SEEN and path and not path.startswith(SHOWN):
            self._done.setdefault(workspace.id, []).append(f"{method} {path}")
        return self._control(workspace, method, path, json, **query)

    def delete(self, workspace: Workspace) -> None:
        """Keep the journal."""
        kept = {
            "test": os.environ.get("PYTEST_CURRENT_TEST", ""),
            "done": self._done.pop(workspace.id, []),
            "archive": self._control(workspace, "GET", "journal.har"),
        }
        file = self._folder / f"{os.getpid()}-{workspace.id}.json"
        file.write_text(json.dumps(kept), encoding="utf-8")
        self._delete(workspace)


def pytest_configure(config: pytest.Config) -> None:
    """Replace the methods for this process."""
    keeps = KeepsJournals(Path(os.environ["RECORDED_INTO"]))
    # (functions: bound methods would not get the workspace)
    Workspace.control = lambda self, *given, **named: keeps.control(self, *given, **named)  # type: ignore[method-assign]  # noqa: PLW0108
    Workspace.delete = lambda self: keeps.delete(self)  # type: ignore[method-assign]  # noqa: PLW0108
