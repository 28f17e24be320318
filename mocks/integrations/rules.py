"""When an integration may be configured, when a workflow fires, and how a command changes either. Pure functions."""

import hmac
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from flowproof.conformance import Finding
from flowproof.errors import ConfigurationError
from flowproof.kernel.json_values import equal

from .errors import AlreadyConfigured, InvalidCredentials
from .mail import address_of
from .models import Action, Event, Integration, IntegrationStatus, Platform, Workflow

__all__ = [
    "check_action",
    "check_seed",
    "conditions_hold",
    "configure",
    "connect",
    "disable",
    "fires",
    "is_live",
    "toggle",
]

Json = Mapping[str, Any]


def connect(
    platform: Platform, credentials: Json, existing: Integration | None, *, guid: str, settings: Json, at: str
) -> Integration:
    """
    An active integration with a platform.

    Args:
        platform: What to connect to.
        credentials: As sent; not stored.
        existing: The integration with the platform, or None.
        guid: For a new integration; an existing one keeps its own.
        settings: As sent.
        at: Moment of connection.

    Raises:
        AlreadyConfigured: The integration is active.
        InvalidCredentials: The platform does not know the credentials.
    """
    if existing is not None and existing.status is IntegrationStatus.ACTIVE:
        finding = Finding(
            "request.body", "/providerId", "a platform that is not connected", f"{existing.guid} is active"
        )
        raise AlreadyConfigured([finding])
    wrong = sorted(
        name for name, right in platform.credentials_sha256.items() if not _has_digest(credentials.get(name), right)
    )
    if wrong:
        expected = f"the right {', '.join(wrong)}"
        raise InvalidCredentials([Finding("request.body", "/credentials", expected, "nothing, or another value")])
    guid = guid if existing is None else existing.guid
    return Integration(guid, platform.id, platform.name, platform.type, IntegrationStatus.ACTIVE, at, settings)


def _has_digest(credential: Any, digest: str) -> bool:
    made = sha256(credential.encode("utf-8", "surrogatepass")).hexdigest() if isinstance(credential, str) else ""
    return hmac.compare_digest(made, digest)


def disable(integration: Integration) -> Integration:
    """The integration, disabled. A disabled one stays disabled (integrations.disable.twice)."""
    return replace(integration, status=IntegrationStatus.DISABLED)


def configure(existing: Workflow | None, new: Workflow) -> Workflow:
    """A new active workflow; or the existing one with a new trigger, action and conditions, its guid and state kept."""
    if existing is None:
        return new
    return replace(existing, trigger=new.trigger, action=new.action, conditions=new.conditions)


def check_action(action: Json, templates: Collection[str]) -> Iterator[Finding]:
    """
    What an action names and the account does not have: a template, or a recipient that looks like an address.

    A word for a recipient is one of the entity's members, which no workflow knows before an event.
    """
    if action["type"] != Action.SEND_EMAIL:
        return
    recipient, template = action["recipient"], action.get("template")
    if "@" in recipient and address_of(recipient, {}) is None:
        yield _action_finding(
            "recipient",
            "integrations.action.email_recipient",
            "an e-mail address, or a word for one of the entity's",
            recipient,
        )
    if template is not None and template not in templates:
        known = (
            f"one of the templates {', '.join(sorted(templates))}" if templates else "left out: there are no templates"
        )
        yield _action_finding("template", "integrations.action.email_template", known, template)


def check_seed(seed: Json) -> None:
    """
    Check that the workflows of the seed data name templates and recipients that exist.

    Raises:
        ConfigurationError: One does not.
    """
    for workflow in seed["managedWorkflows"]:
        for finding in check_action(workflow["action"], seed["templates"]):
            where = f"{finding.pointer.lstrip('/').replace('/', '.')} {finding.demand}"
            raise ConfigurationError(f"The managed workflow {workflow['name']!r}: {where}.", "Change the seed data.")


def _action_finding(name: str, requirement: str, expected: str, got: str) -> Finding:
    return Finding("request.body", f"/action/{name}", expected, repr(got[:100]), requirement)


def toggle(workflow: Workflow) -> Workflow:
    return replace(workflow, active=not workflow.active)


def is_live(workflow: Workflow, active_integrations: Collection[str]) -> bool:
    """Whether a workflow exists for the provider's operations: a managed one only while its integration is active."""
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
    """Whether the entity has every member of the conditions, with an equal value."""
    return all(name in entity and equal(value, entity[name]) for name, value in conditions.items())
