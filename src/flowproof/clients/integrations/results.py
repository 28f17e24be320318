"""
What comes back from the Integrations API, as frozen values. What they do not name is kept in `raw`.

Source:
    seeds/004, the responses. Documented.
"""

from dataclasses import dataclass, field
from typing import Self

from flowproof.clients.responses import Json, JsonNode

__all__ = ["Integration", "Trigger", "Workflow"]


@dataclass(frozen=True, slots=True)
class Integration:
    """
    An integration; a response may lack some fields.

    Args:
        guid: Identifier, which paths call `businessProviderId`.
        status: `active` or `disabled`.
        provider: Name of the platform; None where the response leaves it out.
        connected_at: When it was connected, in the provider's words; None where the response leaves it out.
        raw: The JSON as received.
    """

    guid: str
    status: str
    provider: str | None
    connected_at: str | None
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        return cls(
            guid=node.required_text("guid"),
            status=node.required_text("status"),
            provider=node.text("provider"),
            connected_at=node.text("connectedAt"),
            raw=node.members(),
        )


@dataclass(frozen=True, slots=True)
class Trigger:
    """What can befall an entity of a type."""

    guid: str
    name: str
    code: str
    description: str | None
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        return cls(
            guid=node.required_text("guid"),
            name=node.required_text("name"),
            code=node.required_text("code"),
            description=node.text("description"),
            raw=node.members(),
        )


@dataclass(frozen=True, slots=True)
class Workflow:
    """
    A workflow: a list has all fields, configuring returns three, toggling two.

    Args:
        guid: Identifier.
        is_active: Whether it is enabled.
        name: Its name.
        entity_type: What it is about.
        trigger: Code of its trigger.
        action: Type of its action.
        is_managed: Whether the provider manages it.
        raw: The JSON as received.
    """

    guid: str
    is_active: bool
    name: str | None
    entity_type: str | None
    trigger: str | None
    action: str | None
    is_managed: bool | None
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        """Read the `data` of a response, or one member of it."""
        active = _flag(node, "isActive")
        if active is None:
            raise node.response.unexpected(f"{node.where}/isActive", "is missing")
        return cls(
            guid=node.required_text("guid"),
            is_active=active,
            name=node.text("name"),
            entity_type=node.text("entityType"),
            trigger=node.text("trigger"),
            action=node.text("action"),
            is_managed=_flag(node, "isManaged"),
            raw=node.members(),
        )


def _flag(node: JsonNode, name: str) -> bool | None:
    value = node.child(name).value
    if value is None or isinstance(value, bool):
        return value
    raise node.response.unexpected(f"{node.where}/{name}", "is not a boolean")
