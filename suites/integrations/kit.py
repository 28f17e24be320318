"""The kit of the Integrations API: all that the core asks of it beside the mock."""

from flowproof.kit import ProviderKit

__all__ = ["kit"]

kit = ProviderKit(
    slug="integrations",
    title="Integrations API (CargoPilot Dispatch): integrations and workflows",
    suite="flowproof.suites.integrations",
    client=".access:connect",
    sign=".access:sign",
    cleanup={"deleteWorkflow": ".access:delete_workflow", "removeIntegration": ".access:remove_integration"},
    obligations=".conduct:OBLIGATIONS",
    checks=".doctor:checks",
    outcomes=("integration", "subscription", "workflow"),
)
