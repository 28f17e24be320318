"""The kit of OneFlow: all that the core asks of it beside the mock."""

from flowproof.kit import ProviderKit

__all__ = ["kit"]

kit = ProviderKit(
    slug="oneflow",
    title="OneFlow (HP Site Flow): print orders",
    suite="flowproof.suites.oneflow",
    client=".access:connect",
    sign=".access:sign",
    cleanup={"cancelOrder": ".access:cancel_order"},
    volatile=frozenset({"barcode"}),
    unique=frozenset({"sourceOrderId"}),
    obligations=".conduct:OBLIGATIONS",
    checks=".doctor:checks",
)
