"""The exchanges of a workspace as server-sent events, for a page that is open. Whoever holds the socket reads it."""

from collections.abc import Sequence
from typing import Any

import orjson

from flowproof.kernel.mock import Mock
from flowproof.kernel.state.rows import WorkspaceRow

__all__ = ["EventStream"]

MOST_AT_ONCE = 100  # exchanges a turn, so that rendering those of a long journal holds up no request
MOST_AWAITED = 100  # a request that a fault plan holds up has its number, and is recorded behind later ones


class EventStream:
    """
    What has happened in a workspace, from one read to the next.

    ``exchanges`` has summaries of exchanges; ``changed`` says that clock or fault plans are others than before, or that
    something else is due next, since a task has run or is new; ``restarted`` that exchanges are numbered anew.

    Args:
        mock: The mocks.
        workspace: Id of the workspace.
        after: Exchanges up to this number are known already.
    """

    def __init__(self, mock: Mock, workspace: str, after: int) -> None:
        self._mock = mock
        self._workspace = workspace
        self._after = after
        self._awaited: tuple[int, ...] = ()
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
            events = [self._restarted(count), self._exchanges(count), self._changed(row)]
        return b"".join(events)

    def _restarted(self, count: int) -> bytes:
        if count >= self._after:
            return b""
        self._after, self._awaited = 0, ()
        return _event("restarted", {})

    def _exchanges(self, count: int) -> bytes:
        first = max(self._after, count - self._mock.journal.keep) + 1
        fresh = range(first, min(count, first + MOST_AT_ONCE - 1) + 1)
        numbers = (*self._awaited, *fresh)
        found = self._mock.journal.summaries(self._workspace, numbers)
        known = {each["number"] for each in found}
        self._after = max(self._after, fresh.stop - 1)
        self._awaited = tuple(each for each in numbers if each not in known and each > self._after - MOST_AWAITED)
        return _event("exchanges", found, identifier=self._after) if found else b""

    def _changed(self, row: WorkspaceRow) -> bytes:
        before, self._seen = self._seen, (row, self._mock.store.next_due_us(self._workspace))
        return b"" if before is None or before == self._seen else _event("changed", {})


def _event(kind: str, data: dict[str, Any] | Sequence[Any], *, identifier: int | None = None) -> bytes:
    head = f"event: {kind}\n" if identifier is None else f"event: {kind}\nid: {identifier}\n"
    return head.encode() + b"data: " + orjson.dumps(data) + b"\n\n"
