"""Whatever is done to a store, in whichever transactions, it shows what a plain model of it shows."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from flowproof.errors import StoreConflict
from flowproof.kernel.state.protocol import Store
from flowproof.kernel.state.rows import SEED, CredentialRow, ExchangeDraft, ExchangeRow, WorkspaceRow
from tests.kernel.stores import MAKERS, workspace_row

KEEP_EXCHANGES = 3
WORKSPACES = st.sampled_from(["a", "b"])
PROVIDERS = st.sampled_from(["notes", "parcels"])
KINDS = st.sampled_from(["note", "number", SEED])
KEYS = st.sampled_from(["1", "2", "3"])
TIMES_US = st.integers(-1, 9)
VALUES = st.one_of(st.none(), st.integers(0, 9), st.lists(st.text(max_size=2), max_size=2))


@dataclass
class Model:
    """The state of a store as plain values, each list in the order in which things were added."""

    workspaces: dict[str, WorkspaceRow] = field(default_factory=dict)
    credentials: dict[tuple[str, str], CredentialRow] = field(default_factory=dict)
    records: dict[tuple[str, str, str, str], Any] = field(default_factory=dict)
    tasks: list[tuple[str, str, int, int]] = field(default_factory=list)  # workspace, provider, due, number
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    exchanges: dict[str, int] = field(default_factory=dict)  # how many there were
    kept: dict[str, list[ExchangeRow]] = field(default_factory=dict)

    def tasks_of(self, workspace: str) -> list[tuple[str, str, int, int]]:
        return sorted((each for each in self.tasks if each[0] == workspace), key=lambda each: each[2])

    def pending(self, workspace: str) -> list[dict[str, Any]]:
        """The deliveries that may be taken, in their order."""
        mine = [each for each in self.deliveries if each["workspace"] == workspace]
        if any(each["state"] == "sending" for each in mine):
            return []
        return sorted((each for each in mine if each["state"] == "pending"), key=lambda each: each["due_us"])

    def next_due_us(self, workspace: str) -> int | None:
        due = [each[2] for each in self.tasks_of(workspace)] + [each["due_us"] for each in self.pending(workspace)]
        return min(due, default=None)

    def clear(self, workspace: str) -> None:
        self.records = {key: value for key, value in self.records.items() if key[0] != workspace}
        self.tasks = [each for each in self.tasks if each[0] != workspace]
        self.deliveries = [each for each in self.deliveries if each["workspace"] != workspace]


def shown(delivery: dict[str, Any]) -> dict[str, Any]:
    """A delivery as the store gives it out."""
    return {"id": delivery["id"], "value": delivery["value"], "state": delivery["state"]}


class StoreLifecycle(RuleBasedStateMachine):
    """Calls of every part of a store, inside and outside of transactions and savepoints."""

    make: Callable[[Path], Store]

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.store = self.make(Path(self.folder.name))
        self.model = Model()
        self.blocks: list[tuple[AbstractContextManager[object], Model | None]] = []
        self.savepoints = 0
        self.dirty: dict[str, int] = {}
        self.number = 0
        self.taken: dict[str, int] = {}  # seq of deliveries, by id
        self.has_failed = False  # a transaction that was undone need not bring back old exchanges

    def mark(self, workspace: str, due_us: int = 0) -> None:
        self.dirty[workspace] = min(due_us, self.dirty.get(workspace, due_us))

    # Blocks

    @rule()
    def begin(self) -> None:
        """A transaction; within another one it joins that, and has nothing of its own to go back to."""
        block = self.store.transaction()
        block.__enter__()
        self.blocks.append((block, None if self.blocks else deepcopy(self.model)))

    @precondition(lambda self: self.blocks)
    @rule()
    def save(self) -> None:
        block = self.store.savepoint()
        block.__enter__()
        self.blocks.append((block, deepcopy(self.model)))
        self.savepoints += 1

    @precondition(lambda self: self.blocks)
    @rule()
    def end(self) -> None:
        block, before = self.blocks.pop()
        self.savepoints -= bool(self.blocks and before)
        block.__exit__(None, None, None)

    @precondition(lambda self: self.blocks)
    @rule()
    def fail(self) -> None:
        """An error leaves all blocks up to the first that can be undone, and is caught there."""
        self.has_failed, error = True, ZeroDivisionError()
        while self.blocks:
            block, before = self.blocks.pop()
            self.savepoints -= bool(self.blocks and before)
            block.__exit__(ZeroDivisionError, error, None)
            if before is not None:
                self.model = before
                return

    # Workspaces and credentials

    @rule(workspace=WORKSPACES)
    def add_workspace(self, workspace: str) -> None:
        if workspace in self.model.workspaces:
            with pytest.raises(StoreConflict):
                self.store.workspaces.add(workspace_row(workspace))
            return
        self.store.workspaces.add(workspace_row(workspace))
        self.model.workspaces[workspace] = workspace_row(workspace)
        self.model.exchanges[workspace], self.model.kept[workspace] = 0, []

    @rule(workspace=WORKSPACES, seed=st.sampled_from(["x", "y"]))
    def update_workspace(self, workspace: str, seed: str) -> None:
        self.store.workspaces.update(workspace_row(workspace, seed))
        self.mark(workspace)
        if workspace in self.model.workspaces:
            self.model.workspaces[workspace] = workspace_row(workspace, seed)

    @rule(workspace=WORKSPACES)
    def clear_workspace(self, workspace: str) -> None:
        self.store.workspaces.clear(workspace)
        self.model.clear(workspace)

    @precondition(lambda self: not self.blocks)  # an undone deletion need not bring back the exchanges
    @rule(workspace=WORKSPACES)
    def delete_workspace(self, workspace: str) -> None:
        self.store.workspaces.delete(workspace)
        self.model.clear(workspace)
        self.model.workspaces.pop(workspace, None)
        self.model.exchanges.pop(workspace, None)
        mine = [key for key, row in self.model.credentials.items() if row.workspace == workspace]
        for key in mine:
            del self.model.credentials[key]

    @rule(workspace=WORKSPACES, provider=PROVIDERS, key=KEYS)
    def add_credential(self, workspace: str, provider: str, key: str) -> None:
        row = CredentialRow(provider, key, workspace, b"{}")
        if (provider, key) in self.model.credentials:
            with pytest.raises(StoreConflict):
                self.store.credentials.add(row)
            return
        self.store.credentials.add(row)
        self.model.credentials[provider, key] = row

    @rule(workspace=WORKSPACES, provider=PROVIDERS, key=KEYS)
    def delete_credential(self, workspace: str, provider: str, key: str) -> None:
        found = self.model.credentials.get((provider, key))
        is_mine = found is not None and found.workspace == workspace
        if is_mine:
            del self.model.credentials[provider, key]

        assert self.store.credentials.delete(workspace, provider, key) == is_mine

    # Records

    @rule(workspace=WORKSPACES, provider=PROVIDERS, kind=KINDS, key=KEYS, value=VALUES)
    def put(self, workspace: str, provider: str, kind: str, key: str, value: Any) -> None:
        number = 1 if kind == "number" else value
        self.store.records.put(workspace, provider, kind, key, number)
        self.model.records[workspace, provider, kind, key] = number

    @rule(workspace=WORKSPACES, provider=PROVIDERS, key=KEYS)
    def increment(self, workspace: str, provider: str, key: str) -> None:
        place = (workspace, provider, "number", key)
        self.model.records[place] = self.model.records.get(place, 0) + 1

        assert self.store.records.increment(*place) == self.model.records[place]

    @rule(workspace=WORKSPACES, provider=PROVIDERS, kind=KINDS, key=KEYS)
    def delete(self, workspace: str, provider: str, kind: str, key: str) -> None:
        place = (workspace, provider, kind, key)
        is_there = place in self.model.records
        self.model.records.pop(place, None)

        assert self.store.records.delete(*place) == is_there

    # Tasks and deliveries

    @rule(workspace=WORKSPACES, provider=PROVIDERS, due_us=TIMES_US)
    def add_task(self, workspace: str, provider: str, due_us: int) -> None:
        self.number += 1
        self.store.tasks.add(workspace, provider, due_us, "tick", self.number, rng_key="")
        self.model.tasks.append((workspace, provider, due_us, self.number))
        self.mark(workspace, due_us)

    @rule(workspace=WORKSPACES, until_us=TIMES_US, providers=st.sets(PROVIDERS), limit=st.integers(1, 3))
    def take_due_tasks(self, workspace: str, until_us: int, providers: set[str], limit: int) -> None:
        due = [each for each in self.model.tasks_of(workspace) if each[2] <= until_us and each[1] in providers]
        rows = self.store.tasks.due(workspace, until_us, providers, limit=limit)
        assert [row.body for row in rows] == [b"%d" % each[3] for each in due[:limit]]
        self.store.tasks.remove(rows[:2])
        for each in due[: min(limit, 2)]:
            self.model.tasks.remove(each)

    @rule(workspace=WORKSPACES, due_us=TIMES_US, state=st.sampled_from(["pending", "pending", "delivered"]))
    def add_delivery(self, workspace: str, due_us: int, state: str) -> None:
        self.number += 1
        name = f"dlv-{self.number}"
        self.store.deliveries.add(workspace, name, due_us, {"id": name, "value": 0}, state=state)
        added = {"workspace": workspace, "id": name, "due_us": due_us, "state": state, "value": 0}
        self.model.deliveries.append(added)
        self.mark(workspace, due_us)

    @rule(workspace=WORKSPACES, until_us=TIMES_US)
    def take_due_delivery(self, workspace: str, until_us: int) -> None:
        due = [each for each in self.model.pending(workspace) if each["due_us"] <= until_us]
        row = self.store.deliveries.take_due(workspace, until_us)
        assert (row and orjson.loads(row.body)["id"]) == (due[0]["id"] if due else None)
        if row is not None:
            self.taken[due[0]["id"]] = row.seq
            due[0]["state"] = "sending"

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), state=st.sampled_from(["pending", "delivered", "failed"]), due_us=TIMES_US)
    def end_delivery(self, data: st.DataObject, state: str, due_us: int) -> None:
        """An attempt ends, or the delivery is put back, unless it is not being sent any more."""
        name = data.draw(st.sampled_from(sorted(self.taken)))
        seq = self.taken[name]
        sending = [each for each in self.model.deliveries if each["id"] == name and each["state"] == "sending"]
        assert self.store.deliveries.is_sending(seq) == bool(sending)
        if not sending:
            self.store.deliveries.put_back(seq)
        elif data.draw(st.booleans()):
            self.store.deliveries.put_back(seq)
            sending[0]["state"] = "pending"
        else:
            self.store.deliveries.update(seq, state, due_us, {"id": name, "value": due_us})
            sending[0].update(state=state, due_us=due_us, value=due_us)

    @rule()
    def put_back_all(self) -> None:
        self.store.deliveries.put_back_all()
        for each in self.model.deliveries:
            each["state"] = "pending" if each["state"] == "sending" else each["state"]

    @rule(workspace=WORKSPACES, keep=st.integers(0, 3))
    def trim(self, workspace: str, keep: int) -> None:
        mine = [each for each in self.model.deliveries if each["workspace"] == workspace]
        for each in mine[: max(0, len(mine) - keep)]:
            if each["state"] in ("delivered", "failed"):
                self.model.deliveries.remove(each)
        self.store.deliveries.trim(workspace, keep=keep)

    # Exchanges

    @precondition(lambda self: not self.savepoints and self.model.exchanges)  # a savepoint need not undo them
    @rule(data=st.data(), is_refused=st.booleans())
    def exchange(self, data: st.DataObject, is_refused: bool) -> None:
        workspace = data.draw(st.sampled_from(sorted(self.model.exchanges)))
        number = self.store.exchanges.next_number(workspace)
        self.model.exchanges[workspace] += 1
        assert number == self.model.exchanges[workspace]
        draft = ExchangeDraft(workspace, number, is_refused, lambda: b"%d" % number)
        self.store.exchanges.add(draft, keep=KEEP_EXCHANGES)
        self.model.kept[workspace].append(ExchangeRow(workspace, number, is_refused, b"%d" % number))

    # What a store shows

    @rule()
    def take_dirty(self) -> None:
        """Each changed workspace is given out once, as due no later than it is."""
        taken = self.store.take_dirty()
        assert all(taken[workspace] <= due_us for workspace, due_us in self.dirty.items())
        assert self.store.take_dirty() == {}
        self.dirty.clear()

    @invariant()
    def workspaces_are_those_of_the_model(self) -> None:
        store, model = self.store, self.model
        assert store.workspaces.ids(limit=9, offset=0) == sorted(model.workspaces)
        assert store.workspaces.count() == len(model.workspaces)
        assert {each: store.workspaces.get(each) for each in model.workspaces} == model.workspaces
        for provider, key in [("notes", "1"), ("notes", "2"), ("parcels", "3")]:
            row = model.credentials.get((provider, key))
            assert store.credentials.owner(provider, key) == (row and row.workspace)

    @invariant()
    def each_workspace_has_its_own(self) -> None:
        store, model = self.store, self.model
        for workspace in ("a", "b"):
            mine = [row for row in model.credentials.values() if row.workspace == workspace]
            assert list(store.credentials.of_workspace(workspace)) == sorted(mine)
            records = [(*key[1:], value) for key, value in model.records.items() if key[0] == workspace]
            assert list(store.records.of_workspace(workspace)) == records
            tasks = [(each.provider, each.due_us) for each in store.tasks.of_workspace(workspace)]
            assert tasks == [each[1:3] for each in model.tasks_of(workspace)]
            deliveries = [shown(each) for each in model.deliveries if each["workspace"] == workspace]
            assert list(store.deliveries.last(workspace)) == deliveries
            assert list(store.deliveries.last(workspace, limit=2)) == deliveries[-2:]
            assert store.next_due_us(workspace) == model.next_due_us(workspace)

    @invariant()
    def collections_are_counted_and_listed(self) -> None:
        place = ("a", "notes", "note")
        mine = [value for key, value in self.model.records.items() if key[:3] == place]
        assert list(self.store.records.newest(*place, limit=2, offset=1)) == mine[::-1][1:3]
        assert self.store.records.count(*place) == len(mine)
        assert self.store.records.has(*place, "1") == ((*place, "1") in self.model.records)
        assert self.store.records.get(*place, "1") == self.model.records.get((*place, "1"))

    @invariant()
    def exchanges_are_the_last_ones(self) -> None:
        for workspace, count in self.model.exchanges.items():
            rows = self.store.exchanges.last(workspace, after=0, limit=9, refused_only=False)
            assert self.store.exchanges.count(workspace) == count
            kept = [row for row in self.model.kept[workspace] if row.number > count - KEEP_EXCHANGES]
            assert rows == kept or (self.has_failed and set(rows) <= set(kept))

    @invariant()
    def cached_values_are_as_if_they_were_read(self) -> None:
        for workspace in ("a", "b"):
            place = (workspace, "notes", SEED, "1")
            row = self.store.cached(workspace, ("workspace",), partial(self.store.workspaces.get, workspace))
            seed = self.store.cached(workspace, (SEED,), partial(self.store.records.get, *place))
            assert (row, seed) == (self.model.workspaces.get(workspace), self.model.records.get(place))

    @invariant()
    def work_is_known(self) -> None:
        due = {each[0] for each in self.model.tasks}
        due |= {each["workspace"] for each in self.model.deliveries if each["state"] == "pending"}
        assert sorted(self.store.workspaces_with_work()) == sorted(due)
        for workspace in ("a", "b"):
            mine = [each for each in self.model.deliveries if each["workspace"] == workspace]
            is_sending = any(each["state"] == "sending" for each in mine)
            is_due = any(each["state"] == "pending" and each["due_us"] <= 4 for each in mine)
            assert self.store.deliveries.is_idle(workspace, 4) == (not is_sending and not is_due)

    def teardown(self) -> None:
        while self.blocks:
            self.blocks.pop()[0].__exit__(None, None, None)
        self.store.close()
        self.folder.cleanup()


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_store_shows_what_its_model_shows(make: Callable[[Path], Store]) -> None:
    """
    After any calls, in any transactions and savepoints, kept or undone, the store has what a plain model has.
    """

    class Lifecycle(StoreLifecycle):
        pass

    Lifecycle.make = staticmethod(make)
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
