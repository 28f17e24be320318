"""
The results of Otter as frozen values; fields without a name here are in `raw`.

Source:
    seeds/001 (the operations). The fields are those of the provider's OpenAPI document: providers/otter.md. Observed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Self, TypeVar

from flowproof.clients.responses import Json, JsonNode

__all__ = [
    "Address",
    "Brand",
    "Connection",
    "ItemPage",
    "Location",
    "Onboarded",
    "Organization",
    "Store",
    "Token",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Token:
    """
    An access token.

    Args:
        access_token: Secret.
        scopes: What it permits.
        expires_at: By our clock at the time of the response; there is no refresh token.
        raw: The JSON as received.
    """

    access_token: str = field(repr=False)
    scopes: tuple[str, ...]
    expires_at: datetime
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode, *, now: datetime) -> Self:
        kind, lifetime_s = node.required_text("token_type"), node.integer("expires_in")
        if kind.lower() != "bearer":
            raise node.response.unexpected("/token_type", "is not bearer")
        if lifetime_s is None:
            raise node.response.unexpected("/expires_in", "is missing")
        scopes = tuple((node.text("scope") or "").split())
        return cls(node.required_text("access_token"), scopes, now + timedelta(seconds=lifetime_s), node.members())


@dataclass(frozen=True, slots=True)
class _Named:
    id: str
    name: str
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        return cls(node.required_text("id"), node.required_text("name"), node.members())


class Organization(_Named):
    """What a user manages."""

    __slots__ = ()


class Brand(_Named):
    """One of an organization's brands."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Location:
    """A place in degrees."""

    latitude: float
    longitude: float

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        return cls(_degrees(node, "latitude"), _degrees(node, "longitude"))


@dataclass(frozen=True, slots=True)
class Address:
    """
    The address of a store; unknown fields are None.

    Args:
        lines: `addressLines`, or the deprecated `linesOfAddress` where only that is present.
    """

    full: str | None
    lines: tuple[str, ...]
    postal_code: str | None
    city: str | None
    state: str | None
    country_code: str | None
    location: Location | None
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        lines = _texts(node, "addressLines") or _texts(node, "linesOfAddress")
        return cls(
            full=node.text("fullAddress"),
            lines=lines,
            postal_code=node.text("postalCode"),
            city=node.text("city"),
            state=node.text("state"),
            country_code=node.text("countryCode"),
            location=Location.read(node.child("location")) if node.has("location") else None,
            raw=node.members(),
        )


@dataclass(frozen=True, slots=True)
class Store:
    """
    One of a brand's stores.

    Args:
        id: Otter's identifier, a UUID; not the partner's own.
        address: None where the provider knows none.
    """

    id: str
    name: str
    address: Address | None
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        if "address" not in node.members():
            raise node.response.unexpected(f"{node.where}/address", "is missing")
        address = Address.read(node.child("address")) if node.has("address") else None
        return cls(node.required_text("id"), node.required_text("name"), address, node.members())


@dataclass(frozen=True, slots=True)
class ItemPage(Generic[T]):
    """A page of a list; `next_token` is None on the last page."""

    items: tuple[T, ...]
    next_token: str | None

    @classmethod
    def read(cls, node: JsonNode, read_item: Callable[[JsonNode], T]) -> Self:
        return cls(tuple(map(read_item, node.required_nodes("items"))), node.text("offsetToken"))


@dataclass(frozen=True, slots=True)
class Connection:
    """
    The connection of our application with a store.

    Args:
        store_id: Our identifier of the store.
    """

    store_id: str
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: JsonNode) -> Self:
        return cls(node.required_text("storeId"), node.members())


@dataclass(frozen=True, slots=True)
class Onboarded:
    """
    The result of an onboarding.

    Args:
        organization: The user's.
        brand: Chosen.
        store: Chosen.
        store_id: Our identifier, under which the store is now connected.
        was: Our identifier under which it was connected before, or None.
    """

    organization: Organization
    brand: Brand
    store: Store
    store_id: str
    was: str | None

    @property
    def is_changed(self) -> bool:
        """Whether the connection had to be made or replaced."""
        return self.was != self.store_id


def _texts(node: JsonNode, name: str) -> tuple[str, ...]:
    values = node.nodes(name)
    for each in values:
        if not isinstance(each.value, str):
            raise node.response.unexpected(each.where, "is no text")
    return tuple(str(each.value) for each in values)


def _degrees(node: JsonNode, name: str) -> float:
    value = node.child(name).value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise node.response.unexpected(f"{node.where}/{name}", "is no number")
    return float(value)
