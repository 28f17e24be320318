"""The exchanges of a workspace as server-sent events, for a page that is open. Whoever holds the socket reads it."""

from collections.abc import Sequence
from typing import Any

import orjson

from flowproof.kernel.mock import Mock
from flowproof.kernel.state.rows import WorkspaceRow

__all__ = ["EventStream"]


class EventStream:
    """
    What has happened in a workspace, from one read to the next.

    ``exchanges`` has summaries of exchanges; ``behind`` says how many are still to come and how many were missed;
    ``changed`` that clock or fault plans are others than before, or that something else is due next, since a task has
    run or is new; ``restarted`` that exchanges are numbered anew.

    Args:
        mock: The mocks.
        workspace: Id of the workspace.
        after: Exchanges up to this number are known already.
    """

    def __init__(self, mock: Mock, workspace: str, after: int) -> None:
        self._mock = mock
        self._workspace = workspace
        self._reader = mock.journal.reader(workspace, after=after)
        self._count = after
        self._behind = (0, 0)
        self._seen: tuple[WorkspaceRow, int | None] | None = None

    def read(self) -> bytes | None:
        """
        What is new since the last read, as text of the event stream; empty where there is nothing.

        Returns:
            None where the workspace is gone.

        Raises:
            StoreError: The state cannot be read.
        """
        store = self._mock.store
        with store.transaction():
            row = store.workspaces.get(self._workspace)
            if row is None:
                return None
            count = store.exchanges.count(self._workspace)
            before, self._seen = self._seen, (row, store.next_due_us(self._workspace))
            is_changed = before is not None and before != self._seen
            events = [
                self._restarted(count),
                self._exchanges(count, looks_back=before != self._seen),
                self._fallen_behind(),
                _event("changed", {}) if is_changed else b"",
            ]
        return b"".join(events)

    def _restarted(self, count: int) -> bytes:
        before, self._count = self._count, count
        if count >= before:
            return b""
        self._reader = self._mock.journal.reader(self._workspace, after=0)
        return _event("restarted", {})

    def _exchanges(self, count: int, *, looks_back: bool) -> bytes:
        found = self._reader.read(count, looks_back=looks_back)
        return _event("exchanges", found, identifier=self._reader.position) if found else b""

    def _fallen_behind(self) -> bytes:
        before, self._behind = self._behind, (self._reader.waiting, self._reader.missed)
        waiting, missed = self._behind
        return b"" if before == self._behind else _event("behind", {"waiting": waiting, "missed": missed})


def _event(kind: str, data: dict[str, Any] | Sequence[Any], *, identifier: int | None = None) -> bytes:
    head = f"event: {kind}\n" if identifier is None else f"event: {kind}\nid: {identifier}\n"
    return head.encode() + b"data: " + orjson.dumps(data) + b"\n\n"
