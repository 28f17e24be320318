"""What the account under test has set up: what can be bought, and for whom. Data of the suite's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = ["BUNDLES", "CHEAP", "OUTCOMES", "RECIPIENT", "SEED", "SKU", "VOUCHER", "Sold"]

SEED: Mapping[str, Any] = MappingProxyType(
    json.loads(files("flowproof.fixtures").joinpath("flow1st").joinpath("seed.json").read_text(encoding="utf-8"))
)
"""The account set-up of fixtures/flow1st/seed.json, which a sandbox account has to have too."""

SKU, VOUCHER, RECIPIENT = "codm30cp", "voucher10usd", "GEDKZW"

CHEAP = "codm80cp"
"""The cheapest bundle, for tests that need any order: on a sandbox each order takes money from the account."""


@dataclass(frozen=True, slots=True)
class Sold:
    """
    A bundle that is set up.

    Args:
        price_minor: In the currency's minor unit.
        price: In its major unit.
        countries: Where it is sold; empty for everywhere.
        knows: Users whom its product knows.
    """

    sku: str
    price_minor: int
    price: Decimal
    currency: str
    countries: tuple[str, ...]
    is_voucher: bool
    knows: tuple[str, ...]


def _sold(bundle: Mapping[str, Any]) -> Sold:
    digits = next(each["digits"] for each in SEED["currencies"] if each["code"] == bundle["currencyCode"])
    return Sold(
        sku=bundle["sku"],
        price_minor=bundle["price_minor"],
        price=Decimal(bundle["price_minor"]) / 10**digits,
        currency=bundle["currencyCode"],
        countries=tuple(bundle["countries"] or ()),
        is_voucher=bundle["voucher"],
        knows=tuple(each["identifier"] for each in SEED["recipients"] if bundle["productId"] in each["products"]),
    )


BUNDLES: tuple[Sold, ...] = tuple(_sold(bundle) for product in SEED["products"] for bundle in product["bundles"])

OUTCOMES: Mapping[str, str] = MappingProxyType({each["identifier"]: each["outcome"] for each in SEED["recipients"]})
"""What comes of an order, by its recipient."""
