"""``flowproof explain`` with a server, and the commands that steer one. One server serves all of these tests."""

import hmac
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from flowproof.cli import main
from tests.cli.servers import Served, serving

TIMEOUT_S = 60
DATE = "2024-09-13T12:00:00Z"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a token."""
    with serving(tmp_path_factory.mktemp("server"), FLOWPROOF_TOKEN="t0ken") as served:
        yield served


@pytest.fixture
def workspace(server: Served) -> Any:
    """A workspace of this test's own."""
    made = run(server, "workspace", "create")
    return json.loads(made.stdout)


def run(server: Served, *arguments: str, **variables: str) -> Result:
    """A command that talks to the server."""
    named = {"FLOWPROOF_SERVER": server.url, "FLOWPROOF_TOKEN": "t0ken", **variables}
    return CliRunner(env=named).invoke(main, list(arguments), catch_exceptions=False)


def sign(workspace: Any, method: str, path: str, digest: str = "sha1") -> str:
    """OneFlow's signature, by this test's own hand."""
    message = f"{method} {path} {DATE}".encode()
    return hmac.new(secret_of(workspace).encode(), message, digest).hexdigest()


def secret_of(workspace: Any) -> str:
    """The secret of OneFlow's default account."""
    return str(workspace["providers"]["oneflow"]["credentials"]["default"]["secret"])


def ask(workspace: Any, signature: str, path: str = "/api/order") -> requests.Response:
    """A request to OneFlow."""
    token = workspace["providers"]["oneflow"]["credentials"]["default"]["key"]
    headers = {"x-oneflow-authorization": f"{token}:{signature}", "x-oneflow-date": DATE}
    return requests.get(f"{workspace['providers']['oneflow']['base_url']}{path}", headers=headers, timeout=TIMEOUT_S)


def test_last_refused_exchange_is_explained(server: Served, workspace: Any) -> None:
    """Without an id the last refused exchange of a workspace is explained: request, status, requirement, finding."""
    ask(workspace, "")

    result = run(server, "explain", "--workspace", workspace["id"])

    assert result.exit_code == 0
    for text in (
        "GET ",
        "401",
        "listOrders",
        "oneflow.auth.header",
        "(documented)",
        "request.headers#/x-oneflow-auth",
    ):
        assert text in result.stdout


def test_exchange_is_explained_by_its_id(server: Served, workspace: Any) -> None:
    """The id in the response header Flowproof-Exchange leads to the explanation."""
    first = ask(workspace, "").headers["Flowproof-Exchange"]
    ask(workspace, "00", "/api/orders")

    result = run(server, "explain", first)

    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, first)


def test_unknown_path_is_explained_with_the_nearest_operation(server: Served, workspace: Any) -> None:
    """A path that no operation has is explained with the operation that is nearest to it."""
    ask(workspace, sign(workspace, "GET", "/api/ordr"), "/api/ordr")

    result = run(server, "explain", "--workspace", workspace["id"])

    assert "none; the nearest is listOrders: GET /api/order" in result.stdout


def test_wrong_signature_is_diagnosed_without_the_secret(server: Served, workspace: Any) -> None:
    """A wrong signature is explained by the mistake that reproduces it; the secret is nowhere in the output."""
    ask(workspace, sign(workspace, "get", "/api/order"))

    result = run(server, "explain", "--workspace", workspace["id"])

    assert "The signature does not verify." in result.stdout
    assert "This mistake reproduces exactly what the client sent." in result.stdout
    assert secret_of(workspace) not in result.output


def test_fault_that_fired_is_explained(server: Served, workspace: Any) -> None:
    """A fault plan that answered in the provider's place is named by the explanation."""
    chosen = ("--workspace", workspace["id"])
    run(server, "faults", "set", '{"fault": "status", "status": 503, "id": "outage"}', *chosen)
    ask(workspace, sign(workspace, "GET", "/api/order"))

    result = run(server, "explain", *chosen)

    assert "Faults that fired\n- outage status" in result.stdout


