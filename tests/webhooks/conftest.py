"""A server whose provider signs its webhooks, on a real socket, and a depot: one workspace of it with a receiver."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
import requests

from flowproof.inbox import Inbox, Received
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Gateway, Server, sending
from flowproof.target import ControlClient, Workspace
from tests.webhooks.parcels import provider
from tests.webhooks.reference_receiver import ParcelVerifier

NOON = "2026-03-01T12:00:00+00:00"


@dataclass(frozen=True)
class Depot:
    """A workspace of the provider of parcels, whose clock stands at noon."""

    workspace: Workspace

    @property
    def secret(self) -> str:
        """What its webhooks are signed with."""
        return self.workspace.credentials("parcels").secret

    def verifier(self) -> ParcelVerifier:
        """A receiver's own check, on the workspace's time."""
        return ParcelVerifier(self.secret, self.workspace.clock.now)

    def send(self, url: str, name: str = "books", **more: Any) -> requests.Response:
        """Send a parcel, whose event goes to a URL."""
        parcel = {"name": name, "url": url, **more}
        return requests.post(f"{self.workspace.url('parcels')}/parcels", json=parcel, timeout=10)

    def wait_until_idle(self) -> list[dict[str, Any]]:
        """Wait until nothing is due; all deliveries."""
        return [dict(each) for each in self.workspace.webhooks.wait_until_idle()]

    def outgoing(self) -> list[Any]:
        """The journal's entries of webhooks."""
        return [each for each in self.workspace.journal.entries() if each["direction"] == "out"]


@pytest.fixture(scope="session")
def parcels_gateway() -> Gateway:
    """The mocks without a socket."""
    return build_gateway([provider], ServerSettings(entropy=4))


@pytest.fixture(scope="session")
def parcels_server(parcels_gateway: Gateway) -> Iterator[Server]:
    """The mocks on a socket; a slow connection is less slow than a user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "SLOW_S", 0.04)
        with Server(parcels_gateway) as server:
            yield server


@pytest.fixture(scope="session")
def parcels_control(parcels_server: Server) -> Iterator[ControlClient]:
    """The control API of that server."""
    with closing(ControlClient(parcels_server.url)) as client:
        yield client


@pytest.fixture
def make_depot(parcels_control: ControlClient) -> Iterator[Callable[..., Depot]]:
    """Make a workspace; by default its clock stands still at noon."""
    made: list[Depot] = []

    def make(clock: dict[str, Any] | None = None) -> Depot:
        chosen = {"mode": "frozen", "now": NOON} if clock is None else clock
        made.append(Depot(parcels_control.make_workspace(clock=chosen)))
        return made[-1]

    yield make
    for each in made:
        parcels_control.ask("DELETE", f"/workspaces/{each.workspace.id}")


@pytest.fixture
def depot(make_depot: Callable[..., Depot]) -> Depot:
    """A workspace whose clock stands still at noon."""
    return make_depot()


@pytest.fixture
def verifying_inbox(depot: Depot, make_inbox: Callable[..., Inbox]) -> Inbox:
    """A receiver that says of everything whether it is signed as it should be."""
    return make_inbox(verify=depot.verifier())


def moments(delivery: dict[str, Any]) -> list[float]:
    """When a delivery was tried, in seconds after noon."""
    noon = datetime.fromisoformat(NOON)
    return [(datetime.fromisoformat(each["at"]) - noon).total_seconds() for each in delivery["attempts"]]


def names(received: tuple[Received, ...]) -> list[str]:
    """The parcels of received events, in that order."""
    return [each.json["parcel"] for each in received]
