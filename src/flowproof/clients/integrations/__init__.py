"""The client of the Integrations API (CargoPilot Dispatch)."""

from flowproof.clients.integrations.bodies import (
    Action,
    EntityType,
    IntegrationSettings,
    PushKeys,
    PushSubscription,
    SendEmail,
    SendPush,
    UpdateStatus,
    WebhookCall,
)
from flowproof.clients.integrations.client import Integrations
from flowproof.clients.integrations.results import Integration, Trigger, Workflow

__all__ = [
    "Action",
    "EntityType",
    "Integration",
    "IntegrationSettings",
    "Integrations",
    "PushKeys",
    "PushSubscription",
    "SendEmail",
    "SendPush",
    "Trigger",
    "UpdateStatus",
    "WebhookCall",
    "Workflow",
]
