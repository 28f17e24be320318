"""Every implementation of the store that the kernel's tests run against. Another one is one more entry."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from flowproof.kernel.assembly import open_store
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import WorkspaceRow
from tests.postgres import shared_cluster

__all__ = ["MAKERS", "workspace_row"]

MAKERS: Mapping[str, Callable[[Path], Store]] = MappingProxyType(
    {
        "memory": lambda _folder: open_store(":memory:"),
        "file": lambda folder: open_store(str(folder / "state.db")),
        "postgresql": lambda _folder: open_store(shared_cluster().emptied()),
    }
)


def workspace_row(workspace: str, seed: str = "seed") -> WorkspaceRow:
    """A workspace with a real clock and no faults."""
    return WorkspaceRow(workspace, seed, b"{}", b"[]", "2024-09-13T12:00:00+00:00")
