"""The ordered exchanges of a workspace, bounded, with every secret taken out before anything is kept."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import orjson

from .redaction import REDACTED, scrubbed_json
from .store import ExchangeRow, Store

__all__ = ["REDACTED", "Journal", "exchange_id"]


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

    def write(self, workspace: str, entry: Mapping[str, Any], secrets: Iterable[str]) -> None:
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

    def entries(
        self, workspace: str, *, after: int = 0, limit: int | None = None, refused_only: bool = False
    ) -> list[dict[str, Any]]:
        """The last exchanges after a number, in the order in which they came."""
        rows = self._store.exchanges(workspace, after=after, limit=limit or self.keep, refused_only=refused_only)
        return [orjson.loads(row.body) for row in rows]

    def find(self, identifier: str) -> dict[str, Any] | None:
        """The exchange of an id such as ``default-17``."""
        workspace, _, number = identifier.rpartition("-")
        row = self._store.exchange(workspace, int(number)) if number.isdecimal() and len(number) < 16 else None
        return orjson.loads(row.body) if row else None

    def clear(self, workspace: str) -> None:
        """Empty a workspace's journal."""
        self._store.clear_exchanges(workspace)
