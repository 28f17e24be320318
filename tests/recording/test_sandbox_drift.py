"""`drift --recording` on a sandbox, as which a mock of ours poses: within what its profile permits."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flowproof.cases import read_cases
from flowproof.cli import main
from flowproof.conformance import Finding
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.hooks import MockHooks
from flowproof.kernel.http.response import WireResponse
from flowproof.kernel.serving import Server
from flowproof.providers import find_providers
from flowproof.target import ControlClient, Workspace

from .archives import archive, entry, json_content, posted
from .conversations import make_mock

CARD = {"app_token": "1-f2b086b3", "sku": "123kdfgf", "recipient_email": "a@corp.test", "from": "John", "message": "Hi"}
CARDS = "createFlowCard = 2"
BASE = "https://x.test/api/v1"


@dataclass
class Sandbox:
    """
    What poses as a sandbox.

    Args:
        workspace: Its account.
        hooks: Let it lie.
        profile: The file that leads to it.
    """

    workspace: Workspace
    hooks: MockHooks
    profile: Path

    def permit(self, slug: str, operations: str) -> None:
        """Write its profile."""
        text = f'name = "Acme"\n[{slug}]\nurl = "{self.workspace.url(slug)}"\n'
        keys = 'credentials.default = { key = "$KEY", secret = "$SECRET" }\n'
        self.profile.write_text(f"{text}{keys}permits = {{ operations = {{ {operations} }} }}\n", encoding="utf-8")

    def operations(self) -> list[str | None]:
        """What has reached it."""
        return [each["operation"] for each in self.workspace.journal.entries()]


@contextmanager
def posing(slug: str, folder: Path, monkeypatch: pytest.MonkeyPatch, operations: str = "") -> Iterator[Sandbox]:
    """A mock that poses as a sandbox."""
    gateway = build_gateway(find_providers([slug]), ServerSettings(entropy=3))
    with Server(gateway) as server, ControlClient(server.url).make_workspace() as workspace:
        keys = workspace.credentials(slug)
        monkeypatch.setenv("KEY", keys.key)
        monkeypatch.setenv("SECRET", str(keys.values.get("secret", "none")))
        sandbox = Sandbox(workspace, gateway.mock.hooks, folder / "sandbox.toml")
        sandbox.permit(slug, operations)
        yield sandbox


def drift(sandbox: Sandbox, slug: str, recording: Path, *options: str) -> Result:
    """The command on the sandbox."""
    arguments = [slug, "--recording", str(recording), "--target", str(sandbox.profile), *options]
    return CliRunner().invoke(main, ["drift", *arguments])


def cards(folder: Path, number: int = 2) -> Path:
    """A recording of a balance, and of so many cards that were bought."""
    read = entry("GET", f"{BASE}/application-balance/1-f2b086b3", 200, answered=json_content({"balance": 15}))
    refused = json_content({"success": False, "errors": {"sku": ["The sku is required."]}})
    body = posted({**CARD, "sku": ""})
    bought = [
        entry("POST", f"{BASE}/flow-card/add", 422, posted=body, answered=refused, second=at) for at in range(number)
    ]
    file = folder / "cards.har"
    file.write_text(json.dumps(archive(read, *bought)), encoding="utf-8")
    return file


def test_recording_is_sent_to_a_sandbox_that_permits_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the profile permits is sent, signed with its credentials, and nothing differs."""
    with posing("dots_eco", tmp_path, monkeypatch, CARDS) as sandbox:
        result = drift(sandbox, "dots_eco", cards(tmp_path), "--keep", "app_token")
        operations = sandbox.operations()

    assert result.exit_code == 0, result.output
    assert operations == ["getApplicationBalance", "createFlowCard", "createFlowCard"]


@pytest.mark.parametrize(
    ("operations", "why"), [("", "createFlowCard"), ("createFlowCard = 1", "createFlowCard as often")]
)
def test_what_the_profile_does_not_permit_never_leaves(
    operations: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording with a call too many is left out as a whole, with the reason; the sandbox gets nothing."""
    with posing("dots_eco", tmp_path, monkeypatch, operations) as sandbox:
        result = drift(sandbox, "dots_eco", cards(tmp_path), "--keep", "app_token")
        reached = sandbox.operations()

    assert (result.exit_code, reached) == (2, [])
    assert f"Acme does not permit {why}" in result.output


def says_nothing_is_left(
    _slug: str, operation: str | None, answer: WireResponse, _findings: Sequence[Finding]
) -> WireResponse:
    """An answer filter: a balance of nothing."""
    return replace(answer, body=b'{"balance":0}') if operation == "getApplicationBalance" else answer


def test_sandbox_that_answers_otherwise_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the sandbox has changed, the difference is named by operation and field, with exit code 1."""
    with posing("dots_eco", tmp_path, monkeypatch, CARDS) as sandbox:
        sandbox.hooks.answer_filter = says_nothing_is_left
        result = drift(sandbox, "dots_eco", cards(tmp_path), "--keep", "app_token", "--json")
        (found,) = [each for each in json.loads(result.output)["outcomes"] if each["differences"]]

    assert (result.exit_code, found["operation"], found["status"]) == (1, "getApplicationBalance", 200)
    assert found["differences"] == [{"kind": "value", "where": "/balance", "first": "15", "second": "0"}]


def test_order_of_a_recording_is_new_on_a_sandbox_and_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorded order is submitted under an id of its own, so that it can be sent twice, and is then cancelled."""
    (case,) = (each for each in read_cases("oneflow") if each.id == "full_order")
    with make_mock("oneflow") as mock:
        recorded = mock.convert(mock.record(case)).case
    steps = [each for each in recorded["steps"] if each["request"]["method"] == "POST"]
    file = tmp_path / "order.json"
    file.write_text(json.dumps({**recorded, "steps": [{**each, "advance_s": 0} for each in steps]}), encoding="utf-8")
    with posing("oneflow", tmp_path, monkeypatch, "submitOrder = 1, cancelOrder = 2") as sandbox:
        results = [drift(sandbox, "oneflow", file) for _ in range(2)]
        operations = sandbox.operations()

    assert [each.exit_code for each in results] == [0, 0], results[0].output
    changing = [each for each in operations if each != "getOrder"]  # (which sees whether it is cancelled)
    assert changing == ["validateOrder", "submitOrder", "cancelOrder"] * 2


def test_sandbox_that_is_not_there_is_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody answers, nothing could be compared: exit code 2, and the reason with its steps."""
    with posing("dots_eco", tmp_path, monkeypatch, CARDS) as sandbox:
        text = sandbox.profile.read_text(encoding="utf-8")
        sandbox.profile.write_text(
            text.replace(sandbox.workspace.url("dots_eco"), "http://127.0.0.1:9"), encoding="utf-8"
        )
        result = drift(sandbox, "dots_eco", cards(tmp_path), "--keep", "app_token")

    assert result.exit_code == 2
    assert "cards 1, cards 2, cards 3: Acme could not be asked: ConnectionError" in result.output
