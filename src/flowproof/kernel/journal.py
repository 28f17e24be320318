"""The ordered exchanges of a workspace, bounded, with every secret taken out before anything is kept."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import orjson

from .redaction import REDACTED, scrubbed_json
from .store import ExchangeRow, Store

__all__ = ["REDACTED", "Journal", "exchange_id"]


MOST_WAITING = 1000
MOST = 2**62  # keeps every exchange, where one is only written anew


def exchange_id(workspace: str, number: int) -> str:
    """Such as ``default-17``."""
    return f"{workspace}-{number}"


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

    def write(self, workspace: str, entry: Mapping[str, Any], secrets: frozenset[str]) -> None:
        """Keep an exchange, with every occurrence of the secrets replaced."""
        body = scrubbed_json(entry, secrets)
        refused = int(
            entry["requirement"] is not None
            or bool(entry["findings"])
            or (entry["response"]["status"] >= HTTPStatus.BAD_REQUEST and entry.get("direction") != "out")
        )
        self._store.add_exchange(
            ExchangeRow(workspace, entry["number"], entry["provider"], refused, body), keep=self.keep
        )

    def explain_later(self, identifier: str, explanation: Callable[[], str]) -> None:
        """Have an exchange explained when somebody reads it: a diagnosis takes longer than the request may."""
        self._explanations[identifier] = explanation
        while len(self._explanations) > MOST_WAITING:
            self._explanations.popitem(last=False)

    def entries(
        self, workspace: str, *, after: int = 0, limit: int | None = None, refused_only: bool = False
    ) -> list[dict[str, Any]]:
        """The last exchanges after a number, in the order in which they came."""
        rows = self._store.exchanges(workspace, after=after, limit=limit or self.keep, refused_only=refused_only)
        return [self._explained(row) for row in rows]

    def find(self, identifier: str) -> dict[str, Any] | None:
        """The exchange of an id such as ``default-17``."""
        workspace, _, number = identifier.rpartition("-")
        row = self._store.exchange(workspace, int(number)) if number.isdecimal() and len(number) < 16 else None
        return self._explained(row) if row else None

    def _explained(self, row: ExchangeRow) -> dict[str, Any]:
        entry: dict[str, Any] = orjson.loads(row.body)
        explanation = self._explanations.pop(entry["id"], None)
        if explanation is not None:
            entry["explanation"] = explanation()
            self._store.add_exchange(row._replace(body=orjson.dumps(entry)), keep=MOST)
        return entry

    def clear(self, workspace: str) -> None:
        """Empty a workspace's journal."""
        self._store.clear_exchanges(workspace)
