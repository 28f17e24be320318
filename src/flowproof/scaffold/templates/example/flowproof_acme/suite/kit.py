"""The kit: all that Flowproof asks of this provider beside the mock. It imports none of its parts."""

from importlib.resources import files

from flowproof.kit import ProviderKit

__all__ = ["kit"]

kit = ProviderKit(
    slug="acme",
    title="Acme: rooms by the day",
    suite="flowproof_acme.suite",
    client=".access:connect",
    sign=".access:sign",
    cleanup={"cancelBooking": ".access:cancel_booking"},
    obligations=".conduct:OBLIGATIONS",
    checks=".doctor:checks",
    contract=files("flowproof_acme").joinpath("contract"),
    fixtures=files("flowproof_acme").joinpath("fixtures"),
)
