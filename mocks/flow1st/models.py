"""The provider's records: environments, catalog, orders, and the states that an order goes through."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

__all__ = [
    "DELIVERED",
    "GIVES_BACK",
    "NEXT",
    "Bundle",
    "Environment",
    "Order",
    "Recipient",
    "SeedData",
    "SeedSettings",
    "Status",
]

Json = Mapping[str, Any]


class Status(StrEnum):
    """
    Where an order stands.

    Source:
        configuring-webhooks-and-callbacks, the enumeration of ``status``. Observed.
    """

    NEW = "NEW"
    ABANDONED = "ABANDONED"
    CANCELLED = "CANCELLED"
    PENDING = "PENDING"
    PARTIALLY_FULFILLED = "PARTIALLY_FULFILLED"
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"
    REFUND = "REFUND"
    PARTIAL_REFUND = "PARTIAL_REFUND"
    CHARGEBACK = "CHARGEBACK"


# The words are published, what may follow what is inferred.
NEXT: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.NEW: frozenset({Status.PENDING, Status.CANCELLED, Status.ABANDONED}),
        Status.PENDING: frozenset({Status.SUCCESSFUL, Status.PARTIALLY_FULFILLED, Status.FAILED}),
        Status.PARTIALLY_FULFILLED: frozenset({Status.SUCCESSFUL, Status.PARTIAL_REFUND, Status.REFUND}),
        Status.SUCCESSFUL: frozenset({Status.PARTIAL_REFUND, Status.REFUND, Status.CHARGEBACK}),
        Status.PARTIAL_REFUND: frozenset({Status.REFUND, Status.CHARGEBACK}),
        Status.ABANDONED: frozenset(),
        Status.CANCELLED: frozenset(),
        Status.FAILED: frozenset(),
        Status.REFUND: frozenset(),
        Status.CHARGEBACK: frozenset(),
    }
)
GIVES_BACK = frozenset({Status.CANCELLED, Status.ABANDONED, Status.FAILED, Status.REFUND})
DELIVERED = frozenset({Status.SUCCESSFUL, Status.PARTIAL_REFUND, Status.REFUND, Status.CHARGEBACK})


@dataclass(frozen=True, slots=True)
class Bundle:
    """
    A product bundle that can be ordered.

    Args:
        sku: What it is called in orders.
        product_id: Of the product that it belongs to.
        price_minor: In the currency's minor unit.
        currency: ISO 4217.
        voucher: Whether it delivers codes.
        countries: Where it is sold; None for everywhere.
    """

    sku: str
    product_id: int
    price_minor: int
    currency: str
    voucher: bool
    countries: frozenset[str] | None

    @classmethod
    def from_json(cls, value: Json) -> Self:
        countries = None if value["countries"] is None else frozenset(value["countries"])
        price, currency = value["price_minor"], value["currencyCode"]
        return cls(value["sku"], value["productId"], price, currency, value["voucher"], countries)


@dataclass(frozen=True, slots=True)
class Environment:
    """
    One account of the partner: staging or production.

    Args:
        name: ``staging`` or ``production``.
        role: Which credential is its own.
        opening: What its balances are before the first movement, in minor units by currency.
        configuration: What it is set up with before anybody changes that.
    """

    name: str
    role: str
    opening: Mapping[str, int]
    configuration: Json

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(value["name"], value["role"], value["balances"], value["configuration"])


@dataclass(frozen=True, slots=True)
class Recipient:
    """
    A user on a game's platform.

    Args:
        products: Ids of the products that know the user.
        customer: What a validation shows.
        outcome: What comes of an order.
    """

    products: frozenset[int]
    customer: Json
    outcome: Status

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(frozenset(value["products"]), value["customer"], Status(value["outcome"]))


@dataclass(frozen=True, slots=True)
class SeedSettings:
    """Lifetimes and paces in seconds; documented in the seed data's schema."""

    access_token_ttl_s: float
    refresh_token_ttl_s: float
    signature_window_s: int | None
    pending_s: float
    fulfil_s: float
    smtp: str | None = None
    mail_from: str = "welcome@flow1st.example"


@dataclass(frozen=True, slots=True)
class SeedData:
    """The seed data of a workspace, each part parsed when it is read."""

    raw: Json

    @property
    def settings(self) -> SeedSettings:
        return SeedSettings(**self.raw["settings"])

    @property
    def environments(self) -> Iterator[Environment]:
        return map(Environment.from_json, self.raw["environments"])

    def environment(self, name: str) -> Environment | None:
        return next((each for each in self.environments if each.name == name), None)

    def bundle(self, sku: str) -> Bundle | None:
        bundles = (bundle for product in self.raw["products"] for bundle in product["bundles"])
        return next((Bundle.from_json(each) for each in bundles if each["sku"] == sku), None)

    def recipient(self, identifier: str) -> Recipient | None:
        found = (each for each in self.raw["recipients"] if each["identifier"] == identifier)
        return next(map(Recipient.from_json, found), None)

    def decimal(self, amount_minor: int, currency: str) -> Decimal:
        """An amount in the currency's major unit, exactly."""
        digits = next(each["digits"] for each in self.raw["currencies"] if each["code"] == currency)
        return Decimal(amount_minor).scaleb(-digits)


@dataclass(frozen=True, slots=True)
class Order:
    """
    An order that was accepted and paid.

    Args:
        reference: The provider's own, such as ``C-113976984704914-P``.
        environment: Whose account paid.
        status: Where it stands.
        sent: The body as it was sent.
        price_minor: What was taken from the balance, in minor units.
        currency: ISO 4217.
        returned_minor: What has been given back of it.
        voucher_codes: What was delivered of a voucher product; each code a list of properties.
        history: Every status that it had, with its moment.
        validated: Whether the same user, bundle and reference had been validated before.
        api_key: The API key of the token that it came with; it signs the order's webhooks.
    """

    reference: str
    environment: str
    status: Status
    sent: Json
    price_minor: int
    currency: str
    returned_minor: int = 0
    voucher_codes: tuple[Any, ...] = ()
    history: tuple[tuple[str, str], ...] = ()
    validated: bool = False
    api_key: str = ""

    @property
    def held_minor(self) -> int:
        """The part of the price that was not given back."""
        return self.price_minor - self.returned_minor

    @property
    def external_reference(self) -> str:
        return str(self.sent["externalReference"])

    def in_status(self, status: Status, at: datetime) -> "Order":
        """The order with a new status in its history."""
        return replace(self, status=status, history=(*self.history, (status.value, at.isoformat())))

    def answer(self) -> dict[str, str]:
        """The body that answers the order, also when it is repeated."""
        return {
            "reference": self.reference,
            "externalReference": self.external_reference,
            "status": Status.NEW.value,
        }

    def to_json(self) -> dict[str, Any]:
        """The order as the store keeps it and the control API shows it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read what :meth:`to_json` wrote."""
        read = {**value, "status": Status(value["status"]), "voucher_codes": tuple(value["voucher_codes"])}
        return cls(**{**read, "history": tuple((status, at) for status, at in value["history"])})
