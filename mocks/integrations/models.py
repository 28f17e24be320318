"""The provider's records: integrations, workflows, events, executions, and the states that they go through."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

__all__ = [
    "ENTITY_TYPES",
    "Action",
    "Event",
    "Execution",
    "ExecutionState",
    "Integration",
    "IntegrationStatus",
    "Platform",
    "SeedData",
    "Subscription",
    "Trigger",
    "Workflow",
]

Json = Mapping[str, Any]

ENTITY_TYPES = ("Order", "Shipment", "Customer", "Product")


class IntegrationStatus(StrEnum):
    """The two documented statuses."""

    ACTIVE = "active"
    DISABLED = "disabled"


class Action(StrEnum):
    """The four documented types of action."""

    SEND_EMAIL = "send_email"
    SEND_PUSH = "send_push"
    WEBHOOK = "webhook"
    UPDATE_STATUS = "update_status"


class ExecutionState(StrEnum):
    """The state of an execution. Only pausing is documented. Whether it has completed is read from its deliveries."""

    PAUSED = "paused"
    PERFORMED = "performed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Platform:
    """
    An external platform that can be integrated with.

    Args:
        id: What a configuration names.
        name: For people.
        type: Such as ``ecommerce``.
        credentials_sha256: SHA-256 in hex of each right credential; none where all are right.
    """

    id: str
    name: str
    type: str
    credentials_sha256: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trigger:
    """An event that can be raised about an entity of a type."""

    guid: str
    name: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Integration:
    """
    A connection to a platform. Its credentials are checked once and stored nowhere.

    Args:
        guid: Names it in paths.
        provider_id: The platform's id.
        provider: The platform's name.
        type: The platform's type.
        status: Active or disabled.
        connected_at: ISO 8601 to the second, with ``Z``.
        settings: As configured.
    """

    guid: str
    provider_id: str
    provider: str
    type: str
    status: IntegrationStatus
    connected_at: str
    settings: Json = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(**{**value, "status": IntegrationStatus(value["status"])})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Workflow:
    """
    An action that is performed when an event is raised about an entity.

    Args:
        guid: Names it in paths.
        name: Names it, with its entity type, to whoever configures it again.
        entity_type: Of the entity.
        trigger: Code of the trigger.
        action: With its ``type``.
        conditions: What the entity must have.
        active: The side that it was toggled to.
        integration: The integration that manages it, by guid; None where nobody does.
        paused: Its executions wait before their action.
    """

    guid: str
    name: str
    entity_type: str
    trigger: str
    action: Json
    conditions: Json
    active: bool = True
    integration: str | None = None
    paused: bool = False

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(**value)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def listed(self) -> dict[str, Any]:
        """
        The workflow as a list shows it: trigger and action as text.

        Source:
            Seed 004, Get Configured Workflows.
        """
        return {
            "guid": self.guid,
            "name": self.name,
            "entityType": self.entity_type,
            "trigger": self.trigger,
            "action": self.action["type"],
            "isActive": self.active,
            "isManaged": self.integration is not None,
        }


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser's push subscription: its endpoint, and its keys as sent."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Event:
    """
    An event about an entity.

    Args:
        id: Such as ``evt-3``.
        entity_type: Of the entity.
        code: Of the trigger.
        entity: The whole entity after the event.
        occurred_at: ISO 8601 with milliseconds and ``Z``.
    """

    id: str
    entity_type: str
    code: str
    entity: Json
    occurred_at: str


@dataclass(frozen=True, slots=True)
class Execution:
    """
    One run of a workflow.

    Args:
        id: Such as ``exe-3``.
        workflow: Guid.
        name: The workflow's name.
        action: The action as the workflow had it when it fired.
        event: What set it off.
        state: How far it is.
        errors: What went wrong before anything was sent.
        deliveries: Ids of its deliveries in the workspace's outbox of webhooks.
        mail: Id of its e-mail.
    """

    id: str
    workflow: str
    name: str
    action: Json
    event: Event
    state: ExecutionState
    errors: tuple[str, ...] = ()
    deliveries: tuple[str, ...] = ()
    mail: str | None = None

    @classmethod
    def from_json(cls, value: Json) -> Self:
        tuples = {key: tuple(value[key]) for key in ("errors", "deliveries")}
        return cls(**{**value, **tuples, "event": Event(**value["event"]), "state": ExecutionState(value["state"])})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SeedData:
    """The seed data of a workspace, each part parsed when it is read."""

    raw: Json

    def platform(self, platform_id: str, platform_type: str) -> Platform | None:
        for each in self.raw["providers"]:
            if (each["id"], each["type"]) == (platform_id, platform_type):
                return Platform(each["id"], each["name"], each["type"], each["credentialsSha256"])
        return None

    def triggers(self, entity_type: str) -> Iterable[Trigger]:
        return (Trigger(**each) for each in self.raw["triggers"][entity_type])

    def trigger(self, entity_type: str, guid: str) -> Trigger | None:
        return next((each for each in self.triggers(entity_type) if each.guid == guid), None)

    @property
    def templates(self) -> Json:
        """Subject and text of each e-mail, by name."""
        templates: Json = self.raw["templates"]
        return templates

    def managed(self, integration: Integration, guids: Iterator[str]) -> Iterator[Workflow]:
        """The workflows that come with an integration."""
        for each in self.raw["managedWorkflows"]:
            if each["providerId"] == integration.provider_id:
                yield Workflow(
                    guid=next(guids),
                    name=each["name"],
                    entity_type=each["entityType"],
                    trigger=each["trigger"],
                    action=each["action"],
                    conditions=each["conditions"],
                    integration=integration.guid,
                )

    @property
    def settings(self) -> Json:
        """Mail server, sender, and the contact that push services are given."""
        settings: Json = self.raw["settings"]
        return settings
