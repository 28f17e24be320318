"""
Checks requests against the catalog, and changes orders and balances. Pure functions.

Money is whole numbers of minor units, or `Decimal`; it is never a float.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from flowproof.conformance import Finding
from flowproof.errors import ConfigurationError
from flowproof.kernel.json_values import equal

from .errors import BadRequest, InsufficientBalance, ReferenceTaken
from .models import GIVES_BACK, NEXT, Bundle, Order, Recipient, SeedData, Status

__all__ = [
    "Impossible",
    "bundle_of",
    "check_validation",
    "debit",
    "knows",
    "new_reference",
    "outcome",
    "repeated_order",
    "transition",
    "validation_key",
    "vouchers",
]


@dataclass(eq=False)
class Impossible(ConfigurationError):
    """The order's status does not allow the change that the control API asks for."""


def check_validation(query: Mapping[str, str], seed: SeedData) -> Bundle:
    """
    The bundle that a user validation names.

    Raises:
        BadRequest: The parameters do not agree with the catalog; with a finding for each that does not.
    """
    bundle = seed.bundle(query["productBundleSku"])
    if bundle is None:
        raise BadRequest([_query_finding("productBundleSku", "a SKU of the catalog", query, "product_bundle_sku")])
    findings = tuple(_disagreements(query, bundle, seed))
    if findings:
        raise BadRequest(findings)
    return bundle


def _disagreements(query: Mapping[str, str], bundle: Bundle, seed: SeedData) -> Iterator[Finding]:
    if bundle.countries is not None and query["countryCode"] not in bundle.countries:
        yield _query_finding("countryCode", f"one of {', '.join(sorted(bundle.countries))}", query, "country_code")
    if query["currencyCode"] != bundle.currency:
        yield _query_finding("currencyCode", bundle.currency, query, "currency_code")
    price = seed.decimal(bundle.price_minor, bundle.currency)
    if Decimal(query["amount"]) != price:
        yield _query_finding("amount", f"the price of the catalog, {price}", query, "amount")


def _query_finding(name: str, expected: str, query: Mapping[str, str], requirement: str) -> Finding:
    got = repr(query[name][:100])
    return Finding("request.query", f"/{name}", expected, got, f"flow1st.user_validation.{requirement}", "message")


def bundle_of(sent: Mapping[str, Any], seed: SeedData) -> Bundle:
    """
    The bundle that an order names.

    Raises:
        BadRequest: The catalog has no such SKU.
    """
    bundle = seed.bundle(sent["productBundleSku"])
    if bundle is None:
        got = repr(sent["productBundleSku"][:100])
        place = "/productBundleSku"
        raise BadRequest([Finding("request.body", place, "a SKU of the catalog", got, "flow1st.order.unknown_sku")])
    return bundle


def validation_key(values: Mapping[str, Any]) -> str:
    """The key that ties an order to its user validation: reference, bundle and recipient."""
    return "\x1f".join(values[name] for name in ("externalReference", "productBundleSku", "recipientIdentifier"))


def knows(bundle: Bundle, recipient: Recipient | None) -> bool:
    """Whether the product has the recipient; a voucher needs none."""
    return bundle.voucher or (recipient is not None and bundle.product_id in recipient.products)


def debit(balance_minor: int, bundle: Bundle) -> int:
    """
    The balance once the price is taken.

    Raises:
        InsufficientBalance: It would fall below zero.
    """
    left_minor = balance_minor - bundle.price_minor
    if left_minor < 0:
        expected = f"a balance of at least {bundle.price_minor} ({bundle.currency}, minor units)"
        requirement = "flow1st.order.insufficient_balance"
        raise InsufficientBalance([Finding("state", "", expected, str(balance_minor), requirement)])
    return left_minor


def repeated_order(earlier: Order, sent: Any) -> Order:
    """
    The order that was sent before, if this is the same.

    Raises:
        ReferenceTaken: It has other content.
    """
    if not equal(earlier.sent, sent):
        expected, got = "the order that has this reference", "another order with it"
        requirement = "flow1st.order.reference_taken"
        raise ReferenceTaken([Finding("request.body", "/externalReference", expected, got, requirement)])
    return earlier


def transition(order: Order, to: Status, at: datetime, *, amount_minor: int | None = None) -> tuple[Order, int]:
    """
    An order in its next status, and what that gives back to the balance.

    Args:
        order: As it stands.
        to: The next status.
        at: The moment.
        amount_minor: Of a partial refund.

    Raises:
        Impossible: The status cannot follow, or a partial refund is not less than what the order holds.
    """
    if to not in NEXT[order.status]:
        following = ", ".join(sorted(NEXT[order.status])) or "nothing"
        raise Impossible(f"Order {order.reference} is {order.status}.", f"What may follow is {following}.")
    back_minor = _given_back(order, to, amount_minor)
    returned = order.returned_minor + back_minor
    return replace(order.in_status(to, at), returned_minor=returned), back_minor


def _given_back(order: Order, to: Status, amount_minor: int | None) -> int:
    if to is not Status.PARTIAL_REFUND:
        return order.held_minor if to in GIVES_BACK else 0
    if amount_minor is None or not 0 < amount_minor < order.held_minor:
        what = f"{amount_minor} cannot be given back in part of order {order.reference}."
        raise Impossible(what, f"The order holds {order.held_minor}: give back more than 0, and less than that.")
    return amount_minor


def outcome(bundle: Bundle | None, recipient: Recipient | None) -> Status:
    """What becomes of an order: the recipient of the seed data says it; one that nobody knows makes it fail."""
    if bundle is None or not knows(bundle, recipient):
        return Status.FAILED
    return recipient.outcome if recipient is not None else Status.SUCCESSFUL


def vouchers(order: Order, rng: Random) -> tuple[Any, ...]:
    """As many voucher codes as the quantity, each a list of property objects (inferred: name and value)."""
    return tuple(
        [{"name": "code", "value": f"{rng.getrandbits(64):016X}"}, {"name": "serial", "value": str(number)}]
        for number in range(1, int(order.sent["quantity"]) + 1)
    )


def new_reference(rng: Random) -> str:
    """Such as ``C-113976984704914-P``: the form of Pay1st's references (inferred)."""
    return f"C-{rng.randrange(10**14, 10**15)}-P"
