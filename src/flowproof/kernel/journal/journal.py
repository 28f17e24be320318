"""The ordered exchanges of a workspace, bounded, with every secret taken out before anybody sees them."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import orjson

from flowproof.kernel.redaction import REDACTED, scrubbed_json
from flowproof.kernel.state.exchanges import Draft, ExchangeRow
from flowproof.kernel.state.store import Store
from flowproof.kernel.time.clock import Mode

from .entries import Entry, compact

__all__ = ["REDACTED", "Journal", "Kept", "exchange_id"]


MOST_WAITING = 1000


def exchange_id(workspace: str, number: int) -> str:
    """Such as ``default-17``."""
    return f"{workspace}-{number}"


class Kept(NamedTuple):
    """
    What the journal says of an exchange itself.

    Args:
        workspace: Id of the workspace.
        number: Among its exchanges.
        at: When, on the workspace's clock.
        duration_ms: How long it took.
        clock: Mode of that clock at the time: without it two equal times say nothing of a client's pauses.
    """

    workspace: str
    number: int
    at: datetime
    duration_ms: float
    clock: Mode = "real"


class Journal:
    """
    The exchanges of all workspaces.

    Args:
        store: Where they are kept.
        keep: How many are kept of each workspace.
    """

    def __init__(self, store: Store, *, keep: int = 500) -> None:
        self._store = store
        self.keep = keep
        self._explanations: OrderedDict[str, Callable[[], str]] = OrderedDict()

    def write(self, kept: Kept, entry: Entry, secrets: frozenset[str], *, at_once: bool = False) -> None:
        """
        Keep an exchange, of which every reader sees each occurrence of the secrets replaced.

        Args:
            kept: Which exchange.
            entry: What happened; with ``at_once`` nothing of that is kept but what the journal shows.
            secrets: As they are now; some may be revoked when somebody reads.
        """
        written = partial(_written, kept, entry, secrets)
        if at_once:
            written = partial(bytes, written())
        draft = Draft(kept.workspace, kept.number, entry.is_refused, written)
        self._store.exchanges.add(draft, keep=self.keep)

    def explain_later(self, identifier: str, explanation: Callable[[], str]) -> None:
        """Have an exchange explained when somebody reads it: a diagnosis takes longer than the request may."""
        self._explanations[identifier] = explanation
        while len(self._explanations) > MOST_WAITING:
            self._explanations.popitem(last=False)

    def entries(
        self, workspace: str, *, after: int = 0, limit: int | None = None, refused_only: bool = False
    ) -> list[dict[str, Any]]:
        """The last exchanges after a number, in the order in which they came."""
        rows = self._store.exchanges.last(workspace, after=after, limit=limit or self.keep, refused_only=refused_only)
        return [self._explained(row) for row in rows]

    def find(self, identifier: str) -> dict[str, Any] | None:
        """The exchange of an id such as ``default-17``."""
        workspace, _, number = identifier.rpartition("-")
        row = self._store.exchanges.find(workspace, int(number)) if number.isdecimal() and len(number) < 16 else None
        return self._explained(row) if row else None

    def _explained(self, row: ExchangeRow) -> dict[str, Any]:
        entry: dict[str, Any] = orjson.loads(row.body)
        explanation = self._explanations.pop(entry["id"], None)
        if explanation is not None:
            entry["explanation"] = explanation()
            self._store.exchanges.replace(row._replace(body=compact(orjson.dumps(entry))))
        return entry

    def clear(self, workspace: str) -> None:
        """Empty a workspace's journal."""
        self._store.exchanges.clear(workspace)


def _written(kept: Kept, entry: Entry, secrets: frozenset[str]) -> bytes:
    """An exchange as JSON, without the secrets."""
    identity = {
        "id": exchange_id(kept.workspace, kept.number),
        "workspace": kept.workspace,
        "number": kept.number,
        "started_at": kept.at.isoformat(timespec="milliseconds"),
        "clock": kept.clock,
        "duration_ms": round(kept.duration_ms, 3),
    }
    return compact(scrubbed_json({**identity, **entry.told()}, secrets))
