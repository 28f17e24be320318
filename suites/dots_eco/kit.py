"""The kit of Dots.eco: all that the core asks of it beside the mock."""

from flowproof.kit import ProviderKit

__all__ = ["kit"]

kit = ProviderKit(
    slug="dots_eco",
    title="Dots.eco: flow gift cards",
    suite="flowproof.suites.dots_eco",
    client=".access:connect",
    sign=".access:sign",
    obligations=".conduct:OBLIGATIONS",
    checks=".doctor:checks",
    outcomes=("card",),
)
