"""Secrets of records in snapshots: referred to, kept by the server, and in none of its files but the state."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flowproof.errors import ConfigurationError
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.mock import Mock
from flowproof.kernel.workspaces import Workspace
from flowproof.providers import find_providers

SECRET = "Bearer a-secret-of-mine"
TRIGGER = {
    "event": "orderReceived",
    "url": "http://127.0.0.1:9/",
    "method": "POST",
    "contentType": "application/json",
    "template": None,
    "authorization": SECRET,
}
SUBSCRIPTION = {"endpoint": "http://127.0.0.1:9/", "p256dh": "a-public-key", "auth": "an-auth-secret"}


@pytest.fixture
def make_mock() -> Iterator[Callable[[], Mock]]:
    """Makes servers without a socket."""
    made: list[Mock] = []

    def make() -> Mock:
        made.append(build_gateway(find_providers(["oneflow", "integrations"]), ServerSettings(entropy=1)).mock)
        return made[-1]

    yield make
    for each in made:
        each.store.close()


def prepared(mock: Mock) -> Workspace:
    """A workspace with a postback that carries a secret, and a push subscription."""
    workspace = mock.workspaces.create("w")
    oneflow = mock.workspaces.context(workspace, "oneflow")
    oneflow.state.put("seed", "seed", {**oneflow.seed, "triggers": [TRIGGER]})
    mock.workspaces.context(workspace, "integrations").state.put("subscription", "http://127.0.0.1:9/", SUBSCRIPTION)
    return workspace


def kept(mock: Mock, workspace: Workspace) -> tuple[Any, Any]:
    """The postbacks of a workspace, and its subscription."""
    context = mock.workspaces.context(workspace, "oneflow")
    integrations = mock.workspaces.context(workspace, "integrations").state
    return context.seed["triggers"], integrations.get("subscription", "http://127.0.0.1:9/")


def test_snapshot_shows_no_secret_of_a_record(make_mock: Callable[[], Mock]) -> None:
    """
    A snapshot shows neither the Authorization of a postback nor the keys of a push subscription.
    """
    mock = make_mock()
    shown = str(mock.workspaces.snapshot(prepared(mock)))

    assert not [each for each in (SECRET, "a-public-key", "an-auth-secret") if each in shown]


def test_restored_snapshot_has_its_secrets_again(make_mock: Callable[[], Mock]) -> None:
    """
    On its server a snapshot is restored with its secrets, also after a reset and into another workspace.
    """
    mock = make_mock()
    workspace = prepared(mock)
    taken = mock.workspaces.snapshot(workspace)
    mock.workspaces.reset(workspace)
    restored = mock.workspaces.restore(workspace, taken)
    mock.workspaces.delete(workspace.id)
    other = mock.workspaces.restore(mock.workspaces.create("other"), taken)

    assert kept(mock, other) == ([TRIGGER], SUBSCRIPTION)
    assert restored.id == "w"


def test_snapshot_is_not_restored_without_its_secrets(make_mock: Callable[[], Mock]) -> None:
    """
    A server that does not have a snapshot's secrets refuses it, and the workspace goes on as it was.
    """
    mock, stranger = make_mock(), make_mock()
    taken, workspace = mock.workspaces.snapshot(prepared(mock)), prepared(stranger)

    with pytest.raises(ConfigurationError, match="refers to a secret"):
        stranger.workspaces.restore(workspace, taken)
    assert kept(stranger, workspace) == ([TRIGGER], SUBSCRIPTION)
