"""
What comes back from Otter, as frozen values. What they do not name is kept in `raw`.

Source:
    seeds/001 (the operations). The fields are those of the provider's OpenAPI document: providers/otter.md. Observed.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from flowproof.clients.answers import Json, Node

__all__ = [
    "Address",
    "Brand",
    "BrandPage",
    "Connection",
    "Location",
    "Onboarded",
    "Organization",
    "Store",
    "StorePage",
    "Token",
]


@dataclass(frozen=True, slots=True)
class Token:
    """
    An access token.

    Args:
        access_token: What to present; secret.
        scopes: What it may do.
        expires_at: When it ends, by our clock at the time of the answer; there is no refresh token.
        raw: The JSON as received.
    """

    access_token: str = field(repr=False)
    scopes: tuple[str, ...]
    expires_at: datetime
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: Node, *, now: datetime) -> Self:
        """Read the answer of the token endpoint."""
        kind, lifetime_s = node.needed_text("token_type"), node.whole("expires_in")
        if kind.lower() != "bearer":
            raise node.answer.unexpected("/token_type", "is not bearer")
        if lifetime_s is None:
            raise node.answer.unexpected("/expires_in", "is missing")
        scopes = tuple((node.text("scope") or "").split())
        return cls(node.needed_text("access_token"), scopes, now + timedelta(seconds=lifetime_s), node.members())


@dataclass(frozen=True, slots=True)
class Organization:
    """What a user manages."""

    id: str
    name: str
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: Node) -> Self:
        """Read the organization."""
        return cls(node.needed_text("id"), node.needed_text("name"), node.members())


@dataclass(frozen=True, slots=True)
class Brand:
    """One of an organization's brands."""

    id: str
    name: str
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: Node) -> Self:
        """Read one brand."""
        return cls(node.needed_text("id"), node.needed_text("name"), node.members())


@dataclass(frozen=True, slots=True)
class Location:
    """A place on Earth, in degrees."""

    latitude: float
    longitude: float

    @classmethod
    def read(cls, node: Node) -> Self:
        """Read a location, which has both numbers."""
        return cls(_degrees(node, "latitude"), _degrees(node, "longitude"))


@dataclass(frozen=True, slots=True)
class Address:
    """
    Where a store is; whatever is not known is None.

    Args:
        lines: `addressLines`, or the deprecated `linesOfAddress` where only that is given.
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
    def read(cls, node: Node) -> Self:
        """Read an address that is not null."""
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
    def read(cls, node: Node) -> Self:
        """Read one store."""
        if "address" not in node.members():
            raise node.answer.unexpected(f"{node.where}/address", "is missing")
        address = Address.read(node.child("address")) if node.has("address") else None
        return cls(node.needed_text("id"), node.needed_text("name"), address, node.members())


@dataclass(frozen=True, slots=True)
class BrandPage:
    """One page of brands; `next_token` is None on the last."""

    items: tuple[Brand, ...]
    next_token: str | None

    @classmethod
    def read(cls, node: Node) -> Self:
        """Read a page."""
        return cls(tuple(map(Brand.read, node.needed_nodes("items"))), node.text("offsetToken"))


@dataclass(frozen=True, slots=True)
class StorePage:
    """One page of stores; `next_token` is None on the last."""

    items: tuple[Store, ...]
    next_token: str | None

    @classmethod
    def read(cls, node: Node) -> Self:
        """Read a page."""
        return cls(tuple(map(Store.read, node.needed_nodes("items"))), node.text("offsetToken"))


@dataclass(frozen=True, slots=True)
class Connection:
    """
    The tie between our application and a store.

    Args:
        store_id: Our own identifier of the store.
    """

    store_id: str
    raw: Json = field(repr=False, hash=False)

    @classmethod
    def read(cls, node: Node) -> Self:
        """Read the connection."""
        return cls(node.needed_text("storeId"), node.members())


@dataclass(frozen=True, slots=True)
class Onboarded:
    """
    What came of an onboarding.

    Args:
        organization: Of the user.
        brand: That was chosen.
        store: That was chosen.
        store_id: Our own identifier, under which the store is connected now.
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


def _texts(node: Node, name: str) -> tuple[str, ...]:
    values = node.nodes(name)
    for each in values:
        if not isinstance(each.value, str):
            raise node.answer.unexpected(each.where, "is no text")
    return tuple(str(each.value) for each in values)


def _degrees(node: Node, name: str) -> float:
    value = node.child(name).value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise node.answer.unexpected(f"{node.where}/{name}", "is no number")
    return float(value)
