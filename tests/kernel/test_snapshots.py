"""Snapshot, restore, reset and seed data of a workspace."""

from collections.abc import Mapping
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from flowproof.kernel.assembly import ServerSettings, build_gateway
from flowproof.kernel.mock import Mock
from flowproof.kernel.serving import Server
from flowproof.kernel.time.clock import Clock, instant_from_text
from flowproof.kernel.workspaces.snapshots import snapshot_digest
from tests.kernel.notes import provider
from tests.kernel.notes.desk import Desk, make_desk

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(st.tuples(st.sampled_from(["note", "other"]), st.text(max_size=4), JSON), max_size=6)


@pytest.fixture(scope="module")
def mock() -> Mock:
    """A mock server without a socket."""
    return build_gateway([provider], ServerSettings(entropy=1)).mock


@settings(max_examples=30)
@given(before=RECORDS, after=RECORDS, seconds=st.integers(0, 10**6))
def test_restore_gives_back_exactly(mock: Mock, before: Any, after: Any, seconds: int) -> None:
    """
    Whatever is changed between snapshot and restore, the second snapshot is the first, order and clock included.
    """
    workspace = mock.workspaces.create(clock=Clock.frozen(instant_from_text("2024-09-13")))
    state = mock.workspaces.context(workspace, "notes").state
    for kind, key, value in before:
        state.put(kind, key, value)
    mock.workspaces.context(workspace, "notes").schedule("tick", after_s=10**7, value={"name": "later"})
    taken = mock.workspaces.snapshot(workspace)
    for kind, key, value in after:
        state.put(kind, key, value)
        state.delete("note", key)
    moved = mock.workspaces.set_clock(workspace, workspace.clock.advance(seconds))
    restored = mock.workspaces.restore(moved, taken)

    assert mock.workspaces.snapshot(restored) == taken


def test_snapshot_moves_to_another_workspace(desk: Desk, other: Desk) -> None:
    """
    A snapshot can be put into another workspace, which keeps its own credentials.
    """
    desk.write("mine")
    taken = desk.control("GET", "/snapshot")
    other.control("PUT", "/snapshot", taken)

    assert ([note["text"] for note in other.ask("GET", "/notes").json()["notes"]], desk.secret in str(taken)) == (
        ["mine"],
        False,
    )


def test_task_after_a_restore_draws_the_same_ids(desk: Desk) -> None:
    """
    What a task draws after a restore is what it drew before.
    """
    desk.control("PUT", "/clock", {"mode": "frozen", "now": "2024-09-13"})
    desk.ask("POST", "/countdowns", json={"name": "tick", "after_s": 5, "again": 1, "every_s": 1})
    taken = desk.control("GET", "/snapshot")
    seen = []
    for _ in range(2):
        desk.control("PUT", "/snapshot", taken)
        desk.control("POST", "/clock/advance", {"seconds": 60})
        seen.append(desk.control("GET", "/snapshot"))

    assert seen[0] == seen[1]
    assert len(desk.texts()) == 2


@pytest.mark.parametrize(
    "damage",
    [
        {"records": [["notes", "note", "1"]]},
        {"records": 5},
        {"tasks": [["nobody", 1, "tick", {}, "m"]]},
        {"tasks": [["notes", 1, "tock", {}, "m"]]},
        {"tasks": [["notes", "soon", "tick", {}, "m"]]},
        {"tasks": [["notes", 2**62, "tick", {}, "m"]]},
        {"tasks": [[[], 1, "tick", {}, "m"]]},
        {"clock": []},
        {"clock": {"mode": "stepped", "step_s": "x"}},
        {"clock": {"mode": "real", "offset_s": "x"}},
        {"faults": {"fault": "reset"}},
        {"faults": [{"fault": "reset", "id": []}]},
        {"faults": [{"fault": "status", "status": 503, "calls": "x"}]},
    ],
)
def test_damaged_snapshot_changes_nothing(desk: Desk, damage: dict[str, Any]) -> None:
    """
    A snapshot with a damaged part is refused as a whole, and the workspace goes on as it was.
    """
    desk.write("kept")
    damaged = {**desk.control("GET", "/snapshot"), "records": [], **damage}
    del damaged["sha256"]
    sealed = {**damaged, "sha256": snapshot_digest(damaged)}
    answer = requests.put(f"{desk.own}/snapshot", json=sealed, timeout=5)

    assert (answer.status_code, desk.texts(), desk.write().status_code) == (422, ["kept"], 201)


