"""`flowproof record`: the journal of a running server as a case."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import requests
from click.testing import CliRunner

from flowproof.cli import main
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers
from flowproof.recording import read_document
from flowproof.replay import Replay, ReplayServer
from tests.proxy.sandboxes import observed


def test_journal_of_a_server_becomes_a_case_that_the_mock_answers_again(tmp_path: Path) -> None:
    """What a client has requested of a running mock is recorded, and finds no drift on another."""
    gateway = build_gateway(find_providers(["oneflow", "otter"]), ServerSettings(entropy=0))
    with Server(gateway) as server:
        requests.get(f"{server.url}/oneflow/api/order", timeout=30)
        requests.get(f"{server.url}/otter/organization/v1/organization", timeout=30)
        arguments = ["--server", server.url, "--output", str(tmp_path), "--id", "orders"]
        recorded = CliRunner().invoke(main, ["record", "oneflow", *arguments])
        none = CliRunner().invoke(main, ["record", "flow1st", *arguments])
    case = json.loads((tmp_path / "orders.json").read_text(encoding="utf-8"))
    drift = CliRunner().invoke(
        main, ["drift", "oneflow", "--recording", str(tmp_path / "orders.json"), "--target", "mock"]
    )

    assert (recorded.exit_code, none.exit_code, drift.exit_code) == (0, 2, 0), (
        recorded.output + none.output + drift.output
    )
    assert [each["request"] for each in case["steps"]] == [{"method": "GET", "path": "/api/order", "sign": False}]
    assert "left out: 1 request to other addresses" in recorded.output
    assert "is a recording of another provider" in none.output


def test_traffic_of_a_proxy_is_recorded_replayed_and_sent_again(tmp_path: Path) -> None:
    """What passed a proxy to a sandbox becomes a case that the mock answers alike, and is replayed to the byte."""
    body = {"app_token": "1-f2b086b3", "sku": "123kdfgf", "recipient_email": "ada@corp.test", "from": "Ada"}
    with observed("dots_eco") as there:
        headers, base = {"auth-token": there.site.credentials().key}, f"{there.site.url}/api/v1"
        balance = requests.get(f"{base}/application-balance/1-f2b086b3", headers=headers, timeout=30)
        bought = requests.post(f"{base}/flow-card/add", json=body, headers=headers, timeout=30)
        refused = requests.post(f"{base}/flow-card/add", json={**body, "sku": ""}, headers=headers, timeout=30)
        arguments = ["dots_eco", "--keep", "app_token"]
        written = ["--output", str(tmp_path), "--id", "observed", "--server", there.control.url]
        recorded = CliRunner().invoke(main, ["record", *arguments, *written])
        archive = there.control.workspace("default").control("GET", "journal.har")
    file = tmp_path / "observed.json"
    drift = CliRunner().invoke(main, ["drift", *arguments, "--recording", str(file), "--target", "mock"])
    with ReplayServer(Replay([read_document("observed.har", archive)])) as server:
        again = requests.get(f"{server.url}{urlsplit(balance.url).path}", timeout=30)

    assert [each.status_code for each in (balance, bought, refused)] == [200, 200, 422]
    assert (recorded.exit_code, drift.exit_code) == (0, 0), recorded.output + drift.output
    assert "1 case compared, 0 differ, 0 left out" in drift.output
    assert again.content == balance.content
    assert [each for each in ("ada@corp.test", headers["auth-token"]) if each in file.read_text(encoding="utf-8")] == []
