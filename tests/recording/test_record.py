"""`flowproof record`: the journal of a running server as a case."""

import json
from pathlib import Path

import requests
from click.testing import CliRunner

from flowproof.cli import main
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers


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
