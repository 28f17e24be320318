"""A session against a base URL keeps the credentials of the environment out of its events."""

from pathlib import Path

from tests.fork_server import ForkServer
from tests.plugin.stranger import stranger

SECRETS = {"FLOWPROOF_ONEFLOW_TOKEN": "live-token-of-acme-77", "FLOWPROOF_ONEFLOW_SECRET": "live-secret-of-acme-78"}


def test_credentials_of_a_base_url_reach_no_event(fork_server: ForkServer, tmp_path: Path) -> None:
    """What the target answers is shown without the credentials, though no profile has named them."""
    (tmp_path / "test_it.py").write_text("def test_it(oneflow): oneflow.orders()\n")
    body = {"success": True, "note": f"hello {SECRETS['FLOWPROOF_ONEFLOW_TOKEN']}", "echo": list(SECRETS.values())}
    with stranger(200, body) as url:
        options = ("-q", f"--flowproof-base-url=oneflow={url}", "--flowproof-events=events.jsonl")
        fork_server.pytest(*options, cwd=tmp_path, env=SECRETS)
    events = (tmp_path / "events.jsonl").read_text(encoding="utf-8")

    assert "exchanged" in events
    assert "[redacted:ONEFLOW_KEY]" in events
    assert [each for each in SECRETS.values() if each in events] == []
