"""The kit: all that Flowproof asks of this provider beside the mock."""

from importlib.resources import files

from flowproof.kit import ProviderKit

__all__ = ["kit"]

kit = ProviderKit(
    slug="bikes",
    title="Bikes for rent",
    suite="bikes.suite",
    client=".access:connect",
    sign=".access:sign",
    cleanup={"endRental": ".access:end_rental"},
    obligations=".conduct:OBLIGATIONS",
    checks=".doctor:checks",
    contract=files("bikes").joinpath("contract"),
    fixtures=files("bikes").joinpath("fixtures"),
)
