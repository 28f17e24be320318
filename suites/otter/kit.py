"""The kit of Otter: all that the core asks of it beside the mock."""

from flowproof.kit import ProviderKit

__all__ = ["kit"]

kit = ProviderKit(
    slug="otter",
    title="Otter: store onboarding",
    suite="flowproof.suites.otter",
    client=".access:connect",
    takes_now=True,
    sign=".access:sign",
    cleanup={"organizationDeleteConnection": ".access:delete_connection"},
    obligations=".conduct:OBLIGATIONS",
    checks=".doctor:checks",
    credential_parts=("redirect_uri",),
    profile={"url": "https://partners-staging.cloudkitchens.com"},
    outcomes=("connection",),
)
