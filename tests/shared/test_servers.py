"""What several servers on one database show of each other's work."""

import json
import signal
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

import pytest
import requests

from flowproof.inbox import Inbox
from flowproof.target import ControlClient
from tests.shared.sandbox import TIMEOUT_S, Clients, sandbox

pytestmark = pytest.mark.usefixtures("quick_start")


def test_refusal_is_explained_by_another_server(tmp_path: Path, database: str) -> None:
    """Why a signature was wrong can be asked of a server that has not seen the request."""
    with sandbox(tmp_path, [database] * 2) as target:
        keys = target.servers[0].oneflow["credentials"]["default"]
        signed = {"x-oneflow-authorization": f"{keys['key']}:{'0' * 64}", "x-oneflow-date": "2026-01-01T12:00:00.000Z"}
        refused = requests.get(f"{target.urls[0]}/oneflow/api/order", headers=signed, timeout=TIMEOUT_S)
        deadline, explanation = monotonic() + TIMEOUT_S, None
        with closing(ControlClient(target.urls[1])) as control:
            while not explanation and monotonic() < deadline:
                (entry,) = control.workspace("default").journal.entries()
                explanation = entry.get("explanation")
                sleep(0.02)

    assert refused.status_code == 401
    assert explanation


def test_open_page_shows_what_another_server_has_answered(tmp_path: Path, database: str) -> None:
    """A page that is open at one server is sent an exchange of another one, and its stream ends with its server."""
    with Inbox() as inbox, sandbox(tmp_path, [database] * 2) as target:
        clients = Clients(target, inbox, workspaces=1)
        path = f"/_flowproof/workspaces/{clients.workspaces[0]}/events"
        with requests.get(f"{target.urls[0]}{path}", stream=True, timeout=TIMEOUT_S) as events:
            lines = events.iter_lines()
            first = next(lines)
            requests.get(f"{target.urls[1]}/w/{clients.workspaces[0]}/oneflow/api/order", timeout=TIMEOUT_S)
            shown = next(line for line in lines if line.startswith(b"data: "))
            target.servers[0].process.send_signal(signal.SIGTERM)
            rest = [line for line in lines if line.startswith(b"event: ")]

        (exchange,) = json.loads(shown.removeprefix(b"data: "))
        assert first.startswith(b"retry: ")
        assert (exchange["number"], exchange["provider"]) == (1, "oneflow")
        assert rest == []
        assert "Traceback" not in target.output()


def test_what_is_due_outlives_its_server(tmp_path: Path, database: str) -> None:
    """An order whose server is killed before it was processed is processed by another server, without being asked."""
    with Inbox() as inbox, sandbox(tmp_path, [database]) as target:
        clients = Clients(target, inbox, workspaces=1)
        clients.run(5, {})
        target.replace(0)
        for workspace, order in clients.acknowledged.orders.values():
            clients.wait_for_order(target.urls[0], workspace, order)

    assert len(clients.acknowledged.orders) >= 4
