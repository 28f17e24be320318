"""
Reads a journal: as the control API gives it, or from a file, also an HTTP Archive that Flowproof wrote.

The body of an operation that answers before it looks (`x-validation: deferred`) is held against its schema here: what
is wrong with it is a finding of its exchange, although the answer did not tell.
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

from .observed import Journal, Message, Observed

__all__ = ["read_document", "read_journal"]

Entry = Mapping[str, Any]

WORKSPACE_PREFIX = re.compile(r"^/w/[^/]+")
MEND = "Write one with flowproof journal --har FILE, or take what /_flowproof/workspaces/{id}/journal answers."


def read_document(text: str, contract: Contract) -> Journal:
    """
    The journal in a file: the control API's answer, its list of exchanges alone, or an HTTP Archive of Flowproof's.

    Raises:
        ConfigurationError: It is none of these.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ConfigurationError("The journal's file is no JSON.", MEND) from error
    return read_journal(_entries(document, contract.slug), contract)


def read_journal(entries: Iterable[Entry], contract: Contract) -> Journal:
    """
    The exchanges of a contract's provider among a workspace's entries.

    Raises:
        ConfigurationError: An entry is not what a journal's entries are.
    """
    try:
        known = sorted(entries, key=lambda each: int(each["number"]))
        missing = int(known[0]["number"]) - 1 if known else 0
        return Journal(tuple(_observed(each, contract) for each in known if each["provider"] == contract.slug), missing)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigurationError(f"An exchange of the journal cannot be read: {why}.", MEND) from error


def _observed(entry: Entry, contract: Contract) -> Observed:
    asked, request = entry["request"], _message(entry["request"])
    found = contract.operations.find(asked["method"], asked["path"]) if entry["direction"] == "in" else None
    query = dict(parse_qsl(asked["query"], keep_blank_values=True))
    return Observed(
        id=entry["id"],
        number=int(entry["number"]),
        at=datetime.fromisoformat(entry["started_at"]),
        operation=entry["operation"] or "",
        method=asked["method"],
        path=asked["path"],
        query=asked["query"],
        parameters={**query, **(found.path_parameters if found else {})},
        request=request,
        status=int(entry["response"]["status"]),
        response=_message(entry["response"]),
        requirement=entry["requirement"],
        findings=(*(Finding(**each) for each in entry["findings"]), *_untold(entry, request, found, contract)),
        faults=tuple(entry["faults"]),
        explanation=entry["explanation"] or "",
        direction=entry["direction"],
        clock=entry.get("clock"),
    )


def _untold(entry: Entry, request: Message, found: Match | None, contract: Contract) -> tuple[Finding, ...]:
    """What the schema finds in a body that was answered before anybody looked at it."""
    is_open = found is not None and found.operation.deferred and 0 < int(entry["response"]["status"]) < 400
    if found is None or not is_open or request.json is None:
        return ()
    return check_request_body(contract, found.operation, found.operation.json_body or "", request.json)


def _message(part: Entry) -> Message:
    headers = tuple((str(name), str(value)) for name, value in part["headers"])
    body = part["body"]
    content = base64.b64decode(body["base64"]) if "base64" in body else str(body.get("text", "")).encode()
    return Message(headers, content, is_whole=not body.get("truncated", False))


def _entries(document: Any, slug: str) -> Iterable[Entry]:
    if isinstance(document, dict) and "log" in document:
        return (_from_archive(each, slug) for each in _listed(document["log"], "entries"))
    return _listed({"exchanges": document} if isinstance(document, list) else document, "exchanges")


def _listed(document: Any, name: str) -> Sequence[Entry]:
    listed = document.get(name) if isinstance(document, dict) else None
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise ConfigurationError("The file holds no journal.", MEND)
    return cast("Sequence[Entry]", listed)


def _from_archive(entry: Entry, slug: str) -> Entry:
    """An archive's entry as the journal had it; what HAR has no name for stands under `_flowproof`."""
    own = entry.get("_flowproof")
    if not isinstance(own, dict):
        raise ConfigurationError("The archive was not written by Flowproof, and says of no exchange why.", MEND)
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
    # What a secret stood in is shorter or longer than it was; a journal cuts off after 64 KiB.
    return {"base64" if encoding == "base64" else "text": text, "truncated": kept < size and size > 64 * 1024}
