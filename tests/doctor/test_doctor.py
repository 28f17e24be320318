"""The doctor: each profile here is wrong in one way, and it names that way and no other."""

import json
import os
import socket
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from flowproof.cli import main
from flowproof.target import Workspace
from tests.doctor.servers import answering, certificate

TOKEN, SECRET = "0123456789abcdef", "a secret that nobody may see"
KEYS = {"DOCTOR_TOKEN": TOKEN, "DOCTOR_SECRET": SECRET}
FITS = 'credentials.default = { key = "$DOCTOR_TOKEN", secret = "$DOCTOR_SECRET" }'


def profile(url: str, *more: str, provider: str = "oneflow", tail: str = "") -> str:
    """The text of a profile with one place."""
    return "\n".join(['name = "a sandbox"', f"[{provider}]", f'url = "{url}"', *(more or (FITS,)), tail])


def run(tmp_path: Path, text: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Result:
    """Run `flowproof doctor` over a profile."""
    file = tmp_path / "sandbox.toml"
    file.write_text(text, encoding="utf-8")
    runner = CliRunner(env=dict(environment or KEYS))
    result = runner.invoke(main, ["doctor", "--target", str(file), *arguments])
    assert SECRET not in result.output
    return result


def states(result: Result, provider: str = "oneflow") -> Mapping[str, str]:
    """What was found, by the name of the check, from its JSON."""
    found: Any = json.loads(result.output)
    return {each["name"]: each["state"] for each in found["providers"][provider]}


def wrong(result: Result, provider: str = "oneflow") -> set[str]:
    """The names of what is wrong."""
    return {name for name, state in states(result, provider).items() if state == "wrong"}


def exported(workspace: Workspace, provider: str) -> tuple[Mapping[str, str], list[str]]:
    """A workspace's credentials as an environment, and the lines of a profile that read it."""
    environment: dict[str, str] = {}
    lines = []
    for role, keys in workspace.site(provider).keys.items():
        parts = {"key": keys.key, **keys.values}
        named = {f"DOCTOR_{role}_{name}".upper(): (name, str(value)) for name, value in parts.items() if value}
        environment |= {variable: value for variable, (_, value) in named.items()}
        told = ", ".join(f'{name} = "${variable}"' for variable, (name, _) in named.items())
        lines.append(f"credentials.{role} = {{ {told} }}")
    return environment, lines


@pytest.mark.parametrize("provider", ["dots_eco", "flow1st", "integrations", "oneflow", "otter"])
def test_healthy_profile_can_run(tmp_path: Path, workspace: Workspace, provider: str) -> None:
    """Where everything is right, nothing is wrong, and the exit code is 0."""
    environment, lines = exported(workspace, provider)

    result = run(
        tmp_path, profile(workspace.url(provider), *lines, provider=provider), "--json", environment=environment
    )

    assert (wrong(result, provider), result.exit_code) == (set(), 0)
    assert states(result, provider)["credentials default"] == "ok"


@pytest.mark.parametrize("provider", ["dots_eco", "flow1st", "integrations", "oneflow", "otter"])
def test_wrong_credentials_are_told(tmp_path: Path, workspace: Workspace, provider: str) -> None:
    """A key that the provider does not know is what is wrong, and nothing else."""
    environment, lines = exported(workspace, provider)
    changed = {
        name: value if name.endswith("_URI") else value[:-4] + ("0000" if value[-4:] != "0000" else "1111")
        for name, value in environment.items()
        if name.startswith("DOCTOR_DEFAULT")
    }
    kept = [line for line in lines if line.startswith("credentials.default")]

    result = run(tmp_path, profile(workspace.url(provider), *kept, provider=provider), "--json", environment=changed)

    expected = {"credentials default", "redirect URI default"} if provider == "otter" else {"credentials default"}
    assert (wrong(result, provider), result.exit_code) == (expected, 2)


def test_unknown_host_is_told(tmp_path: Path) -> None:
    """A host that no name server knows is wrong, and what follows from it is not checked."""
    result = run(tmp_path, profile("https://sandbox.nowhere.invalid/api"), "--json")

    assert (wrong(result), result.exit_code) == ({"DNS"}, 2)
    assert states(result)["credentials default" if "credentials default" in states(result) else "credentials"] == (
        "not checked"
    )


def test_closed_port_is_told(tmp_path: Path) -> None:
    """A port where nothing listens is wrong."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        result = run(tmp_path, profile(f"http://127.0.0.1:{taken.getsockname()[1]}"), "--json")

    assert wrong(result) == {"connection"}


@pytest.mark.parametrize(
    ("valid_for", "name", "said"),
    [
        (timedelta(days=90), "127.0.0.1", "self-signed certificate"),
        (timedelta(days=-1), "127.0.0.1", "certificate has expired"),
        (timedelta(days=90), "sandbox.example", "IP address mismatch"),
    ],
)
def test_bad_certificate_is_told(tmp_path: Path, valid_for: timedelta, name: str, said: str) -> None:
    """A certificate that nobody vouches for, that has expired, or that is another host's is wrong, and which it is."""
    file = certificate(tmp_path / "server.pem", valid_for=valid_for, name=name)
    trusted = {} if said == "self-signed certificate" else {"REQUESTS_CA_BUNDLE": str(file)}
    with answering(certificate=file) as url:
        result = run(tmp_path, profile(url), environment=KEYS | trusted)

    assert f"TLS: the certificate is not accepted: {said}" in result.output
    assert result.exit_code == 2


def test_certificate_that_ends_soon_is_warned_of(tmp_path: Path) -> None:
    """A certificate that ends within a fortnight is worth a warning."""
    file = certificate(tmp_path / "server.pem", valid_for=timedelta(days=3))
    with answering(certificate=file) as url:
        result = run(tmp_path, profile(url), "--json", environment=KEYS | {"REQUESTS_CA_BUNDLE": str(file)})

    assert states(result)["TLS"] == "warning"


def test_plain_port_behind_https_is_told(tmp_path: Path) -> None:
    """An https address where no TLS is spoken is wrong."""
    with answering() as url:
        result = run(tmp_path, profile(url.replace("http:", "https:")), "--json")

    assert wrong(result) == {"TLS"}


def test_portal_is_told(tmp_path: Path) -> None:
    """A web page where the API should be is wrong."""
    with answering(200, "text/html; charset=utf-8") as url:
        result = run(tmp_path, profile(url), "--json")

    assert wrong(result) == {"content type"}


def test_redirecting_base_url_is_told(tmp_path: Path) -> None:
    """A base URL that redirects is wrong, and where it leads is said without its query."""
    with answering(308, headers={"Location": "https://api.sandbox.example/api/order?token=hidden"}) as url:
        result = run(tmp_path, profile(url))

    assert "base URL: it redirects to https://api.sandbox.example\n" in result.output


def test_provider_without_a_fixed_path_is_asked_too(tmp_path: Path) -> None:
    """Where each path has a parameter, a made-up one is asked for; its 404 says nothing of the base URL."""
    with answering(404, ahead=timedelta(minutes=10)) as url:
        result = run(tmp_path, profile(url, provider="dots_eco"), "--json")

    found = states(result, "dots_eco")
    assert [found[name] for name in ("answer", "base URL", "content type", "clock")] == [
        "ok",
        "not checked",
        "ok",
        "wrong",
    ]


def test_missing_path_is_told(tmp_path: Path, workspace: Workspace) -> None:
    """A base URL with too much or too little of the path is wrong."""
    result = run(tmp_path, profile(f"{workspace.url('oneflow')}/v2"), "--json")

    assert wrong(result) == {"base URL"}


@pytest.mark.parametrize(
    ("ahead_s", "state"), [(0, "ok"), (20, "warning"), (-20, "warning"), (600, "wrong"), (-600, "wrong")]
)
def test_clock_skew_is_told(tmp_path: Path, ahead_s: int, state: str) -> None:
    """A clock that is a few seconds off is worth a warning; minutes are wrong."""
    with answering(ahead=timedelta(seconds=ahead_s)) as url:
        result = run(tmp_path, profile(url), "--json")

    assert states(result)["clock"] == state


def test_sandbox_that_is_down_is_told(tmp_path: Path) -> None:
    """A gateway that says the sandbox is down is wrong."""
    with answering(503) as url:
        result = run(tmp_path, profile(url), "--json")

    assert "answer" in wrong(result)


def test_unregistered_redirect_uri_is_told(tmp_path: Path, workspace: Workspace) -> None:
    """An OAuth redirect URI that the application has not registered is wrong."""
    environment, lines = exported(workspace, "otter")
    kept = [line for line in lines if line.startswith("credentials.default")]
    changed = {**environment, "DOCTOR_DEFAULT_REDIRECT_URI": "https://partner.example/elsewhere"}

    result = run(tmp_path, profile(workspace.url("otter"), *kept, provider="otter"), "--json", environment=changed)

    assert wrong(result, "otter") == {"redirect URI default"}


def test_webhooks_that_arrive_are_found(tmp_path: Path, workspace: Workspace) -> None:
    """An address that leads to the profile's port is right; one that leads elsewhere is wrong."""
    environment, lines = exported(workspace, "oneflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = f'webhook_url = "http://127.0.0.1:{port}/hook"\nwebhook_port = {port}'
    with answering(200) as url:
        elsewhere = f'webhook_url = "{url}/hook"\nwebhook_port = {port}'
        found = [
            run(tmp_path, profile(workspace.url("oneflow"), *lines, each), "--json", environment=environment)
            for each in (here, elsewhere)
        ]

    assert [states(each)["webhooks"] for each in found] == ["ok", "wrong"]


def test_unknown_names_are_told_with_what_was_meant(tmp_path: Path) -> None:
    """An operation or a requirement that there is not is wrong, and the nearest is named."""
    permits = f"{FITS}\npermits = {{ operations = {{ submitOrders = 3 }} }}"
    tail = '[[deviation]]\nrequirement = "oneflow.order.gett"\nowner = "Ada"\nreason = "r"\nexpires = 2099-01-01'
    with answering() as url:
        result = run(tmp_path, profile(url, permits, tail=tail))

    assert "permits: oneflow has no operation submitOrders" in result.output
    assert "Did you mean submitOrder" in result.output
    assert "deviation: there is no requirement oneflow.order.gett" in result.output


def test_expired_deviation_is_told(tmp_path: Path) -> None:
    """A deviation whose day has passed is wrong, with whom to ask."""
    yesterday = (date.today() - timedelta(days=2)).isoformat()  # noqa: DTZ011 (any day that is over)
    tail = f'[[deviation]]\nrequirement = "oneflow.order.get"\nowner = "Ada Obi"\nreason = "r"\nexpires = {yesterday}'
    with answering() as url:
        result = run(tmp_path, profile(url, tail=tail))

    assert f"oneflow.order.get expired on {yesterday}" in result.output
    assert "Ask Ada Obi" in result.output


def test_missing_credential_is_told(tmp_path: Path) -> None:
    """A variable that the environment does not have is named; the exit code is 2."""
    result = run(tmp_path, profile("http://127.0.0.1:1"), environment={"DOCTOR_TOKEN": TOKEN})

    assert result.exit_code == 2
    assert "oneflow.credentials.default.secret is $DOCTOR_SECRET, which the environment does not have" in result.output


def test_written_out_secret_is_refused_unseen(tmp_path: Path) -> None:
    """A secret that is written into the profile is refused, and not shown."""
    line = f'credentials.default = {{ key = "$DOCTOR_TOKEN", secret = "{SECRET}" }}'

    result = run(tmp_path, profile("http://127.0.0.1:1", line))

    assert result.exit_code == 2
    assert "is written out in the profile" in result.output


def test_mock_needs_no_configuration(tmp_path: Path) -> None:
    """The built-in target has nothing to examine."""
    result = CliRunner().invoke(main, ["doctor", "--target", "mock"])

    assert (result.exit_code, "nothing to configure" in result.output) == (0, True)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 (nothing was written)
