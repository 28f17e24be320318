"""The ordered exchanges of a workspace, bounded, with every secret taken out before anything is kept."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import orjson

from flowproof.conformance import Finding

from .scrubbing import REDACTED, scrubbed
from .store import ExchangeRow, Store

__all__ = ["REDACTED", "Journal", "exchange_id", "shown_body"]

LONGEST_BODY = 64 * 1024

Scrub = Callable[[str, str], str]


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
        body = orjson.dumps(scrubbed(entry, secrets))
        refused = int(
            entry["requirement"] is not None or bool(entry["findings"]) or entry["response"]["status"] >= HTTPStatus.BAD_REQUEST
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


def shown_body(body: bytes) -> dict[str, Any]:
    """A body as the journal keeps it: text where it is UTF-8, else base64; cut after 64 KiB, with its true size."""
    kept = body[:LONGEST_BODY]
    shown: dict[str, Any] = {"size": len(body)}
    try:
        shown["text"] = kept.decode() if len(kept) == len(body) else kept.decode(errors="ignore")
    except UnicodeDecodeError:
        shown["base64"] = base64.b64encode(kept).decode()
    return shown if len(kept) == len(body) else {**shown, "truncated": True}


def shown_headers(headers: Sequence[tuple[str, str]], scrub: Scrub) -> list[list[str]]:
    """Headers as the journal keeps them."""
    return [[name, scrub(name.lower(), value)] for name, value in headers]


def shown_findings(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as the journal keeps them."""
    return [asdict(finding) for finding in findings]
