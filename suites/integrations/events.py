"""Events about entities on a mock, and the executions that they start, through the control API."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from flowproof.target import Workspace

__all__ = ["Events"]

Json = Mapping[str, Any]


class Events:
    """
    Raises events in a workspace and reads the executions.

    Args:
        workspace: Where.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def happen(self, entity_type: str, code: str, entity: Json) -> Sequence[Json]:
        """Raise an event about an entity; returns the executions that it started."""
        event = {"entityType": entity_type, "code": code, "entity": entity}
        return cast("Sequence[Json]", self.workspace.control("POST", "integrations/events", event)["executions"])

    def executions(self) -> Sequence[Json]:
        """All executions, oldest first."""
        return cast("Sequence[Json]", self.workspace.control("GET", "integrations/executions")["executions"])

    def entity(self, entity_type: str, entity_id: str) -> Json:
        return cast("Json", self.workspace.control("GET", f"integrations/entities/{entity_type}/{entity_id}"))

    def pause(self, guid: str) -> None:
        """Pause a workflow."""
        self.workspace.control("POST", f"integrations/workflows/{guid}/pause")

    def mails(self) -> Sequence[Json]:
        """All e-mails, oldest first."""
        return cast("Sequence[Json]", self.workspace.control("GET", "integrations/mails")["mails"])

    def deliveries(self) -> Sequence[Json]:
        """The outbox of webhooks, oldest first."""
        return cast("Sequence[Json]", self.workspace.control("GET", "webhooks")["deliveries"])
