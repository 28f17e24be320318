"""The ordered exchanges of a workspace, bounded, redacted before anybody sees them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import orjson

from flowproof.errors import StoreUnavailable
from flowproof.kernel.state.damage import loaded
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import ExchangeDraft, ExchangeRow
from flowproof.kernel.time.clock import Mode
from flowproof.redaction.journal_entries import redact_entry_json, redact_text

from .entries import JournalEntry, compact
from .reader import JournalReader

__all__ = ["ExchangeMeta", "Journal", "exchange_id"]

MOST_WAITING = 1000


def exchange_id(workspace: str, number: int) -> str:
    """Such as ``default-17``."""
    return f"{workspace}-{number}"


class ExchangeMeta(NamedTuple):
    """
    Which exchange, and when.

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

    def write(self, meta: ExchangeMeta, entry: JournalEntry, secrets: frozenset[str], *, at_once: bool = False) -> None:
        """
        Keep an exchange. It is redacted and rendered when somebody reads it.

        Args:
            meta: Which exchange.
            entry: What happened.
            secrets: As they are now; some may be revoked when somebody reads.
            at_once: Render it now, so that nothing else of it is kept.
        """
        render = partial(_render, meta, entry, secrets)
        brief = None if at_once else partial(_brief, meta, entry, secrets)
        if at_once:
            render = partial(bytes, render())
        draft = ExchangeDraft(meta.workspace, meta.number, entry.is_refused, render, brief)
        self._store.exchanges.add(draft, keep=self.keep)

    def explain_later(self, identifier: str, explanation: Callable[[], str]) -> None:
        """Have an exchange explained when somebody reads it: a diagnosis takes longer than the request may."""
        self._explanations[identifier] = explanation
        while len(self._explanations) > MOST_WAITING:
            self._explanations.popitem(last=False)

    @property
    def has_unexplained(self) -> bool:
        return bool(self._explanations)

    def explain_waiting(self) -> None:
        """Explain now what waits for a reader: where several servers share the journal, another one may be asked."""
        while waiting := tuple(self._explanations.items()):
            for identifier, explanation in waiting:
                try:
                    self._explain(identifier, explanation())
                except StoreUnavailable:  # it can be tried again
                    raise
                except Exception:
                    self._explanations.pop(identifier, None)
                    raise
                self._explanations.pop(identifier, None)

    def _explain(self, identifier: str, text: str) -> None:
        """Write an explanation that was drawn up before, unless a reader has done so meanwhile."""
        workspace, _, number = identifier.rpartition("-")
        with self._store.transaction():
            self._store.claim(workspace)  # nobody else changes the exchange until it is written
            row = self._store.exchanges.find(workspace, int(number))
            if row is not None and identifier in self._explanations:
                self._replace(row, {**_entry(row), "explanation": text})

    def note(self, workspace: str, number: int, text: str) -> None:
        """Add a text to the explanation of an exchange that is still kept, such as what failed afterwards."""
        row = self._store.exchanges.find(workspace, number)
        if row is not None:
            entry = self._explained(row)
            entry["explanation"] = " ".join(each for each in (entry["explanation"], text) if each)
            self._replace(row, entry)

    def entries(
        self, workspace: str, *, after: int = 0, limit: int | None = None, refused_only: bool = False
    ) -> list[dict[str, Any]]:
        """The last exchanges after a number, oldest first."""
        rows = self._store.exchanges.last(workspace, after=after, limit=limit or self.keep, refused_only=refused_only)
        return [self._explained(row) for row in rows]

    def reader(self, workspace: str, *, after: int) -> JournalReader:
        """Somebody who reads a workspace's exchanges as they come, from a number on."""
        return JournalReader(self._store, workspace, after=after, keep=self.keep)

    def find(self, identifier: str) -> dict[str, Any] | None:
        """The exchange of an id such as ``default-17``."""
        workspace, _, number = identifier.rpartition("-")
        row = self._store.exchanges.find(workspace, int(number)) if number.isdecimal() and len(number) < 16 else None
        if row is None:
            self._explanations.pop(identifier, None)
            return None
        return self._explained(row)

    def _explained(self, row: ExchangeRow) -> dict[str, Any]:
        entry = _entry(row)
        explanation = self._explanations.pop(entry["id"], None)
        if explanation is not None:
            entry["explanation"] = explanation()
            self._replace(row, entry)
        return entry

    def _replace(self, row: ExchangeRow, entry: Mapping[str, Any]) -> None:
        self._store.exchanges.replace(row._replace(body=compact(orjson.dumps(entry))))

    def clear(self, workspace: str) -> None:
        """Empty a workspace's journal."""
        self._store.exchanges.clear(workspace)


def _entry(row: ExchangeRow) -> dict[str, Any]:
    entry: dict[str, Any] = loaded(row.body, f"exchange {exchange_id(row.workspace, row.number)}")
    return entry


def _render(meta: ExchangeMeta, entry: JournalEntry, secrets: frozenset[str]) -> bytes:
    """An exchange as redacted JSON."""
    return compact(redact_entry_json({**_identity(meta), **entry.to_json()}, secrets))


def _brief(meta: ExchangeMeta, entry: JournalEntry, secrets: frozenset[str]) -> dict[str, Any]:
    """What a list shows of an exchange, redacted."""
    brief = entry.brief()
    request = {name: redact_text(text, secrets) for name, text in brief["request"].items()}
    return {**_identity(meta), **brief, "request": request}


def _identity(meta: ExchangeMeta) -> dict[str, Any]:
    return {
        "id": exchange_id(meta.workspace, meta.number),
        "workspace": meta.workspace,
        "number": meta.number,
        "started_at": meta.at.isoformat(timespec="milliseconds"),
        "clock": meta.clock,
        "duration_ms": round(meta.duration_ms, 3),
    }
