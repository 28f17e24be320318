"""The records of one workspace: integrations, workflows, subscriptions, entities, executions, e-mails."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flowproof.kernel import State

from .models import Execution, Integration, IntegrationStatus, Subscription, Workflow

__all__ = ["Records"]

INTEGRATION = "integration"
WORKFLOW = "workflow"
SUBSCRIPTION = "subscription"
EXECUTION = "execution"
MAIL = "mail"
COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Records:
    """The shelves of a workspace."""

    state: State

    def next_id(self, prefix: str) -> str:
        """Such as ``evt-3``: counted, and never used twice."""
        number = (self.state.get(COUNTER, prefix) or 0) + 1
        self.state.put(COUNTER, prefix, number)
        return f"{prefix}-{number}"

    def put_integration(self, integration: Integration) -> None:
        """Keep an integration."""
        self.state.put(INTEGRATION, integration.guid, integration.to_json())

    def integrations(self) -> list[Integration]:
        """All of them, the oldest first."""
        return [Integration.from_json(each) for each in reversed(self.state.newest(INTEGRATION))]

    def integration(self, guid: str) -> Integration | None:
        """One by its guid."""
        found = self.state.get(INTEGRATION, guid)
        return Integration.from_json(found) if found else None

    def integration_with(self, provider_id: str) -> Integration | None:
        """The one with that platform."""
        return next((each for each in self.integrations() if each.provider_id == provider_id), None)

    def active_integrations(self) -> frozenset[str]:
        """Guids of those that are active."""
        return frozenset(each.guid for each in self.integrations() if each.status is IntegrationStatus.ACTIVE)

    def remove_integration(self, guid: str) -> None:
        """Forget an integration, and the workflows that it manages."""
        self.state.delete(INTEGRATION, guid)
        for each in self.workflows():
            if each.integration == guid:
                self.remove_workflow(each.guid)

    def put_workflow(self, workflow: Workflow) -> None:
        """Keep a workflow."""
        self.state.put(WORKFLOW, workflow.guid, workflow.to_json())

    def workflows(self) -> list[Workflow]:
        """All of them, the oldest first."""
        return [Workflow.from_json(each) for each in reversed(self.state.newest(WORKFLOW))]

    def workflow(self, guid: str) -> Workflow | None:
        """One by its guid."""
        found = self.state.get(WORKFLOW, guid)
        return Workflow.from_json(found) if found else None

    def workflow_named(self, entity_type: str, name: str) -> Workflow | None:
        """The one of that name for an entity type that nobody manages."""
        own = (each for each in self.workflows() if each.integration is None)
        return next((each for each in own if (each.entity_type, each.name) == (entity_type, name)), None)

    def remove_workflow(self, guid: str) -> None:
        """Forget a workflow."""
        self.state.delete(WORKFLOW, guid)

    def put_subscription(self, subscription: Subscription) -> None:
        """Keep a subscription, in the place of the one for its endpoint."""
        self.state.put(SUBSCRIPTION, subscription.endpoint, asdict(subscription))

    def subscriptions(self) -> list[Subscription]:
        """All of them, the oldest first."""
        return [Subscription(**each) for each in reversed(self.state.newest(SUBSCRIPTION))]

    def entity(self, entity_type: str, entity_id: str) -> Any:
        """An entity as it is now, or None."""
        return self.state.get(f"entity/{entity_type}", entity_id)

    def put_entity(self, entity_type: str, entity: Any) -> None:
        """Keep an entity."""
        self.state.put(f"entity/{entity_type}", entity["id"], entity)

    def put_execution(self, execution: Execution) -> None:
        """Keep an execution."""
        self.state.put(EXECUTION, execution.id, execution.to_json())

    def executions(self) -> list[Execution]:
        """All of them, the oldest first."""
        return [Execution.from_json(each) for each in reversed(self.state.newest(EXECUTION))]

    def put_mail(self, mail: Any) -> None:
        """Keep an e-mail."""
        self.state.put(MAIL, mail["id"], mail)

    def mails(self) -> Sequence[Any]:
        """All e-mails, the oldest first."""
        return list(reversed(self.state.newest(MAIL)))
