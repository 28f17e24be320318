"""What several servers on one database show of each other's work."""

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


def test_what_is_due_outlives_its_server(tmp_path: Path, database: str) -> None:
    """An order whose server is killed before it was processed is processed by another server, without being asked."""
    with Inbox() as inbox, sandbox(tmp_path, [database]) as target:
        clients = Clients(target, inbox, workspaces=1)
        clients.run(5, {})
        target.replace(0)
        for workspace, order in clients.acknowledged.orders.values():
            clients.wait_for_order(target.urls[0], workspace, order)

    assert len(clients.acknowledged.orders) >= 4
