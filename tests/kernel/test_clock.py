"""The clock: real, frozen or stepped; and what becomes due on it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowproof.errors import ConfigurationError
from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.mock import Mock
from flowproof.kernel.time.clock import Clock, instant_from_text, system_now
from tests.kernel.notes import provider
from tests.kernel.notes.desk import Desk

NOON = datetime(2024, 9, 13, 12, tzinfo=UTC)


def make_mock() -> Mock:
    """A mock server without a socket."""
    return build_gateway([provider], ServerSettings(entropy=1)).mock


def make_countdown(mock: Mock, workspace: str, **value: Any) -> None:
    """Have a note written after a while, and again."""
    found = mock.workspaces.find(workspace)
    assert found is not None
    context = mock.workspaces.context(found, "notes")
    context.schedule("tick", after_s=value.get("after_s", 1), value={"name": "tick", "every_s": 1, **value})


def written(mock: Mock, workspace: str) -> list[tuple[str, str]]:
    """The notes with their moments, the oldest first."""
    records = mock.store.records.of_workspace(workspace)
    return [(value["text"], value["at"]) for _, kind, _, value in records if kind == "note"]


def test_real_clock_follows_the_system() -> None:
    """
    A real clock shows the system's time, at its offset.
    """
    clock = Clock().advance(3600)
    before, shown, after = system_now(), clock.now(), system_now()

    assert before <= shown - timedelta(seconds=clock.offset_s) <= after
    assert clock.offset_s == pytest.approx(3600, abs=60)


def test_frozen_clock_stands_still_until_it_is_moved() -> None:
    """
    A frozen clock shows one instant, before and after an exchange; set and advance move it exactly.
    """
    clock = Clock.frozen(NOON)

    assert [clock.now(), clock.after_exchange().now(), clock.advance(0.25).now(), clock.set(NOON).now()] == [
        NOON,
        NOON,
        NOON + timedelta(milliseconds=250),
        NOON,
    ]


def test_stepped_clock_moves_once_an_exchange(desk: Desk) -> None:
    """
    Each exchange moves a stepped clock by one step, refused or not, and nothing else does.
    """
    desk.control("PUT", "/clock", {"mode": "stepped", "now": "2024-09-13T12:00:00Z", "step_s": 10})
    first = desk.write().json()["at"]
    desk.ask("GET", "/nowhere")
    desk.control("GET", "/clock")
    second = desk.write().json()["at"]

    assert (first, second) == ("2024-09-13T12:00:00+00:00", "2024-09-13T12:00:20+00:00")


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("mode", ["real", "stepped", "frozen"])
def test_calendars_end_stops_no_request(desk: Desk, mode: str) -> None:
    """
    A clock at the last second of the year 9999 stays there, and requests are answered.
    """
    desk.control("PUT", "/clock", {"mode": mode, "now": "9999-12-31T23:59:59.999998Z"})

    assert [desk.write().status_code for _ in range(3)] == [201, 201, 201]


@pytest.mark.parametrize("text", ["yesterday", "", "2024-13-01", "0001-01-01T00:00:00+10:00"])
def test_text_that_is_no_time_is_refused(text: str) -> None:
    """
    What is no time, or none in UTC, is refused with an example or a range.
    """
    with pytest.raises(ConfigurationError, match=r"ISO 8601|years"):
        instant_from_text(text)


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["frozen", "stepped"]), st.floats(0, 1e6))
def test_clock_survives_its_json(instant: datetime, mode: Any, step_s: float) -> None:
    """
    A clock read back from its JSON is the same clock.
    """
    clock = Clock(mode=mode, instant=instant, step_s=step_s if mode == "stepped" else 1.0)

    assert Clock.from_json(clock.to_json()) == clock


@pytest.mark.parametrize("value", [{"step_s": "x"}, {"step_s": -1}, {"step_s": True}, {"mode": "late"}])
def test_damaged_clock_is_refused(value: dict[str, Any]) -> None:
    """
    A clock whose parts are not what they must be is refused when it is read, not when it is used.
    """
    with pytest.raises(ConfigurationError):
        Clock.from_json({"mode": "stepped", "now": "2024-09-13", **value})


def test_due_tasks_run_in_order_each_at_its_moment() -> None:
    """
    Tasks run in the order of their moments and see their own moment; those that a task schedules run in between.
    """
    mock = make_mock()
    mock.workspaces.create("w", clock=Clock.frozen(NOON))
    make_countdown(mock, "w", name="late", after_s=30)
    make_countdown(mock, "w", name="chain", after_s=10, again=2, every_s=15)
    make_countdown(mock, "w", name="early", after_s=5)
    workspace = mock.workspaces.find("w")
    assert workspace is not None
    mock.workspaces.set_clock(workspace, workspace.clock.advance(100))

    assert [(text, at[17:19]) for text, at in written(mock, "w")] == [
        ("early", "05"),
        ("chain", "10"),
        ("chain", "25"),
        ("late", "30"),
        ("chain", "40"),
    ]


def test_huge_advance_runs_everything_once(desk: Desk) -> None:
    """
    A hundred years at once are fine: what was due in them is done.
    """
    desk.control("PUT", "/clock", {"mode": "frozen", "now": "2024-09-13"})
    desk.ask("POST", "/countdowns", json={"name": "tick", "after_s": 1, "again": 99, "every_s": 31_000_000})
    desk.control("POST", "/clock/advance", {"seconds": 3_200_000_000})

    assert len(desk.texts()) == 100


@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3), st.integers(1, 20)), max_size=4),
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
)
def test_small_steps_and_one_big_step_lead_to_the_same(plans: list[tuple[int, int, int]], steps: list[int]) -> None:
    """
    Advanced in many steps or in one, a workspace has the same records with the same ids in the same order.
    """
    records = []
    for advances in (steps, [sum(steps)]):
        mock = make_mock()
        mock.workspaces.create("w", clock=Clock.frozen(NOON))
        for after_s, again, every_s in plans:
            make_countdown(mock, "w", after_s=after_s, again=again, every_s=every_s)
        for seconds in advances:
            workspace = mock.workspaces.find("w")
            assert workspace is not None
            mock.workspaces.set_clock(workspace, workspace.clock.advance(seconds))
        records.append(list(mock.store.records.of_workspace("w")))

    assert records[0] == records[1]


def test_tasks_draw_the_same_ids_beside_a_busy_neighbour() -> None:
    """
    What another workspace does changes neither the ids nor the random numbers of a workspace's tasks.
    """
    records = []
    for neighbours in (0, 3):
        mock = make_mock()
        mock.workspaces.create("busy", clock=Clock.frozen(NOON))
        workspace = mock.workspaces.create("w", seed="same", clock=Clock.frozen(NOON))
        for _ in range(neighbours):
            make_countdown(mock, "busy")
        make_countdown(mock, "w", again=2)
        mock.workspaces.set_clock(workspace, workspace.clock.advance(10))
        records.append(list(mock.store.records.of_workspace("w")))

    assert records[0] == records[1] != []


def test_failing_task_is_kept_and_undone(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """
    A task that raises is undone, logged and kept; the workspace goes on, and its other tasks run.
    """
    desk.control("PUT", "/clock", {"mode": "frozen", "now": "2024-09-13"})
    accepted = desk.ask("POST", "/countdowns", json={"name": "bad", "fail": True, "after_s": 1})
    desk.ask("POST", "/countdowns", json={"name": "good", "after_s": 2})
    desk.control("POST", "/clock/advance", {"seconds": 5})
    failed = desk.control("GET", "/tasks")["failed"]

    assert (desk.texts(), desk.write().status_code) == (["good"], 201)
    assert [(each["name"], each["exchange"]) for each in failed] == [("tick", accepted.headers["Flowproof-Exchange"])]
    assert desk.control("GET", "")["failed_tasks"] == 1
    assert "the task tick of notes failed and is kept as task-1" in caplog.text
    assert "the task tick of notes failed" in desk.journal()[0]["explanation"]


def test_failed_task_can_be_run_again(desk: Desk) -> None:
    """
    A task that failed does its work when it is run again and its cause is gone, and is then no failed one any more.
    """
    desk.control("PUT", "/clock", {"mode": "frozen", "now": "2024-09-13"})
    desk.ask("POST", "/countdowns", json={"name": "late", "fail": "without a note", "after_s": 1})
    desk.control("POST", "/clock/advance", {"seconds": 5})
    before = desk.texts()
    desk.write("the cause is gone")
    after = desk.control("POST", "/tasks/task-1/run")["failed"]

    assert (before, after, desk.texts()) == ([], [], ["late", "the cause is gone"])


def test_task_that_fails_again_is_kept_again(desk: Desk) -> None:
    """
    A failed task that is run again and fails again is kept again.
    """
    desk.control("PUT", "/clock", {"mode": "frozen", "now": "2024-09-13"})
    desk.ask("POST", "/countdowns", json={"name": "bad", "fail": True, "after_s": 1})
    desk.control("POST", "/clock/advance", {"seconds": 5})

    assert [each["id"] for each in desk.control("POST", "/tasks/task-1/run")["failed"]] == ["task-2"]
