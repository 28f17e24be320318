"""
Reads a journal from the control API or a file, which may be an HTTP Archive that Flowproof wrote.

An operation with `x-validation: deferred` answers before it validates the body. Such a body is validated here, and what
is wrong with it becomes a finding of the exchange.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from flowproof.conformance import Contract, Finding, Match, check_request_body
from flowproof.errors import ConfigurationError

from .journal import Journal, JournalExchange, RecordedMessage

__all__ = ["read_document", "read_journal"]

Entry = Mapping[str, Any]

WORKSPACE_PREFIX = re.compile(r"^/w/[^/]+")
FIX = "Write one with flowproof journal --har FILE, or take what /_flowproof/workspaces/{id}/journal answers."


def read_document(text: str, contract: Contract) -> Journal:
    """
    Read the journal in a file: the control API's response, its list of exchanges alone, or Flowproof's HTTP Archive.

    Raises:
        ConfigurationError: It is none of these.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ConfigurationError("The journal's file is no JSON.", FIX) from error
    return read_journal(_entries(document, contract.slug), contract)


def read_journal(entries: Iterable[Entry], contract: Contract) -> Journal:
    """
    Read the exchanges of a contract's provider from a workspace's entries.

    Raises:
        ConfigurationError: An entry is not what a journal's entries are.
    """
    try:
        known = sorted(entries, key=lambda each: int(each["number"]))
        missing = int(known[0]["number"]) - 1 if known else 0
        return Journal(tuple(_exchange(each, contract) for each in known if each["provider"] == contract.slug), missing)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigurationError(f"An exchange of the journal cannot be read: {why}.", FIX) from error


def _exchange(entry: Entry, contract: Contract) -> JournalExchange:
    sent, request = entry["request"], _message(entry["request"])
    found = contract.operations.find(sent["method"], sent["path"]) if entry["direction"] == "in" else None
    is_deferred = found is not None and found.operation.deferred and 0 < int(entry["response"]["status"]) < 400
    query = dict(parse_qsl(sent["query"], keep_blank_values=True))
    return JournalExchange(
        id=entry["id"],
        number=int(entry["number"]),
        at=datetime.fromisoformat(entry["started_at"]),
        operation=entry["operation"] or "",
        method=sent["method"],
        path=sent["path"],
        query=sent["query"],
        parameters={**query, **(found.path_parameters if found else {})},
        request=request,
        status=int(entry["response"]["status"]),
        response=_message(entry["response"]),
        requirement=None if is_deferred else entry["requirement"],
        findings=_deferred_findings(request, found, contract) if is_deferred else _findings(entry),
        faults=tuple(entry["faults"]),
        explanation=entry["explanation"] or "",
        direction=entry["direction"],
        clock=entry.get("clock"),
    )


def _findings(entry: Entry) -> tuple[Finding, ...]:
    return tuple(Finding(**each) for each in entry["findings"])


def _deferred_findings(request: RecordedMessage, found: Match | None, contract: Contract) -> tuple[Finding, ...]:
    """
    The findings of the schema in a body that was accepted before it was validated.

    What the provider found later, which the journal adds to the entry, counts only as far: a client cannot know the
    account's configuration before it is told.
    """
    if found is None or request.json is None:
        return ()
    return check_request_body(contract, found.operation, found.operation.json_body or "", request.json)


def _message(part: Entry) -> RecordedMessage:
    headers = tuple((str(name), str(value)) for name, value in part["headers"])
    body = part["body"]
    content = base64.b64decode(body["base64"]) if "base64" in body else str(body.get("text", "")).encode()
    return RecordedMessage(headers, content, is_whole=not body.get("truncated", False))


def _entries(document: Any, slug: str) -> Iterable[Entry]:
    if isinstance(document, dict) and "log" in document:
        return (_from_archive(each, slug) for each in _listed(document["log"], "entries"))
    return _listed({"exchanges": document} if isinstance(document, list) else document, "exchanges")


def _listed(document: Any, name: str) -> Sequence[Entry]:
    listed = document.get(name) if isinstance(document, dict) else None
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise ConfigurationError("The file holds no journal.", FIX)
    return cast("Sequence[Entry]", listed)


def _from_archive(entry: Entry, slug: str) -> Entry:
    """An archive's entry as the journal had it; `_flowproof` holds the fields that HAR does not have."""
    own = entry.get("_flowproof")
    if not isinstance(own, dict):
        raise ConfigurationError("The archive was not written by Flowproof, and says of no exchange why.", FIX)
    request, response = entry["request"], entry["response"]
    parts = urlsplit(request["url"])
    path = parts.path
    if own["direction"] == "in":
        path = WORKSPACE_PREFIX.sub("", path).removeprefix(f"/{slug}") or "/"
    sent, answered = request.get("postData", {}), response["content"]
    return {
        **own,
        "number": int(own["id"].rpartition("-")[2]),
        "started_at": entry["startedDateTime"],
        "request": {
            "method": request["method"],
            "path": path,
            "query": parts.query,
            "headers": _pairs(request["headers"]),
            "body": _body(sent.get("text", ""), sent.get("_encoding"), request["bodySize"]),
        },
        "response": {
            "status": response["status"],
            "headers": _pairs(response["headers"]),
            "body": _body(answered.get("text", ""), answered.get("encoding"), response["bodySize"]),
        },
    }


def _pairs(headers: Iterable[Entry]) -> list[tuple[str, str]]:
    return [(each["name"], each["value"]) for each in headers]


def _body(text: str, encoding: str | None, size: int) -> Entry:
    kept = len(base64.b64decode(text)) if encoding == "base64" else len(text.encode())
    # A redacted body has another length than the sent one; a journal cuts bodies after 64 KiB.
    return {"base64" if encoding == "base64" else "text": text, "truncated": kept < size and size > 64 * 1024}
