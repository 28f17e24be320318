"""Adds to a journal's entry what becomes known of a request only after its answer."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flowproof.conformance import Finding
from flowproof.kernel.state.damage import loaded
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import ExchangeRow
from flowproof.redaction.journal_entries import redact_entry_json

from .entries import compact

__all__ = ["annotate"]


def annotate(
    store: Store, exchange: str, findings: Sequence[Finding], explanation: str, secrets: frozenset[str]
) -> bool:
    """
    Give an exchange the findings that its provider kept back; from then on it counts as refused.

    Args:
        store: Where the journal is.
        exchange: Id of the exchange.
        findings: What was wrong with the request.
        explanation: For people.
        secrets: Those that no journal shows.

    Returns:
        Whether that is news: not where the entry has it already, or is no longer kept.
    """
    workspace, _, number = exchange.rpartition("-")
    row = store.exchanges.find(workspace, int(number))
    if row is None:
        return False
    entry: dict[str, Any] = loaded(row.body, f"exchange {exchange}")
    known = {
        "requirement": next((each.requirement for each in findings if each.requirement), None),
        "findings": [asdict(each) for each in findings],
        "explanation": explanation,
    }
    body = compact(redact_entry_json({**entry, **known}, secrets))
    if body == row.body:
        return False
    store.exchanges.replace(ExchangeRow(row.workspace, row.number, True, body))
    return True
