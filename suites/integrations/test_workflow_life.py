"""Workflows as a state machine: a model predicts which workflows fire."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from flowproof.clients import NotFound, Refused
from flowproof.clients.integrations import Integrations
from flowproof.target import Workspace

from .events import Events
from .setup import EXAMPLE

CODES = ("shipment_delivered", "shipment_created")
STATUSES = ("delivered", "lost")
NAMES = ("One", "Two", "Three")
MANAGED = "Import tracking"


@dataclass
class Expected:
    """
    The model of one workflow.

    Args:
        guid: As the provider gave it.
        name: Its name.
        code: Of its trigger.
        status: Condition; None where there is none.
        writes: The status that its action gives the entity.
        active: Its side.
        paused: Whether its executions wait.
        managed: Whether it came with the integration.
        waiting: Entities whose executions wait.
    """

    guid: str
    name: str
    code: str
    status: str | None
    writes: str
    active: bool = True
    paused: bool = False
    managed: bool = False
    waiting: list[str] = field(default_factory=list)


class WorkflowLife(RuleBasedStateMachine):
    """Workflows of shipments, and the integration that manages one of them."""

    make_workspace: Callable[..., Workspace]
    make_integrations: Callable[..., Integrations]

    @initialize()
    def open_account(self) -> None:
        self.workspace = self.make_workspace()
        self.integrations, self.events = self.make_integrations(self.workspace), Events(self.workspace)
        self.triggers = {each.code: each.guid for each in self.integrations.triggers("Shipment")}
        self.workflows: list[Expected] = []
        self.gone: list[str] = []
        self.entities: dict[str, str] = {}
        self.executions: list[str] = []
        self.integration: str | None = None
        self.enabled = False

    def teardown(self) -> None:
        if hasattr(self, "workspace"):
            self.workspace.delete()

    def live(self) -> list[Expected]:
        """The existing workflows: managed ones only while the integration is active."""
        return [each for each in self.workflows if self.enabled or not each.managed]

    @rule(name=st.sampled_from(NAMES), code=st.sampled_from(CODES), status=st.sampled_from([None, *STATUSES]))
    def configure(self, name: str, code: str, status: str | None) -> None:
        writes = f"by {name}"
        conditions = None if status is None else {"status": status}
        action = {"type": "update_status", "status": writes}
        made = self.integrations.configure_workflow(name, "Shipment", self.triggers[code], action, conditions)
        before = next((each for each in self.workflows if each.name == name and not each.managed), None)
        if before is None:
            assert made.guid not in {*self.gone, *(each.guid for each in self.workflows)}
            self.workflows.append(Expected(made.guid, name, code, status, writes))
            assert made.is_active
            return
        assert (made.guid, made.is_active) == (before.guid, before.active)
        before.code, before.status = code, status

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def toggle(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sampled_from(self.live()))
        chosen.active = not chosen.active
        assert self.integrations.toggle(chosen.guid).is_active is chosen.active

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sampled_from(self.live()))
        self.integrations.delete(chosen.guid)
        self.workflows.remove(chosen)
        self.gone.append(chosen.guid)

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def touch_what_is_gone(self, data: st.DataObject) -> None:
        guid = data.draw(st.sampled_from(self.gone))
        for ask in (self.integrations.toggle, self.integrations.delete, self.integrations.resume):
            with pytest.raises(NotFound):
                ask(guid)

    @rule()
    def connect(self) -> None:
        if self.enabled:
            with pytest.raises(Refused) as refused:
                self.integrations.configure(EXAMPLE.id, EXAMPLE.credentials)
            assert refused.value.code == "CONFLICT"
            return
        made = self.integrations.configure(EXAMPLE.id, EXAMPLE.credentials)
        self.enabled = True
        if self.integration is not None:
            assert made.guid == self.integration
            return
        self.integration = made.guid
        (managed,) = (each for each in self.integrations.workflows("Shipment", managed=True) if each.is_managed)
        expected = Expected(managed.guid, MANAGED, "shipment_created", None, "tracked", managed=True)
        self.workflows.append(expected)

    @precondition(lambda self: self.integration is not None)
    @rule()
    def disable(self) -> None:
        assert self.integrations.disable(self.integration or "").status == "disabled"
        self.enabled = False

    @precondition(lambda self: self.integration is not None)
    @rule()
    def remove(self) -> None:
        self.integrations.remove(self.integration or "")
        self.gone += [each.guid for each in self.workflows if each.managed]
        self.workflows = [each for each in self.workflows if not each.managed]
        self.integration, self.enabled = None, False

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def pause(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sampled_from(self.live()))
        self.events.pause(chosen.guid)
        chosen.paused = True

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sampled_from(self.live()))
        self.integrations.resume(chosen.guid)
        chosen.paused = False
        if chosen.active:
            self.entities |= dict.fromkeys(chosen.waiting, chosen.writes)
            chosen.waiting.clear()

    @rule(code=st.sampled_from(CODES), status=st.sampled_from(STATUSES), entity=st.sampled_from(["S1", "S2"]))
    def happen(self, code: str, status: str, entity: str) -> None:
        change = {"id": entity, "status": status}
        came = self.events.happen("Shipment", code, change)
        firing = [each for each in self.live() if each.active and each.code == code and each.status in (None, status)]
        assert [each["workflow"]["guid"] for each in came] == [each.guid for each in firing]
        assert [each["state"] for each in came] == ["paused" if each.paused else "completed" for each in firing]
        self.entities[entity] = status
        for each in firing:
            self.executions.append(each.guid)
            if each.paused:
                each.waiting.append(entity)
            else:
                self.entities[entity] = each.writes

    @rule()
    def restart_from_a_snapshot(self) -> None:
        self.workspace.restore(self.workspace.snapshot())

    @invariant()
    def lists_show_what_is_there(self) -> None:
        if hasattr(self, "workspace"):
            shown = self.integrations.workflows("Shipment", managed=True)
            expected = [(each.guid, each.name, each.code, each.active, each.managed) for each in self.live()]
            assert [(each.guid, each.name, each.trigger, each.is_active, each.is_managed) for each in shown] == expected

    @invariant()
    def every_event_fired_each_match_exactly_once(self) -> None:
        if hasattr(self, "workspace"):
            assert [each["workflow"]["guid"] for each in self.events.executions()] == self.executions

    @invariant()
    def entities_have_the_status_written_last(self) -> None:
        for entity, status in getattr(self, "entities", {}).items():
            assert self.events.entity("Shipment", entity)["status"] == status


@pytest.mark.requirement("integrations.run.matching", "integrations.run.inactive", "integrations.run.deleted")
@pytest.mark.requirement("integrations.run.unmanaged", "integrations.run.paused", "integrations.run.resumed")
@pytest.mark.requirement(
    "integrations.workflow.update", "integrations.workflow.toggle", "integrations.workflow.deleted"
)
def test_workflow_life(
    make_workspace: Callable[..., Workspace], make_integrations: Callable[..., Integrations]
) -> None:
    """
    Whatever happens, an inactive, deleted or unmanaged workflow never fires, and every event fires each match once.
    """
    fixtures = {
        "make_workspace": staticmethod(make_workspace),
        "make_integrations": staticmethod(make_integrations),
    }
    machine = type("WorkflowLifeHere", (WorkflowLife,), fixtures)

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=settings().max_examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
