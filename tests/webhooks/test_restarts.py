"""What a server that ends, in whatever way, leaves to the next one: nothing that was to be delivered is lost."""

import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from flowproof.inbox import Inbox, InboxResponse
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.serving import Server
from flowproof.target import ControlClient
from tests.cli.servers import serving
from tests.postgres import shared_cluster
from tests.webhooks.conftest import NOON, Depot, moments, names
from tests.webhooks.parcels import provider

FROZEN = {"mode": "frozen", "now": NOON}


@contextmanager
def served(state: Path, clock: dict[str, Any] | None = None, grace_s: float = 2.0) -> Iterator[Depot]:
    """A server on a state file for the length of a block, and its workspace `kept`, made where it is missing."""
    gateway = build_gateway([provider], ServerSettings(entropy=1, state=str(state)))
    with (
        closing(gateway.mock.store),
        Server(gateway, grace_s=grace_s) as server,
        closing(ControlClient(server.url)) as control,
    ):
        if gateway.mock.workspaces.find("kept") is None:
            control.make_workspace(id="kept", clock=clock or FROZEN)
        yield Depot(control.workspace("kept"))


def test_what_waits_survives_a_restart(tmp_path: Path, make_inbox: Callable[..., Inbox]) -> None:
    """A delivery that waits for its retry is delivered by the next server, at its moment, with its history."""
    inbox = make_inbox([500, 200])
    with served(tmp_path / "state") as depot:
        depot.send(inbox.url)
        depot.wait_until_idle()

    with served(tmp_path / "state") as depot:
        depot.workspace.clock.advance(10)
        (delivery,) = depot.wait_until_idle()

    assert (delivery["state"], moments(delivery)) == ("delivered", [0.0, 10.0])


def test_real_clock_goes_on_after_a_restart(tmp_path: Path, inbox: Inbox) -> None:
    """On a real clock the next server delivers what became due meanwhile, without being asked."""
    with served(tmp_path / "state", {"mode": "real"}) as depot:
        depot.send(inbox.url, after_s=0.2)

    with served(tmp_path / "state"):
        assert names(inbox.wait()) == ["books"]


def test_stop_lets_what_is_under_way_finish(tmp_path: Path, make_inbox: Callable[..., Inbox]) -> None:
    """A server that stops waits a little for the answer to what it has sent, and does not send it again."""
    inbox = make_inbox(InboxResponse(200, delay_s=0.5))
    with served(tmp_path / "state", grace_s=30) as depot:
        depot.send(inbox.url)
        inbox.wait(answered=False)

    with served(tmp_path / "state") as depot:
        (delivery,) = depot.wait_until_idle()

    assert (delivery["state"], len(delivery["attempts"]), len(inbox.received)) == ("delivered", 1, 1)


def test_stop_begins_nothing_new(tmp_path: Path, make_inbox: Callable[..., Inbox]) -> None:
    """A server that stops while much waits sends no more of it, and the next one sends each of the rest once."""
    inbox = make_inbox(lambda received: InboxResponse(200, delay_s=2 if received.number == 2 else 0))
    expected = [f"parcel {number}" for number in range(6)]
    with served(tmp_path / "state", grace_s=30) as depot:
        for each in expected:
            depot.send(inbox.url, each)
        inbox.wait(2, answered=False)
    sent = len(inbox.received)

    with served(tmp_path / "state") as depot:
        depot.wait_until_idle()

    assert sent == 2
    assert names(inbox.received) == expected


def test_stop_gives_up_waiting_and_sends_again(tmp_path: Path, make_inbox: Callable[..., Inbox]) -> None:
    """What is not answered while a server stops comes again from the next one."""
    inbox = make_inbox([InboxResponse(200, delay_s=30), 200])
    with served(tmp_path / "state", grace_s=0.1) as depot:
        depot.workspace.server.health()
        depot.send(inbox.url)
        inbox.wait(answered=False)
        running = depot.workspace.control("GET", "webhooks")["deliveries"]
    assert [each["state"] for each in running] == ["sending"]

    with served(tmp_path / "state") as depot:
        depot.workspace.clock.advance(10)
        (delivery,) = depot.wait_until_idle()

    assert (delivery["state"], len(inbox.received)) == ("delivered", 2)


def test_nothing_is_sent_by_a_server_that_has_stopped(tmp_path: Path, make_inbox: Callable[..., Inbox]) -> None:
    """Starting and stopping over and over loses no event and, where nothing was under way, repeats none."""
    inbox = make_inbox()
    for number in range(4):
        with served(tmp_path / "state") as depot:
            depot.send(inbox.url, str(number))
            depot.wait_until_idle()
            depot.send(inbox.url, f"{number} later", after_s=5)
            depot.workspace.clock.advance(5)

    with served(tmp_path / "state") as depot:
        deliveries = depot.wait_until_idle()

    assert names(inbox.received) == [name for number in range(4) for name in (str(number), f"{number} later")]
    assert {each["state"] for each in deliveries} == {"delivered"}


@pytest.mark.usefixtures("quick_start")
def test_killed_server_leaves_what_it_was_sending(tmp_path: Path, make_inbox: Callable[..., Inbox]) -> None:
    """A server that is killed in the middle of a delivery has lost nothing: the next one sends it again."""
    inbox = make_inbox([InboxResponse(200, delay_s=30), 200])
    state = str(tmp_path / "state.sqlite")
    with serving(tmp_path, "oneflow", "--state", state) as first:
        with closing(ControlClient(first.url)) as control:
            control.workspace("default").webhooks.trigger("oneflow", "orderReceived", inbox.url)
            inbox.wait(answered=False)
        assert first.end(signal.SIGKILL) == -signal.SIGKILL

    with serving(tmp_path, "oneflow", "--state", state) as second, closing(ControlClient(second.url)) as control:
        (delivery,) = control.workspace("default").webhooks.wait_until_idle()

    assert (delivery["state"], len(delivery["attempts"]), len(inbox.received)) == ("delivered", 1, 2)
    assert inbox.received[0].body == inbox.received[1].body


@pytest.mark.usefixtures("quick_start")
def test_several_processes_deliver_once_and_in_order(tmp_path: Path, inbox: Inbox) -> None:
    """Several processes on one database send each event once, and those of one workspace in their order."""
    state = shared_cluster().emptied()
    with serving(tmp_path, "oneflow", "--state", state, "--workers", "2") as both:
        for _ in range(10):
            with closing(ControlClient(both.url)) as control:
                control.workspace("default").webhooks.trigger("oneflow", "orderReceived", inbox.url)
        with closing(ControlClient(both.url)) as control:
            deliveries = control.workspace("default").webhooks.wait_until_idle()

    bodies = [each["webhook"]["body"]["text"].encode() for each in deliveries]
    assert [each.body for each in inbox.received] == bodies
    assert len(set(bodies)) == 10
