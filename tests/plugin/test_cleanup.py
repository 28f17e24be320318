"""What a run's tests have left on a target is undone at its end by the real clients, or told with the reason."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flowproof.clients.integrations import Integrations
from flowproof.clients.otter import ONBOARDING, Otter
from flowproof.target import Workspace
from tests.certify.strangers import Relay, mock_of, relayed, write_profile
from tests.fork_server import ForkServer

Run = Callable[[Mapping[str, str]], str]

LEAVES_BOTH = """
def test_it(integrations):
    integrations.configure("provider-uuid", {credentials})
    trigger = integrations.triggers("Order")[0].guid
    integrations.configure_workflow("FP 1", "Order", trigger, {{"type": "update_status", "status": "done"}})
"""
CREDENTIALS = {"apiKey": "your-api-key", "apiSecret": "your-api-secret", "storeUrl": "https://yourstore.example.com"}
LEAVES_CONNECTION = """
from datetime import datetime, UTC
from flowproof.clients.otter import ONBOARDING, Token

def test_it(otter, target):
    given = Token(target.credentials("otter", "access").key, ONBOARDING, datetime.max.replace(tzinfo=UTC), {})
    user = otter.as_user(given)
    brand = next(iter(user.brands()))
    user.connect(brand.id, next(iter(user.stores(brand.id))).id, our_store_id="ours")
"""


@contextmanager
def stranger(provider: str) -> Iterator[tuple[Workspace, Relay, str]]:
    """Our mock as anybody's server: its workspace, what stands before it, and the base URL there."""
    with mock_of(provider) as (url, workspace), relayed(url) as relay:
        yield workspace, relay, relay.url + workspace.url(provider).removeprefix(url)


@pytest.fixture
def run(fork_server: ForkServer, tmp_path: Path) -> Run:
    """Runs the test in a folder on the profile there, with a record beside it, and gives what pytest says."""

    def made(variables: Mapping[str, str]) -> str:
        options = ("-q", "--flowproof-target=profile.toml", "--flowproof-events=events.jsonl")
        return fork_server.pytest(*options, cwd=tmp_path, env=variables).stdout

    return made


def settled(run: Run, folder: Path, test: str, variables: Mapping[str, str]) -> list[Any]:
    """The `settled` events of a run of a test."""
    (folder / "test_it.py").write_text(test)
    said = run(variables)
    assert "1 passed" in said, said
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [each for each in map(json.loads, lines) if each["event"] == "settled"]


def permits(*operations: str) -> str:
    """A line of a profile."""
    return f"permits = {{ operations = {{ {', '.join(f'{each} = true' for each in operations)} }} }}"


def keys_of(workspace: Workspace, provider: str, *names: str) -> dict[str, Mapping[str, str]]:
    """The default credentials of a workspace, with these parts beside the key."""
    found = workspace.credentials(provider)
    return {"default": {"key": found.key, **{name: str(found.values[name]) for name in names}}}


def test_integration_and_workflow_are_removed(tmp_path: Path, run: Run) -> None:
    """The newest goes first: the workflow is deleted, then the integration is removed."""
    with stranger("integrations") as (workspace, _, url):
        keys = keys_of(workspace, "integrations")
        further = permits("configureIntegration", "configureWorkflow", "removeIntegration", "deleteWorkflow")
        variables = write_profile(tmp_path / "profile.toml", "integrations", url, keys, further)
        found = settled(run, tmp_path, LEAVES_BOTH.format(credentials=CREDENTIALS), variables)
        with Integrations(url, keys["default"]["key"]) as client:
            left = client.workflows("Order", managed=False)

    assert [(each["cleaned"], each["how"]) for each in found] == [
        (True, "deleteWorkflow answered 200"),
        (True, "removeIntegration answered 200"),
    ]
    assert left == ()


def test_connection_is_deleted_with_the_users_token(tmp_path: Path, run: Run) -> None:
    """A store's connection is deleted with the token of the user who permitted it."""
    with stranger("otter") as (workspace, _, url):
        keys = {**keys_of(workspace, "otter", "secret", "redirect_uri"), "access": {"key": token_of(workspace)}}
        further = permits("organizationCreateConnection", "organizationDeleteConnection")
        variables = write_profile(tmp_path / "profile.toml", "otter", url, keys, further)
        (found,) = settled(run, tmp_path, LEAVES_CONNECTION, variables)

    assert (found["cleaned"], found["how"]) == (True, "organizationDeleteConnection answered 204")


def token_of(workspace: Workspace) -> str:
    """An access token of the mock's first user."""
    site = workspace.site("otter")
    keys = site.credentials()
    with Otter(site.url, keys.key, keys.secret, redirect_uri=str(keys.values["redirect_uri"])) as otter:
        asked = otter.authorization(ONBOARDING)
        answer = otter.session.get(asked.url, allow_redirects=False, timeout=30)
        return otter.exchange(asked, answer.headers["location"]).access_token


def test_what_cannot_be_reached_any_more_is_told(tmp_path: Path, run: Run) -> None:
    """Where the target is gone at the end, everything that was left is told with that reason."""
    with stranger("integrations") as (workspace, relay, url):
        keys = keys_of(workspace, "integrations")
        further = permits("configureIntegration", "configureWorkflow", "removeIntegration", "deleteWorkflow")
        variables = write_profile(tmp_path / "profile.toml", "integrations", url, keys, further)
        relay.breaks = lambda number: number > 3
        found = settled(run, tmp_path, LEAVES_BOTH.format(credentials=CREDENTIALS), variables)

    assert [each["cleaned"] for each in found] == [False, False]
    assert all("got no whole answer" in each["how"] for each in found)
    assert relay.count("DELETE") == 1


def test_what_was_left_is_tried_again(tmp_path: Path, run: Run) -> None:
    """What could not be undone is tried again by the next run with the same record."""
    with stranger("integrations") as (workspace, relay, url):
        keys = keys_of(workspace, "integrations")
        further = permits("configureIntegration", "configureWorkflow", "removeIntegration", "deleteWorkflow")
        variables = write_profile(tmp_path / "profile.toml", "integrations", url, keys, further)
        relay.breaks = lambda number: number > 3
        settled(run, tmp_path, LEAVES_BOTH.format(credentials=CREDENTIALS), variables)
        relay.breaks = lambda _: False
        said = run(variables)
        lines = (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()

    assert "1 deselected" in said
    assert [json.loads(each).get("cleaned") for each in lines[-2:]] == [True, True]
