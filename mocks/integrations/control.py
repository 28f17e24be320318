"""Control API operations: raise events, pause workflows, and list executions, entities, e-mails and subscriptions."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint

from flowproof.errors import ConfigurationError
from flowproof.kernel import ProviderContext
from flowproof.kernel.control.context import NotFoundProblem, control_ctx

from . import executions
from .models import Execution, ExecutionState, SeedData
from .records import Records
from .webhooks import push_private_key

__all__ = ["control"]

control = Blueprint("integrations_control", __name__)


@control.post("/events")
def raise_event(workspace: str) -> tuple[Any, int]:
    """Raise an event about an entity. The workflows that it fires run at once."""
    context = _context(workspace)
    event = control_ctx.checked_body(context, "event.schema.json")
    codes = [trigger.code for trigger in SeedData(context.seed).triggers(event["entityType"])]
    if event["code"] not in codes:
        known = ", ".join(codes) or "none"
        raise ConfigurationError(f"{event['entityType']} has no trigger {event['code']}.", f"It has: {known}.")
    started = executions.raise_event(event["entityType"], event["code"], event["entity"], context)
    return {"executions": [_shown(each, context) for each in started]}, 201


@control.get("/executions")
def list_executions(workspace: str) -> Any:
    """All executions, oldest first, each with its progress."""
    context = _context(workspace)
    return {"executions": [_shown(each, context) for each in Records(context.state).executions()]}


@control.get("/entities/<entity_type>/<entity_id>")
def get_entity(workspace: str, entity_type: str, entity_id: str) -> Any:
    entity = Records(_context(workspace).state).entity(entity_type, entity_id)
    if entity is None:
        raise NotFoundProblem(f"No event has befallen the {entity_type} {entity_id}.")
    return entity


@control.get("/integrations")
def list_integrations(workspace: str) -> Any:
    """All integrations. Their credentials are stored nowhere."""
    return {"integrations": [each.to_json() for each in Records(_context(workspace).state).integrations()]}


@control.get("/workflows")
def list_workflows(workspace: str) -> Any:
    """All workflows, managed ones included, with what the provider's lists leave out."""
    return {"workflows": [each.to_json() for each in Records(_context(workspace).state).workflows()]}


@control.post("/workflows/<guid>/pause")
def pause_workflow(workspace: str, guid: str) -> Any:
    """Make a workflow's executions wait before their action, until the provider's own operation resumes it."""
    records = Records(_context(workspace).state)
    workflow = records.workflow(guid)
    if workflow is None:
        raise NotFoundProblem(f"There is no workflow {guid}.")
    paused = replace(workflow, paused=True)
    records.put_workflow(paused)
    return paused.to_json()


@control.get("/mails")
def list_mails(workspace: str) -> Any:
    """All e-mails, oldest first, including those sent to a mail server."""
    return {"mails": list(Records(_context(workspace).state).mails())}


@control.get("/push")
def show_push(workspace: str) -> Any:
    """The public key that a browser subscribes with, and the saved endpoints."""
    from . import push  # noqa: PLC0415 (cryptography takes long to load; only who pushes should wait for it)

    context = _context(workspace)
    endpoints = [each.endpoint for each in Records(context.state).subscriptions()]
    return {"applicationServerKey": push.application_server_key(push_private_key(context)), "endpoints": endpoints}


def _context(workspace: str) -> ProviderContext:
    """The workspace, with other random numbers after each event."""
    events = control_ctx.provider_context(workspace, "integrations").state.get("counter", "evt") or 0
    return control_ctx.provider_context(workspace, "integrations", rng_key=f"control-{events}")


def _shown(execution: Execution, context: ProviderContext) -> dict[str, Any]:
    state, errors = _progress(execution, context)
    return {
        "id": execution.id,
        "workflow": {"guid": execution.workflow, "name": execution.name},
        "action": execution.action,
        "event": asdict(execution.event),
        "state": state,
        "errors": errors,
        "deliveries": list(execution.deliveries),
        "mail": execution.mail,
    }


def _progress(execution: Execution, context: ProviderContext) -> tuple[str, list[str]]:
    """``paused``, ``running`` until every delivery has arrived, ``completed``, or ``failed`` with the reasons."""
    if execution.state is ExecutionState.PAUSED:
        return "paused", []
    store, workspace = context.state.store, context.state.workspace
    deliveries = [store.deliveries.get(workspace, each) for each in execution.deliveries]
    given_up = [each for each in deliveries if each and each["state"] == "failed"]
    errors = [*execution.errors, *(f"{each['id']}: {_reason(each)}" for each in given_up)]
    if any(each and each["state"] in ("pending", "sending") for each in deliveries):
        return "running", errors
    return ("failed" if errors else "completed"), errors


def _reason(delivery: Mapping[str, Any]) -> str:
    last = delivery["attempts"][-1] if delivery["attempts"] else {"error": "never tried", "status": 0}
    return str(last["error"] or f"answered {last['status']}")
