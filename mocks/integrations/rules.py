"""When an integration may be configured, when a workflow fires, and what a command does to either. Pure functions."""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from flowproof.conformance import Finding

from .errors import AlreadyConfigured, InvalidCredentials
from .models import Event, Integration, IntegrationStatus, Platform, Workflow

__all__ = ["conditions_hold", "configured", "connected", "disabled", "fires", "is_live", "toggled"]

Json = Mapping[str, Any]


def connected(
    platform: Platform, credentials: Json, before: Integration | None, *, guid: str, settings: Json, at: str
) -> Integration:
    """
    An active integration with a platform.

    Args:
        platform: What to connect to.
        credentials: As sent; they are looked at and forgotten.
        before: The integration with it that there is, or None.
        guid: For a new one; a disabled one keeps its own.
        settings: As sent.
        at: Moment of connection.

    Raises:
        AlreadyConfigured: It is active.
        InvalidCredentials: The platform does not know the credentials.
    """
    if before is not None and before.status is IntegrationStatus.ACTIVE:
        finding = Finding("request.body", "/providerId", "a platform that is not connected", f"{before.guid} is active")
        raise AlreadyConfigured([finding])
    wrong = sorted(name for name, right in platform.credentials_sha256.items() if not _is(credentials.get(name), right))
    if wrong:
        expected = f"the right {', '.join(wrong)}"
        raise InvalidCredentials([Finding("request.body", "/credentials", expected, "nothing, or another value")])
    kept = guid if before is None else before.guid
    return Integration(kept, platform.id, platform.name, platform.type, IntegrationStatus.ACTIVE, at, settings)


def _is(given: Any, digest: str) -> bool:
    made = sha256(given.encode("utf-8", "surrogatepass")).hexdigest() if isinstance(given, str) else ""
    return hmac.compare_digest(made, digest)


def disabled(integration: Integration) -> Integration:
    """The integration, which is disabled; one that was so already stays so (requirement …disable.twice)."""
    return replace(integration, status=IntegrationStatus.DISABLED)


def configured(before: Workflow | None, wanted: Workflow) -> Workflow:
    """A new workflow, active; or the one that is there with what it is to do, its guid and side kept."""
    if before is None:
        return wanted
    return replace(before, trigger=wanted.trigger, action=wanted.action, conditions=wanted.conditions)


def toggled(workflow: Workflow) -> Workflow:
    """The workflow on its other side."""
    return replace(workflow, active=not workflow.active)


def is_live(workflow: Workflow, active_integrations: Collection[str]) -> bool:
    """Whether a workflow is there at all: a managed one only while its integration is active."""
    return workflow.integration is None or workflow.integration in active_integrations


def fires(workflow: Workflow, event: Event, active_integrations: Collection[str]) -> bool:
    """Whether an event runs a workflow."""
    return (
        workflow.active
        and is_live(workflow, active_integrations)
        and (workflow.entity_type, workflow.trigger) == (event.entity_type, event.code)
        and conditions_hold(workflow.conditions, event.entity)
    )


def conditions_hold(conditions: Json, entity: Json) -> bool:
    """Whether an entity has each member that the conditions name, with exactly that value."""
    return all(name in entity and _same(value, entity[name]) for name, value in conditions.items())


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; Python would take true for 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
