"""Brands and stores that are computed from three numbers. They are not stored, and equal in every workspace."""

from collections.abc import Mapping
from functools import lru_cache
from random import Random
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

__all__ = ["generated_brand_ids", "generated_brand_name", "generated_store", "generated_store_ids", "store_indexes"]

DISHES = (
    "Bowl",
    "Burger",
    "Curry",
    "Dumpling",
    "Noodle",
    "Pancake",
    "Pizza",
    "Ramen",
    "Salad",
    "Taco",
    "Waffle",
    "Wrap",
)
STYLES = ("Corner", "Garden", "Golden", "Green", "Harbour", "Happy", "Little", "Midnight", "Royal", "Sunny")
CITIES = (
    ("Austin", "TX", "78701", 30.2672, -97.7431),
    ("Chicago", "IL", "60601", 41.8781, -87.6298),
    ("Los Angeles", "CA", "90012", 34.0522, -118.2437),
    ("Miami", "FL", "33130", 25.7617, -80.1918),
    ("San Francisco", "CA", "94103", 37.7749, -122.4194),
    ("Seattle", "WA", "98101", 47.6062, -122.3321),
)
STREETS = ("Ash", "Bay", "Cedar", "Dock", "Elm", "Hill", "Lake", "Mill", "Park", "Pine")


@lru_cache(maxsize=2048)
def generated_brand_ids(organization_id: str, seed: str, count: int) -> tuple[str, ...]:
    return tuple(str(uuid5(UUID(organization_id), f"{seed}/brand/{index}")) for index in range(count))


@lru_cache(maxsize=2048)
def generated_store_ids(brand_id: str, seed: str, count: int) -> tuple[str, ...]:
    return tuple(str(uuid5(UUID(brand_id), f"{seed}/store/{index}")) for index in range(count))


@lru_cache(maxsize=2048)
def store_indexes(brand_id: str, seed: str, count: int) -> Mapping[str, int]:
    """The index of each generated store in its brand, by id."""
    return MappingProxyType({each: index for index, each in enumerate(generated_store_ids(brand_id, seed, count))})


def generated_brand_name(brand_id: str) -> str:
    """A name such as "Golden Taco"."""
    rng = Random(brand_id)
    return f"{rng.choice(STYLES)} {rng.choice(DISHES)}"


def generated_store(store_id: str, index: int) -> dict[str, Any]:
    """A store. Every seventh has no address, as the provider's schema allows."""
    rng = Random(store_id)
    city, state, postal_code, latitude, longitude = rng.choice(CITIES)
    line = f"{rng.randint(1, 999)} {rng.choice(STREETS)} Street"
    address = {
        "fullAddress": f"{line}, {city}, {state} {postal_code}",
        "postalCode": postal_code,
        "city": city,
        "state": state,
        "countryCode": "US",
        "addressLines": [line],
        "location": {"latitude": latitude, "longitude": longitude},
    }
    return {"id": store_id, "name": f"{city} {index + 1:04d}", "address": None if index % 7 == 6 else address}
