"""Runs the workflows that an event fires, each once. A paused workflow's execution waits."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flowproof.kernel import ProviderContext
from flowproof.kernel.time.clock import instant_to_text

from . import actions, rules
from .models import Event, Execution, ExecutionState, Workflow
from .records import Records

__all__ = ["raise_event", "resume"]


def raise_event(entity_type: str, code: str, entity: Mapping[str, Any], context: ProviderContext) -> list[Execution]:
    """
    Raise an event about an entity.

    Args:
        entity_type: Of the entity.
        code: Of the trigger.
        entity: Members of the entity after the event; other members stay as they were.
        context: The workspace.

    Returns:
        One execution for each workflow that fired, in the order in which the workflows were configured.
    """
    records = Records(context.state)
    whole = {**(records.entity(entity_type, entity["id"]) or {}), **entity}
    records.put_entity(entity_type, whole)
    event = Event(records.next_id("evt"), entity_type, code, whole, instant_to_text(context.now))
    active = records.active_integrations()
    firing = [each for each in records.workflows() if rules.fires(each, event, active)]
    return [_run(workflow, event, context) for workflow in firing]


def _run(workflow: Workflow, event: Event, context: ProviderContext) -> Execution:
    records = Records(context.state)
    waiting = Execution(
        records.next_id("exe"), workflow.guid, workflow.name, workflow.action, event, ExecutionState.PAUSED
    )
    execution = waiting if workflow.paused else actions.perform(waiting, context)
    records.put_execution(execution)
    return execution


def resume(workflow: Workflow, context: ProviderContext) -> None:
    """Unpause a workflow and run its waiting executions, oldest first. Those of an inactive workflow keep waiting."""
    records = Records(context.state)
    records.put_workflow(replace(workflow, paused=False))
    if not workflow.active:
        return
    for execution in records.executions():
        if execution.workflow == workflow.guid and execution.state is ExecutionState.PAUSED:
            records.put_execution(actions.perform(execution, context))
