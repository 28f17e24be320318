"""The operations of the contract: parse the request, apply the rules, store and render the result."""

import uuid
from collections.abc import Iterator
from typing import Any

from flask import Blueprint

from flowproof.conformance import Finding
from flowproof.kernel import ctx

from . import executions, rules
from .errors import InvalidConfiguration, NotFound
from .models import Integration, SeedData, Subscription, Workflow
from .records import Records

__all__ = ["routes"]

routes = Blueprint("integrations", __name__)


@routes.post("/api/integrations/provider/configure")
def configure_integration() -> Any:
    """Connect to a platform, also again to a disabled one."""
    body, records, seed = ctx.json, Records(ctx.state), SeedData(ctx.seed)
    platform = seed.platform(body["providerId"], body["providerType"])
    if platform is None:
        raise _not_found("Provider", "/providerId", body["providerId"], "configure.known_provider", "request.body")
    guids, before = _guids(), records.integration_with(platform.id)
    integration = rules.connect(
        platform,
        body["credentials"],
        before,
        guid=next(guids),
        settings=body.get("settings", {}),
        at=f"{ctx.now:%Y-%m-%dT%H:%M:%SZ}",
    )
    records.put_integration(integration)
    if before is None:
        for workflow in seed.managed(integration, guids):
            records.put_workflow(workflow)
    return _success(
        {
            "guid": integration.guid,
            "provider": integration.provider,
            "status": integration.status,
            "connectedAt": integration.connected_at,
        }
    )


@routes.get("/api/integrations/provider/disable/<business_provider_id>")
def disable_integration(business_provider_id: str) -> Any:
    """Disable an integration: a GET that changes state."""
    integration = rules.disable(_integration(business_provider_id))
    Records(ctx.state).put_integration(integration)
    return _success({"guid": integration.guid, "status": integration.status})


@routes.delete("/api/integrations/providers/ecommerce/remove/<business_provider_id>")
def remove_integration(business_provider_id: str) -> Any:
    """Remove an integration. The path names the type ``ecommerce``; one of another type is not found."""
    integration = _integration(business_provider_id)
    if integration.type != "ecommerce":
        raise _not_found("Integration", "/businessProviderId", business_provider_id, "remove.ecommerce")
    Records(ctx.state).remove_integration(integration.guid)
    return _success()


@routes.post("/api/integrations/save-vapid-subscription")
def save_push_subscription() -> Any:
    keys = ctx.json["keys"]
    Records(ctx.state).put_subscription(Subscription(ctx.json["endpoint"], keys["p256dh"], keys["auth"]))
    return _success()


@routes.get("/api/workflows/triggers/<entity_type>")
def list_triggers(entity_type: str) -> Any:
    return _success(
        [
            {"guid": each.guid, "name": each.name, "code": each.code, "description": each.description}
            for each in SeedData(ctx.seed).triggers(entity_type)
        ]
    )


@routes.get("/api/workflows/<entity_type>/configured")
def list_workflows(entity_type: str) -> Any:
    """The workflows of an entity type, managed ones only where the query asks for them."""
    records = Records(ctx.state)
    managed = ctx.flag("managed")
    active = records.active_integrations()
    live = (each for each in records.workflows() if rules.is_live(each, active))
    listed = (each for each in live if managed or each.integration is None)
    return _success([each.listed() for each in listed if each.entity_type == entity_type])


@routes.post("/api/workflows/configure")
def configure_workflow() -> Any:
    """Create a workflow, or change the one of that name and entity type."""
    body, records = ctx.json, Records(ctx.state)
    trigger = SeedData(ctx.seed).trigger(body["entityType"], body["triggerId"])
    if trigger is None:
        raise _not_found("Trigger", "/triggerId", body["triggerId"], "workflow.trigger_known", "request.body")
    findings = ctx.context.filtered(tuple(rules.check_action(body["action"], SeedData(ctx.seed).templates)))
    if findings:
        raise InvalidConfiguration(findings)
    workflow = rules.configure(
        records.workflow_named(body["entityType"], body["name"]),
        Workflow(
            guid=next(_guids()),
            name=body["name"],
            entity_type=body["entityType"],
            trigger=trigger.code,
            action=body["action"],
            conditions=body.get("conditions", {}),
        ),
    )
    records.put_workflow(workflow)
    return _success({"guid": workflow.guid, "name": workflow.name, "isActive": workflow.active})


@routes.get("/api/workflows/configured/<guid>/toggle")
def toggle_workflow(guid: str) -> Any:
    """Activate or deactivate a workflow: a GET that changes state."""
    workflow = rules.toggle(_workflow(guid))
    Records(ctx.state).put_workflow(workflow)
    return _success({"guid": workflow.guid, "isActive": workflow.active})


@routes.delete("/api/workflows/configured/<guid>")
def delete_workflow(guid: str) -> Any:
    Records(ctx.state).remove_workflow(_workflow(guid).guid)
    return _success()


@routes.get("/api/workflows/resume-workflow")
def resume_workflow() -> Any:
    """Run the waiting executions of a paused workflow: a GET that changes state."""
    workflow_id = ctx.query["workflowId"]
    executions.resume(_workflow(workflow_id, where="request.query", pointer="/workflowId"), ctx.context)
    return _success()


def _success(data: Any = None) -> dict[str, Any]:
    """The documented envelope, with or without data."""
    return {"success": True} if data is None else {"data": data, "success": True}


def _guids() -> Iterator[str]:
    """New identifiers from the workspace's random source."""
    while True:
        yield str(uuid.UUID(int=ctx.rng.getrandbits(128), version=4))


def _integration(guid: str) -> Integration:
    found = Records(ctx.state).integration(guid)
    if found is None:
        raise _not_found("Integration", "/businessProviderId", guid, "integration.not_found")
    return found


def _workflow(guid: str, *, where: str = "request.path", pointer: str = "/guid") -> Workflow:
    records = Records(ctx.state)
    found = records.workflow(guid)
    if found is None or not rules.is_live(found, records.active_integrations()):
        raise _not_found("Workflow", pointer, guid, "workflow.not_found", where)
    return found


def _not_found(what: str, pointer: str, got: str, requirement: str, where: str = "request.path") -> NotFound:
    expected = f"the id of {'an' if what[0] in 'AEIOU' else 'a'} {what.lower()}"
    return NotFound([Finding(where, pointer, expected, repr(got), f"integrations.{requirement}")], what=what)
