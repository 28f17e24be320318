"""No webhook is a way in: not to a control API, and on a shared server not to loopback either."""

from typing import Any

import pytest
import requests

from flowproof.inbox import Inbox
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from tests.webhooks.parcels import provider

TOKEN = "a-token-of-the-server"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def trigger(server: Server, url: str) -> str:
    """Have an event delivered to a URL; returns the delivery's id."""
    own = f"{server.url}/_flowproof/workspaces/default"
    event = {"provider": "parcels", "event": "parcel.sent", "url": url}
    made = requests.post(f"{own}/webhooks/trigger", json=event, headers=BEARER, timeout=10)
    return str(made.json()["deliveries"][0]["id"])


def settled(server: Server, delivery: str) -> dict[str, Any]:
    """The last attempt of a delivery, once there is one."""
    own = f"{server.url}/_flowproof/workspaces/default/webhooks/deliveries/{delivery}"
    while not (found := requests.get(own, headers=BEARER, timeout=10).json())["attempts"]:
        pass
    attempt: dict[str, Any] = found["attempts"][-1]
    return attempt


def test_webhook_cannot_steer_another_servers_control_api() -> None:
    """
    A webhook that is aimed at the control API of another server on loopback is refused there.
    """
    settings = ServerSettings(entropy=1)
    with Server(build_gateway([provider], settings)) as one, Server(build_gateway([provider], settings)) as other:
        attempt = settled(one, trigger(one, f"{other.url}/_flowproof/workspaces/default/reset"))

    assert attempt["status"] == 403


def test_every_delivery_carries_its_id(inbox: Inbox) -> None:
    """
    A receiver sees which delivery of which workspace a webhook is.
    """
    with Server(build_gateway([provider], ServerSettings(entropy=1))) as server:
        delivery = trigger(server, inbox.url)
        settled(server, delivery)

    assert [each.header("flowproof-delivery") for each in inbox.received] == [f"default/{delivery}"]


def test_shared_server_sends_to_loopback_only_if_allowed(inbox: Inbox) -> None:
    """
    A server that other machines reach delivers to its own loopback only where the workspace allows that.
    """
    with Server(build_gateway([provider], ServerSettings(entropy=1, token=TOKEN, shared=True))) as server:
        refused = settled(server, trigger(server, inbox.url))
        hosts = f"{server.url}/_flowproof/workspaces/default/webhooks/allowed-hosts"
        requests.put(hosts, json=["127.0.0.1"], headers=BEARER, timeout=10)
        accepted = settled(server, trigger(server, inbox.url))

    assert (refused["status"], refused["error"]) == (0, "127.0.0.1 is not among the workspace's allowed hosts")
    assert accepted["status"] == 200


@pytest.mark.parametrize("shared", [True, False])
def test_shared_server_has_credentials_of_its_own(shared: bool) -> None:
    """
    The default workspace of a server that other machines reach has no credential that is the same on every server.
    """
    found = []
    for entropy in (1, 2):
        mock = build_gateway([provider], ServerSettings(entropy=entropy, shared=shared)).mock
        found.append({each.key for each in mock.workspaces.credentials(mock.workspaces.ensure_default(), "parcels")})

    assert found[0].isdisjoint(found[1]) is shared


def test_public_credentials_of_a_state_file_are_revoked(tmp_path: object) -> None:
    """
    A state file of a server on loopback has new credentials when a server serves it that other machines reach.
    """
    keys = []
    for shared in (False, True, True):
        mock = build_gateway([provider], ServerSettings(entropy=1, state=f"{tmp_path}/state", shared=shared)).mock
        keys.append({each.key for each in mock.workspaces.credentials(mock.workspaces.ensure_default(), "parcels")})
        mock.store.close()

    assert keys[0].isdisjoint(keys[1])
    assert keys[1] == keys[2] != set()
