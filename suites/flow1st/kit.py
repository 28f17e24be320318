"""The kit of Flow1st: all that the core asks of it beside the mock."""

from flowproof.kit import ProviderKit

__all__ = ["kit"]

kit = ProviderKit(
    slug="flow1st",
    title="Flow1st (Carry1st): digital goods",
    suite="flowproof.suites.flow1st",
    client=".access:connect",
    takes_now=True,
    sign=".access:sign",
    obligations=".conduct:OBLIGATIONS",
    checks=".doctor:checks",
    prices=".access:list_prices",
    credential_parts=("signing_key", "webhook_token"),
    profile={"url": "https://api-gateway.platform.stage.carry1st.com"},
    outcomes=("order", "balance"),
)
