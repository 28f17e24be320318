"""``flowproof proxy`` as a user runs it, before a mock of ours that poses as the sandbox."""

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from flowproof.cli import main
from flowproof.providers import find_kit
from flowproof.target import ControlClient, Site, Workspace
from tests.fork_server import ForkedProcess, ForkServer

TIMEOUT_S = 300.0
POLL_S = 0.05


@dataclass
class Running:
    """
    A proxy that runs.

    Args:
        process: Its process.
        output: What it writes.
        site: The provider through it, with the sandbox's credentials.
        control: URL of the server beside it.
    """

    process: ForkedProcess
    output: Path
    site: Site
    control: str

    def end(self) -> tuple[int, str]:
        """Ctrl-C: the exit code, and what it wrote after its announcement."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(TIMEOUT_S)
        return code, self.output.read_text(encoding="utf-8").partition("\nready ")[2]


@contextmanager
def proxy(
    fork_server: ForkServer, folder: Path, workspace: Workspace, slug: str, *options: str, permits: str = ""
) -> Iterator[Running]:
    """A proxy in front of a workspace."""
    credentials, profile = workspace.credentials(slug), folder / "sandbox.toml"
    profile.write_text(
        f'name = "Acme"\n[{slug}]\nurl = "{workspace.url(slug)}"\n'
        f'credentials.default = {{ key = "$KEY", secret = "$SECRET" }}\n{permits}\n',
        encoding="utf-8",
    )
    environment = {**os.environ, "KEY": credentials.key, "SECRET": str(credentials.values.get("secret", "none"))}
    ports = ("--port", "0", "--control-port", "0")
    command = [sys.executable, "-m", "flowproof", "proxy", slug, "--target", str(profile), *ports, *options]
    output = folder / "output.txt"
    with output.open("wb") as stdout, (folder / "log.txt").open("wb") as stderr:
        process = fork_server.start(command, cwd=folder, env=environment, stdout=stdout, stderr=stderr)
    try:
        text = announced(process, output)
        url, control = (re.findall(rf"{name} +(http\S+)", text)[0] for name in ("base URL", "control API"))
        yield Running(process, output, Site(slug, url, workspace.site(slug).keys), control.removesuffix("/_flowproof"))
    finally:
        process.kill()


def announced(process: ForkedProcess, output: Path) -> str:
    """What the proxy says before it is ready, waited for."""
    until_s = time.monotonic() + TIMEOUT_S
    while "\nready " not in (text := output.read_text(encoding="utf-8")):
        assert process.poll() is None, (output.parent / "log.txt").read_text(encoding="utf-8")
        assert time.monotonic() < until_s, text
        time.sleep(POLL_S)
    return text


def test_what_was_observed_is_summed_up(fork_server: ForkServer, tmp_path: Path, workspace: Workspace) -> None:
    """A client that behaves ends with exit code 0, and the control API beside the proxy has its exchanges."""
    with proxy(fork_server, tmp_path, workspace, "oneflow") as there:
        client = find_kit("oneflow").make_client(there.site)
        client.orders()  # type: ignore[attr-defined]  # (OneFlow's own client)
        client.close()
        beside = ControlClient(there.control).workspace("default")
        (entry,) = beside.journal.entries()
        code, summary = there.end()
    assert beside.url("oneflow") == there.site.url  # (which the page shows)
    assert entry["operation"] == "listOrders"
    assert "PASS, exchanges: 1, findings: 0, failed in the network: 0" in summary
    assert "the client: " in summary
    assert code == 0, summary


def test_client_that_fails_ends_with_1(fork_server: ForkServer, tmp_path: Path, workspace: Workspace) -> None:
    """A client that sends no token is told so by name, with exit code 1."""
    with proxy(fork_server, tmp_path, workspace, "dots_eco") as there:
        requests.get(f"{there.site.url}/api/v1/application-balance/x", timeout=TIMEOUT_S)
        code, summary = there.end()
    assert code == 1
    assert "dots_eco.auth.header" in summary


def test_profile_is_kept(fork_server: ForkServer, tmp_path: Path, workspace: Workspace) -> None:
    """What changes something and is not permitted never reaches the sandbox; the journal of it is empty."""
    permits = "permits = { operations = { cancelOrder = 1 } }"
    with proxy(fork_server, tmp_path, workspace, "oneflow", permits=permits) as there:
        answer = requests.post(f"{there.site.url}/api/order", json={}, timeout=TIMEOUT_S)
        there.end()
    assert answer.status_code == 403
    assert answer.headers["Flowproof-Proxy"] == "not permitted: the target Acme does not permit submitOrder"
    assert workspace.journal.entries() == []


def test_requests_are_signed_for_the_sandbox(fork_server: ForkServer, tmp_path: Path, workspace: Workspace) -> None:
    """With --sign, a client needs none of the sandbox's credentials."""
    with proxy(fork_server, tmp_path, workspace, "oneflow", "--sign") as there:
        answer = requests.get(f"{there.site.url}/api/order?page=1&pagesize=1", timeout=TIMEOUT_S)
        there.end()
    assert answer.status_code == 200


def test_network_that_fails_ends_with_2(fork_server: ForkServer, tmp_path: Path, workspace: Workspace) -> None:
    """A sandbox that is not there is an error of the network, and no failure of anybody."""
    with proxy(fork_server, tmp_path, gone(workspace), "otter") as there:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{there.site.url}/organization/v1/organization/brands", timeout=TIMEOUT_S)
        code, summary = there.end()
    assert code == 2
    assert "ERROR, exchanges: 1, findings: 0, failed in the network: 1" in summary
    assert "FAIL, " not in summary.replace("0 FAIL, ", "")


def gone(workspace: Workspace) -> Workspace:
    """The workspace at an address where nobody listens."""
    sites = {slug: Site(slug, "http://127.0.0.1:9/gone", site.keys) for slug, site in workspace.sites.items()}
    workspace.sites = sites
    return workspace


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody", "--target", "x.toml"], "There is no provider nobody"),
        (["oneflow", "--target", "x.toml"], "x.toml cannot be read"),
        (["oneflow"], "--target"),
    ],
)
def test_bad_use_is_a_sentence(arguments: list[str], message: str) -> None:
    """A provider that there is not, or a profile that cannot be read, ends with exit code 2 and one sentence."""
    result = CliRunner().invoke(main, ["proxy", *arguments])
    assert result.exit_code == 2
    assert message in result.output
