"""
A pytest plugin that records every workspace of a run as it happened: whole bodies, credentials, and control calls.

It is loaded with `-p tests.recording.suite_recorder`; the folder stands in RECORDED_INTO. Each workspace becomes a HAR
file there when it is deleted. Nothing is redacted: the secrets are those of mocks that are gone when the run ends.
"""

import base64
import json
import os
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from flowproof import __version__
from flowproof.har import har
from flowproof.kernel.journal.entries import InboundExchange
from flowproof.kernel.journal.journal import ExchangeMeta, Journal
from flowproof.target import Workspace

Entry = dict[str, Any]


class KeepsJournals:
    """Stands in the place of two methods of workspaces and one of the journal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: dict[str, list[Entry]] = defaultdict(list)
        self._control = Workspace.control
        self._delete = Workspace.delete
        self._write = Journal.write

    def write(self, journal: Journal, meta: ExchangeMeta, entry: Any, *given: Any, **named: Any) -> None:
        """Keep an exchange of a client."""
        if isinstance(entry, InboundExchange):
            self._entries[meta.workspace].append(whole(meta, entry))
        self._write(journal, meta, entry, *given, **named)

    def control(self, workspace: Workspace, method: str, path: str, json: Any = None, **query: Any) -> Any:
        """Keep a call of the control API that may be needed to set up a mock as this one was."""
        is_kept = bool(path) and (method != "GET" or path == "snapshot")
        at = self._control(workspace, "GET", "clock")["now"] if is_kept else ""
        answer = self._control(workspace, method, path, json, **query)
        if is_kept:
            self._entries[workspace.id].append(called(workspace, method, path, json, answer, at))
        return answer

    def delete(self, workspace: Workspace) -> None:
        """Write the archive."""
        entries = self._entries.pop(workspace.id, [])
        if any(each["direction"] == "in" for each in entries):
            archive = har(entries, creator_version=__version__)
            archive["log"]["comment"] = os.environ.get("PYTEST_CURRENT_TEST", "")
            archive["log"]["_flowproof"] = {"accounts": accounts(workspace)}
            file = self._folder / f"{os.getpid()}-{workspace.id}.har"
            file.write_text(json.dumps(archive), encoding="utf-8")
        self._delete(workspace)


def accounts(workspace: Workspace) -> dict[str, Any]:
    """The credentials of a workspace by provider, role and part."""
    return {
        slug: {role: {"key": each.key, **each.values} for role, each in site.keys.items()}
        for slug, site in workspace.sites.items()
    }


def whole(meta: ExchangeMeta, entry: InboundExchange) -> Entry:
    """An exchange as it went over the wire."""
    shown, wire, answer = entry.to_json(), entry.wire, entry.answer
    url = f"{wire.client_scheme}://{wire.header('host') or 'localhost'}{wire.path}"
    shown["request"] |= {
        "url": f"{url}?{wire.query}" if wire.query else url,
        "query": wire.query,
        "headers": [list(each) for each in wire.headers],
        "body": body_of(wire.body),
    }
    shown["response"] |= {"headers": [list(each) for each in answer.headers], "body": body_of(answer.body)}
    return {"started_at": moment(meta.at), "duration_ms": 0.0, "clock": meta.clock, "number": meta.number, **shown}


def called(workspace: Workspace, method: str, path: str, value: Any, answer: Any, at: str) -> Entry:
    """A call of the control API, at a moment of the workspace's clock."""
    url = f"{workspace.server.url}/_flowproof/workspaces/{workspace.id}/{path}"
    sent, got = (b"" if each is None else json.dumps(each).encode() for each in (value, answer))
    return {
        "started_at": at,
        "duration_ms": 0.0,
        "direction": "control",
        "request": {"method": method, "url": url, "query": "", "headers": [], "body": body_of(sent)},
        "response": {"status": 200, "headers": [], "body": body_of(got)},
    }


def body_of(data: bytes) -> dict[str, Any]:
    """A body as an entry of the journal has it."""
    try:
        return {"size": len(data), "text": data.decode()}
    except UnicodeDecodeError:
        return {"size": len(data), "base64": base64.b64encode(data).decode()}


def moment(at: datetime) -> str:
    """ISO 8601."""
    return at.isoformat(timespec="milliseconds")


def pytest_configure(config: pytest.Config) -> None:
    """Replace the methods for this process."""
    keeps = KeepsJournals(Path(os.environ["RECORDED_INTO"]))
    # (functions: bound methods would not get the object)
    Workspace.control = lambda self, *given, **named: keeps.control(self, *given, **named)  # type: ignore[method-assign]  # noqa: PLW0108
    Workspace.delete = lambda self: keeps.delete(self)  # type: ignore[method-assign]  # noqa: PLW0108
    Journal.write = lambda self, *given, **named: keeps.write(self, *given, **named)  # type: ignore[method-assign]  # noqa: PLW0108