@given(damage=st.data())
def test_snapshot_with_a_changed_record_is_refused(server: Server, damage: st.DataObject) -> None:
    """
    A snapshot that is not as it was taken is refused: no mock reads a record that it did not write.
    """
    desk = make_desk(server)
    desk.write("kept")
    taken = desk.control("GET", "/snapshot")
    part = damage.draw(st.sampled_from(sorted(set(taken) - {"flowproof"})))
    changed = damage.draw(st.none() | st.integers() | st.text() | st.lists(st.text()))
    answer = requests.put(f"{desk.own}/snapshot", json={**taken, part: changed}, timeout=5)

    assert answer.status_code == (200 if taken[part] == changed else 422)


def test_snapshot_survives_another_way_of_writing_numbers(desk: Desk) -> None:
    """
    A snapshot that a client read and wrote with 1 for 1.0 is the same snapshot.
    """
    desk.control("PUT", "/clock", {"mode": "stepped", "now": "2024-09-13", "step_s": 1.0})
    taken = desk.control("GET", "/snapshot")
    taken["clock"]["step_s"] = int(taken["clock"]["step_s"])

    assert desk.control("PUT", "/snapshot", taken)["clock"]["mode"] == "stepped"


def test_reset_is_as_new_with_the_same_credentials(desk: Desk) -> None:
    """
    A reset empties records, tasks, faults, journal, seed data and clock; the key still works and ids go on counting.
    """
    desk.write()
    desk.control("PUT", "/clock", {"mode": "frozen", "now": "2024-09-13"})
    desk.ask("POST", "/countdowns", json={"name": "tick", "after_s": 1})
    desk.control("PUT", "/seed/notes", {"motto": "own"})
    desk.break_by({"fault": "reset"})
    shown = desk.control("POST", "/reset")
    answer = desk.ask("GET", "/notes")

    assert (shown["clock"]["mode"], shown["faults"], answer.json()) == (
        "real",
        [],
        {"notes": [], "motto": "write it down"},
    )
    assert (answer.headers["Flowproof-Exchange"], len(desk.journal())) == (f"{desk.id}-3", 1)
    assert desk.control("GET", "/snapshot")["tasks"] == []


def test_seed_data_is_replaced_for_one_workspace(desk: Desk, other: Desk) -> None:
    """
    A workspace's own seed data is used there alone, until it is deleted.
    """
    desk.control("PUT", "/seed/notes", {"motto": "own"})
    own = [each.ask("GET", "/notes").json()["motto"] for each in (desk, other)]
    desk.control("DELETE", "/seed/notes")

    assert (own, desk.control("GET", "/seed/notes")) == (["own", "write it down"], {"motto": "write it down"})


class Motto:
    """What the seed data of the note-keeping provider says."""

    def __init__(self, seed: Mapping[str, Any]) -> None:
        self.text = seed["motto"]


def test_seed_data_is_parsed_again_when_it_changes(mock: Mock) -> None:
    """
    Seed data is parsed once, and again after it was replaced or put back.
    """
    workspace = mock.workspaces.create()
    context = mock.workspaces.context(workspace, "notes")
    mottos = []
    for seed in (None, {"motto": "other"}, None):
        if seed is None:
            context.state.delete("seed", "seed")
        else:
            context.state.put("seed", "seed", seed)
        with mock.store.transaction():
            parsed = [context.parsed_seed(Motto) for _ in range(2)]
        assert parsed[0] is parsed[1]
        mottos.append(parsed[0].text)

    assert mottos == ["write it down", "other", "write it down"]


def test_counter_goes_on_after_a_restore(mock: Mock) -> None:
    """
    A counter begins with one, and goes on from where a snapshot had it.
    """
    workspace = mock.workspaces.create()
    records, place = mock.store.records, (workspace.id, "notes", "count", "all")
    counted = [records.increment(*place) for _ in range(3)]
    snapshot = mock.workspaces.snapshot(workspace)
    records.increment(*place)
    mock.workspaces.restore(workspace, snapshot)

    assert (counted, records.get(*place), records.increment(*place)) == ([1, 2, 3], 3, 4)
