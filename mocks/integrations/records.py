"""The records of one workspace in the store: integrations, workflows, subscriptions, entities, executions, e-mails."""

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
    """The records of a workspace."""

    state: State

    def next_id(self, prefix: str) -> str:
        """An id such as ``evt-3``. Numbers are never used twice."""
        number = (self.state.get(COUNTER, prefix) or 0) + 1
        self.state.put(COUNTER, prefix, number)
        return f"{prefix}-{number}"

    def put_integration(self, integration: Integration) -> None:
        self.state.put(INTEGRATION, integration.guid, integration.to_json())

    def integrations(self) -> list[Integration]:
        """All integrations, oldest first."""
        return [Integration.from_json(each) for each in reversed(self.state.newest(INTEGRATION))]

    def integration(self, guid: str) -> Integration | None:
        found = self.state.get(INTEGRATION, guid)
        return Integration.from_json(found) if found else None

    def integration_with(self, provider_id: str) -> Integration | None:
        """The integration with a platform, or None."""
        return next((each for each in self.integrations() if each.provider_id == provider_id), None)

    def active_integrations(self) -> frozenset[str]:
        """The guids of active integrations."""
        return frozenset(each.guid for each in self.integrations() if each.status is IntegrationStatus.ACTIVE)

    def remove_integration(self, guid: str) -> None:
        """Delete an integration and the workflows that it manages."""
        self.state.delete(INTEGRATION, guid)
        for each in self.workflows():
            if each.integration == guid:
                self.remove_workflow(each.guid)

    def put_workflow(self, workflow: Workflow) -> None:
        self.state.put(WORKFLOW, workflow.guid, workflow.to_json())

    def workflows(self) -> list[Workflow]:
        """All workflows, oldest first."""
        return [Workflow.from_json(each) for each in reversed(self.state.newest(WORKFLOW))]

    def workflow(self, guid: str) -> Workflow | None:
        found = self.state.get(WORKFLOW, guid)
        return Workflow.from_json(found) if found else None

    def workflow_named(self, entity_type: str, name: str) -> Workflow | None:
        """The unmanaged workflow of that entity type and name, or None."""
        own = (each for each in self.workflows() if each.integration is None)
        return next((each for each in own if (each.entity_type, each.name) == (entity_type, name)), None)

    def remove_workflow(self, guid: str) -> None:
        self.state.delete(WORKFLOW, guid)

    def put_subscription(self, subscription: Subscription) -> None:
        """Store a subscription in place of an earlier one with the same endpoint."""
        self.state.put(SUBSCRIPTION, subscription.endpoint, asdict(subscription))

    def subscriptions(self) -> list[Subscription]:
        """All subscriptions, oldest first."""
        return [Subscription(**each) for each in reversed(self.state.newest(SUBSCRIPTION))]

    def entity(self, entity_type: str, entity_id: str) -> Any:
        return self.state.get(f"entity/{entity_type}", entity_id)

    def put_entity(self, entity_type: str, entity: Any) -> None:
        self.state.put(f"entity/{entity_type}", entity["id"], entity)

    def put_execution(self, execution: Execution) -> None:
        self.state.put(EXECUTION, execution.id, execution.to_json())

    def executions(self) -> list[Execution]:
        """All executions, oldest first."""
        return [Execution.from_json(each) for each in reversed(self.state.newest(EXECUTION))]

    def put_mail(self, mail: Any) -> None:
        self.state.put(MAIL, mail["id"], mail)

    def mails(self) -> Sequence[Any]:
        """All e-mails, oldest first."""
        return list(reversed(self.state.newest(MAIL)))
