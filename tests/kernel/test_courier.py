"""What the courier looks after, where one of it is damaged: that is named once, and the others are done."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from flowproof.inbox import Inbox
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.mock import Mock
from flowproof.kernel.serving.courier import Courier
from flowproof.kernel.webhooks.model import Webhook
from tests.kernel.notes import provider as notes
from tests.postgres import shared_cluster
from tests.webhooks.parcels import provider as parcels

WAIT_S = 60.0


@dataclass(frozen=True)
class Desk:
    """A server without its socket, and a way to change its tables behind its back, by the tables' names in SQLite."""

    mock: Mock
    courier: Courier
    change: Callable[[str], None]

    def look_after(self, *workspaces: str) -> None:
        """Do what is due in workspaces, as when a sweep has found them; twice, as the next sweep finds them again."""

        async def look() -> None:
            async with asyncio.timeout(WAIT_S):
                for _ in range(2):
                    for each in workspaces:
                        self.courier.wake(each)
                    while self.courier.work:  # noqa: ASYNC110 (the courier notifies nobody of its end)
                        await asyncio.sleep(0.001)

        asyncio.run(look())


@pytest.fixture(params=["file", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """One with its state in a file or in a database, and the workspaces a and b."""
    state = str(tmp_path / "state.db") if request.param == "file" else shared_cluster().emptied()

    def change(statement: str) -> None:
        if request.param == "file":
            with closing(sqlite3.connect(state)) as file, file:
                file.execute(statement)
        else:
            with psycopg.connect(state, autocommit=True) as database:
                database.execute(f"SET search_path TO flowproof; {statement}".encode())

    gateway = build_gateway([notes, parcels], ServerSettings(entropy=1, state=state))
    for name in ("a", "b"):
        gateway.mock.workspaces.create(name)
    yield Desk(gateway.mock, gateway.courier, change)
    gateway.mock.store.close()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as an error, each without a traceback."""
    found = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert [each.exc_info for each in found if each.exc_info] == []
    return [each.getMessage() for each in found]


def texts(desk: Desk, workspace: str) -> list[str]:
    """The notes of a workspace."""
    return [each["text"] for each in desk.mock.store.records.newest(workspace, "notes", "note", limit=9, offset=0)]


def test_damaged_workspace_is_named_once_and_others_go_on(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """A workspace whose row is damaged while the server runs is named once; what is due in others is found and done."""
    for name in ("a", "b"):
        desk.mock.store.tasks.add(name, "notes", 1, "tick", {"name": name}, rng_key=name)
    desk.mock.store.tasks.add("default", "notes", 2**60, "tick", {"name": "later"}, rng_key="later")
    desk.change("UPDATE workspace SET clock = '{' WHERE id = 'a'")
    sharing = desk.mock.store.sharing
    due = ["a", "b"] if sharing is None else sorted(sharing.due_workspaces(limit=9))
    desk.look_after(*due)

    (named,) = errors(caplog)
    assert due == ["a", "b"]
    assert "the row of workspace a is damaged" in named
    assert texts(desk, "b") == ["b"]


def test_damaged_delivery_is_given_up_and_the_next_is_sent(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """A delivery whose row is damaged has failed, is named once, and holds up no other one of its workspace."""
    with Inbox() as inbox:
        for event in ("first", "second", "third"):
            with desk.mock.store.transaction():
                workspace = desk.mock.workspaces.find("a")
                assert workspace is not None
                context = desk.mock.workspaces.context(workspace, "parcels")
                context.deliver(Webhook(event, inbox.url, event.encode()))
        desk.change("UPDATE delivery SET body = '{' WHERE id = 'dlv-1'")
        desk.change("UPDATE delivery SET body = '{}' WHERE id = 'dlv-2'")
        desk.look_after("a")
        came = [each.body for each in inbox.received]

    assert came == [b"third"]
    assert ["a delivery is damaged" in each for each in errors(caplog)] == [True, True]


def test_damaged_task_is_kept_as_failed(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """A task whose row is damaged is kept with its error, as any that fails, and the next one is run."""
    for name in ("bad", "good"):
        desk.mock.store.tasks.add("a", "notes", 1, "tick", {"name": name}, rng_key=name)
    desk.change("UPDATE task SET body = '{' WHERE rng_key = 'bad'")
    desk.look_after("a")
    (kept,) = desk.mock.store.records.newest("a", "flowproof", "failed_task", limit=9, offset=0)

    assert texts(desk, "a") == ["good"]
    assert (kept["name"], kept["value"]) == ("tick", None)
    assert "JSON" in kept["error"]
    assert "is kept as task-1" in caplog.text


def test_task_that_is_due_later_needs_no_look_at_the_state(desk: Desk) -> None:
    """
    A task on a real clock sets a timer by the clock that its request has claimed; one that is due now is looked after.
    """

    async def schedule() -> tuple[list[object], list[object]]:
        looked = []
        for after_s in (3600, 0):
            with desk.mock.store.transaction():
                workspace = desk.mock.workspaces.claim("a")
                assert workspace is not None
                context = desk.mock.workspaces.context(workspace, "notes", rng_key=str(after_s))
                context.schedule("tick", after_s=after_s, value={"name": str(after_s)})
            desk.courier.wake_dirty()
            looked.append(list(desk.courier.work))
        await desk.courier.stop(within_s=WAIT_S)
        return looked[0], looked[1]

    desk.look_after("a")
    desk.mock.store.take_dirty()
    later, now = asyncio.run(schedule())

    assert (later, now) == ([], ["a"])


@pytest.mark.parametrize("desk", ["postgresql"], indirect=True)
def test_delivery_that_was_taken_without_an_answer_is_sent(desk: Desk) -> None:
    """A delivery that a server has taken without knowing it, since its connection broke off, is sent once by it."""

    def add_and_take(url: str) -> None:
        with desk.mock.store.transaction():
            workspace = desk.mock.workspaces.claim("a")
            assert workspace is not None
            desk.mock.workspaces.context(workspace, "parcels").deliver(Webhook("lost", url, b"lost"))
            assert desk.mock.store.deliveries.take_due("a", 2**60) is not None

    async def serve(inbox: Inbox) -> None:
        desk.courier.start()
        await asyncio.to_thread(add_and_take, inbox.url)
        async with asyncio.timeout(WAIT_S):
            while not inbox.received:  # noqa: ASYNC110 (an inbox notifies threads alone)
                await asyncio.sleep(0.01)
        await desk.courier.stop(within_s=WAIT_S)

    with Inbox() as inbox:
        asyncio.run(serve(inbox))
        came = [each.body for each in inbox.received]

    assert came == [b"lost"]
    assert [each["state"] for each in desk.mock.store.deliveries.last("a")] == ["delivered"]
