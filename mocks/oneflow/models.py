"""The provider's records: accounts, seed data, submissions and orders, and the states that an order goes through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple, Self

__all__ = [
    "CLOSED",
    "NEXT",
    "Account",
    "Carrier",
    "Destination",
    "Event",
    "SeedData",
    "SeedSettings",
    "Status",
    "Submission",
    "Trigger",
]

Json = Mapping[str, Any]


class Status(StrEnum):
    """The status of an order. The words are observed, not documented."""

    RECEIVED = "received"
    PRINT_READY = "printready"
    SHIPPED = "shipped"
    ERROR = "error"
    CANCELLED = "cancelled"


NEXT: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.RECEIVED: frozenset({Status.PRINT_READY, Status.ERROR, Status.CANCELLED}),
        Status.PRINT_READY: frozenset({Status.SHIPPED, Status.CANCELLED}),
        Status.ERROR: frozenset({Status.CANCELLED}),
        Status.SHIPPED: frozenset(),
        Status.CANCELLED: frozenset(),
    }
)
CLOSED = frozenset(status for status, following in NEXT.items() if not following)


class Event(StrEnum):
    """An event of a postback: the six that the document names, in our spelling."""

    ORDER_RECEIVED = "orderReceived"
    ORDER_ERRORED = "orderErrored"
    ORDER_CANCELLED = "orderCancelled"
    ORDER_PRINT_READY = "orderPrintReady"
    SHIPMENT_SHIPPED = "shipmentShipped"
    ORDER_SUBMISSION_ERROR = "orderSubmissionError"


@dataclass(frozen=True, slots=True)
class Trigger:
    """
    A postback that an account has set up.

    Args:
        event: The event that it is posted for.
        url: Where it goes.
        method: POST, PUT or GET.
        content_type: Of its body.
        template: Handlebars; None for the mock's own.
        authorization: Value of its static Authorization header.
    """

    event: Event
    url: str
    method: str
    content_type: str
    template: str | None
    authorization: str | None = field(repr=False)

    @property
    def place(self) -> tuple[str, str, str]:
        """Event, method and URL, which no two triggers share."""
        return (self.event.value, self.method, self.url)

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(
            Event(value["event"]),
            value["url"],
            value["method"],
            value["contentType"],
            value["template"],
            value["authorization"],
        )


@dataclass(frozen=True, slots=True)
class Account:
    """A brand that sends orders; ``role`` is the role of its credential."""

    id: str
    name: str
    role: str

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(value["_id"], value["name"], value["role"])


@dataclass(frozen=True, slots=True)
class Carrier:
    """A shipping service of a destination."""

    alias: str
    code: str
    service: str
    requires_phone: bool

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(value["alias"], value["code"], value["service"], value["requiresPhone"])

    def to_json(self) -> dict[str, str]:
        """The carrier as a shipment shows it."""
        return {"alias": self.alias, "code": self.code, "service": self.service}


@dataclass(frozen=True)
class Destination:
    """
    An account that prints orders.

    Args:
        id: 24 hexadecimal digits.
        name: As orders name it.
        skus: Codes of its products, each with the codes of its components.
        attributes: Names of component attributes that are configured.
        stock: Codes of its stock items.
        carriers: Its shipping services.
    """

    id: str
    name: str
    skus: Mapping[str, frozenset[str]]
    attributes: frozenset[str]
    stock: frozenset[str]
    carriers: tuple[Carrier, ...]

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(
            value["_id"],
            value["name"],
            {sku["code"]: frozenset(sku["components"]) for sku in value["skus"]},
            frozenset(value["attributes"]),
            frozenset(stock["code"] for stock in value["stock"]),
            tuple(Carrier.from_json(carrier) for carrier in value["carriers"]),
        )

    def carrier(self, named: Json) -> Carrier | None:
        """The shipping service that an order names, by alias or else by code and service."""
        if "alias" in named:
            return self._carriers_by_alias.get(named["alias"])
        return self._carriers_by_service.get((named["code"], named["service"]))

    @cached_property
    def _carriers_by_alias(self) -> Mapping[str, Carrier]:
        return {each.alias: each for each in reversed(self.carriers)}

    @cached_property
    def _carriers_by_service(self) -> Mapping[tuple[str, str], Carrier]:
        return {(each.code, each.service): each for each in reversed(self.carriers)}


@dataclass(frozen=True, slots=True)
class SeedSettings:
    """Durations of an order's life, in seconds, and the artwork that fails; documented in the seed data's schema."""

    processing_s: float
    print_ready_s: float
    ship_s: float
    artwork_timeout_s: float
    date_window_s: float | None
    artwork_unavailable: tuple[str, ...]
    artwork_failing_preflight: tuple[str, ...]
    accept_minimum_order: bool = False

    @classmethod
    def from_json(cls, value: Json) -> Self:
        read: dict[str, Any] = {key: tuple(each) if isinstance(each, list) else each for key, each in value.items()}
        return cls(**read)


@dataclass(frozen=True)
class SeedData:
    """The seed data of a workspace, each part parsed when it is first read, once."""

    raw: Json

    @cached_property
    def accounts(self) -> tuple[Account, ...]:
        return tuple(Account.from_json(account) for account in self.raw["accounts"])

    def account_named(self, name: str) -> Account | None:
        return next((account for account in self.accounts if account.name == name), None)

    def account_of_role(self, role: str) -> Account | None:
        return next((account for account in self.accounts if account.role == role), None)

    def destination(self, name: str) -> Destination | None:
        return next((each for each in self._destinations if each.name == name), None)

    @cached_property
    def _destinations(self) -> tuple[Destination, ...]:
        return tuple(Destination.from_json(destination) for destination in self.raw["destinations"])

    def title(self, source_product_id: str, destination: str) -> Json | None:
        """The Piazza title of that id in a destination."""
        return self._titles.get((destination, source_product_id))

    @cached_property
    def _titles(self) -> Mapping[tuple[str, str], Json]:
        return {(each["destination"], each["sourceProductId"]): each for each in reversed(self.raw["titles"])}

    @cached_property
    def triggers(self) -> tuple[Trigger, ...]:
        return tuple(Trigger.from_json(trigger) for trigger in self.raw.get("triggers", ()))

    @cached_property
    def settings(self) -> SeedSettings:
        return SeedSettings.from_json(self.raw["settings"])


class Submission(NamedTuple):
    """
    An order as it was sent, before it is processed.

    Args:
        id: 24 hexadecimal digits, which the order will keep.
        account: Name of the sender's account.
        account_id: Its id.
        submitted_at: ISO 8601 with milliseconds and ``Z``.
        order: The body, any JSON.
        exchange: Id of the exchange that submitted it; empty where none is known.
    """

    id: str
    account: str
    account_id: str
    submitted_at: str
    order: Any
    exchange: str = ""

    @classmethod
    def from_json(cls, value: Json) -> Self:
        return cls(**value)

    @property
    def source_order_id(self) -> Any:
        """The account's own id of the order, as sent; None where there is none."""
        data = self.order.get("orderData") if isinstance(self.order, dict) else None
        return data.get("sourceOrderId") if isinstance(data, dict) else None

    def to_json(self) -> dict[str, Any]:
        return self._asdict()

    def receipt(self) -> dict[str, str]:
        """
        The answer to a submission, the same whether or not the order is valid.

        Source:
            Seed 002, Create Order, HTTP Response; the blanks inside its example's values are not copied.
        """
        return {
            "_id": self.id,
            "url": f"https://s3.amazonaws.com/order/{self.id}",
            "timestamp": self.submitted_at,
            "sourceAccountId": self.account_id,
        }