def test_workspace_without_refusals_says_so(server: Served, workspace: Any) -> None:
    """Where nothing was refused there is nothing to explain, and that is no failure."""
    ask(workspace, sign(workspace, "GET", "/api/order"))

    result = run(server, "explain", "--workspace", workspace["id"])

    assert (result.exit_code, result.stdout) == (0, f"Nothing was refused in workspace {workspace['id']}.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", "default-99999"], "The journal has no exchange default-99999"),
        (["explain", "--workspace", "nobody"], "There is no workspace nobody."),
        (["workspace", "show", "nobody"], "There is no workspace nobody."),
        (["workspace", "create", "No Name"], "cannot be the id of a workspace"),
        (["clock", "--set", "yesterday"], "'yesterday' is not a date or time."),
        (["clock", "--advance", "soon"], "'soon' is no time to move on by."),
        (["faults", "set", "nobody.nothing"], "No fault plan is named 'nobody.nothing'."),
        (["faults", "set", "{"], "is no JSON"),
    ],
)
def test_wrong_question_is_one_line_with_exit_code_2(server: Served, arguments: list[str], message: str) -> None:
    """What a server does not know or cannot do is told in one line, with exit code 2."""
    result = run(server, *arguments)

    assert (result.exit_code, result.stderr.count("\n"), message in result.stderr) == (2, 1, True)


def test_wrong_token_is_told_with_the_variable_to_set(server: Served) -> None:
    """A token that the server does not know is refused, with the variable to set; the token is not shown."""
    result = run(server, "workspace", "show", FLOWPROOF_TOKEN="wr0ng")

    assert (result.exit_code, "Set FLOWPROOF_TOKEN" in result.stderr, "wr0ng" in result.output) == (2, True, False)


def test_proxy_settings_do_not_divert_commands(server: Served) -> None:
    """Commands talk to the server itself, whatever proxy the environment names."""
    result = run(server, "workspace", "show", HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")

    assert result.exit_code == 0


def test_clock_is_frozen_and_advanced(server: Served, workspace: Any) -> None:
    """A workspace's clock can be frozen at a time and moved on by days and hours."""
    chosen = ("--workspace", workspace["id"])
    run(server, "clock", "--freeze", "--set", "2024-09-13", *chosen)

    result = run(server, "clock", "--advance", "1d12h", *chosen)

    assert result.stdout == "2024-09-14T12:00:00+00:00 (frozen)\n"


def test_named_faults_are_set_and_cleared(server: Served, workspace: Any) -> None:
    """A provider's named fault plans can be set by their name, and cleared."""
    chosen = ("--workspace", workspace["id"])
    plans = json.loads(run(server, "faults", "set", "oneflow.scaling_up", *chosen).stdout)
    run(server, "faults", "clear", *chosen)
    left = json.loads(run(server, "faults", "show", *chosen).stdout)

    assert ([each["fault"] for each in plans], left["faults"]) == (["status"], [])


def test_journal_lists_exchanges_and_writes_har(server: Served, workspace: Any, tmp_path: Path) -> None:
    """The journal is a table of the last exchanges, and can be written as HAR 1.2."""
    chosen = ("--workspace", workspace["id"])
    ask(workspace, sign(workspace, "GET", "/api/order"))
    listed = run(server, "journal", *chosen)
    run(server, "journal", "--har", str(tmp_path / "journal.har"), *chosen)

    har = json.loads((tmp_path / "journal.har").read_text())
    assert f"{workspace['id']}-1" in listed.stdout
    assert (har["log"]["version"], len(har["log"]["entries"])) == ("1.2", 1)


def test_workspace_is_reset_and_deleted(server: Served, workspace: Any) -> None:
    """A workspace can be made as new, and deleted."""
    ask(workspace, "00")
    reset = run(server, "workspace", "reset", workspace["id"])
    refused = run(server, "explain", "--workspace", workspace["id"])
    run(server, "workspace", "delete", workspace["id"])
    gone = run(server, "workspace", "show", workspace["id"])

    assert (reset.exit_code, "Nothing was refused" in refused.stdout, gone.exit_code) == (0, True, 2)


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers everything with a page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, format: str, *values: object) -> None:
        return


def test_stranger_on_the_port_is_no_server() -> None:
    """What answers without being a Flowproof server is recognized."""
    with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        threading.Thread(target=stranger.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{stranger.server_port}"
        result = CliRunner(env={"FLOWPROOF_SERVER": url}).invoke(main, ["workspace", "show"])

    assert (result.exit_code, "is no Flowproof server" in result.stderr) == (2, True)
