"""What the account under test has set up: where orders may go, and what can be made there. Data of the suite's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = ["DESTINATIONS", "SEED", "Carrier", "Destination", "Title"]

SEED: Mapping[str, Any] = MappingProxyType(
    json.loads(files("flowproof.fixtures").joinpath("oneflow").joinpath("seed.json").read_text(encoding="utf-8"))
)
"""The account set-up of fixtures/oneflow/seed.json, which a sandbox account has to have too."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A shipping service that is set up in a destination."""

    alias: str
    code: str
    service: str
    needs_phone: bool


@dataclass(frozen=True, slots=True)
class Title:
    """A Piazza product of a destination."""

    source_product_id: str


@dataclass(frozen=True, slots=True)
class Destination:
    """
    An account that prints orders.

    Args:
        name: As an order names it.
        products: Codes of SKUs, each with the codes of its components.
        attributes: Names that a component's `attributes` may have.
        stock: Codes of stock items.
        carriers: Shipping services.
        titles: Piazza products.
    """

    name: str
    products: tuple[tuple[str, tuple[str, ...]], ...]
    attributes: tuple[str, ...]
    stock: tuple[str, ...]
    carriers: tuple[Carrier, ...]
    titles: tuple[Title, ...]


def _destination(entry: Mapping[str, Any]) -> Destination:
    return Destination(
        name=entry["name"],
        products=tuple((sku["code"], tuple(sku["components"])) for sku in entry["skus"]),
        attributes=tuple(entry["attributes"]),
        stock=tuple(each["code"] for each in entry["stock"]),
        carriers=tuple(
            Carrier(each["alias"], each["code"], each["service"], each["requiresPhone"]) for each in entry["carriers"]
        ),
        titles=tuple(
            Title(title["sourceProductId"]) for title in SEED["titles"] if title["destination"] == entry["name"]
        ),
    )


DESTINATIONS: tuple[Destination, ...] = tuple(map(_destination, SEED["destinations"]))
