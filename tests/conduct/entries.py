"""Handmade journal entries of the provider of notes, as the control API gives them."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from flowproof.conduct import ConductReport, Journal, Obligations, judge, read_journal
from flowproof.conformance import load_contract

__all__ = ["CONTRACT", "PAGE", "TEXT", "entry", "finding", "journal_of", "report_on"]

CONTRACT = load_contract("notes", files("tests.kernel.notes"))
TEXT, PAGE = "notes.text", "notes.page"
OPERATIONS = {"createNote": ("POST", "/notes"), "listNotes": ("GET", "/notes"), "getNote": ("GET", "/notes/7")}

Entry = dict[str, Any]


def entry(number: int, operation: str = "createNote", status: int = 201, **changes: Any) -> Entry:
    """
    One exchange.

    Args:
        number: Its place.
        operation: The `operationId`.
        status: Of the response.
        changes: `sent` and `answered` are bodies as text, `query` is the request's, `headers` are the response's,
    `second`
            is when it was answered, in seconds after noon; everything else replaces fields of the entry.
    """
    method, path = OPERATIONS[operation]
    second = changes.pop("second", number)
    request = {
        "method": method,
        "path": path,
        "query": changes.pop("query", ""),
        "headers": [["Content-Type", "application/json"]],
        "body": {"text": changes.pop("sent", ""), "size": 0},
    }
    headers = changes.pop("headers", [])
    response = {"status": status, "headers": headers, "body": {"text": changes.pop("answered", ""), "size": 0}}
    return {
        "id": f"w-{number}",
        "number": number,
        "started_at": f"2024-09-13T12:{second // 60:02d}:{second % 60:02d}.000+00:00",
        "direction": "in",
        "provider": "notes",
        "operation": operation,
        "request": request,
        "response": response,
        "requirement": None,
        "findings": [],
        "explanation": "",
        "faults": [],
        **changes,
    }


def finding(requirement: str) -> Mapping[str, Any]:
    """A finding in a request's body that cites the requirement."""
    return {
        "where": "request.body",
        "pointer": "/text",
        "expected": "a text",
        "got": "nothing",
        "requirement": requirement,
        "keyword": "required",
    }


def journal_of(*entries: Entry) -> Journal:
    """The journal of these entries."""
    return read_journal(entries, CONTRACT)


def report_on(*entries: Entry, obligations: Obligations | None = None) -> ConductReport:
    """The report on the client that made these entries."""
    return judge(journal_of(*entries), CONTRACT, obligations or Obligations())
