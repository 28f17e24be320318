"""What the account under test has set up: applications, users, structure. Data of the suite's own reading."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = [
    "ADA",
    "BRAND",
    "BRANDS",
    "CLIENT_SCOPES",
    "ENABLED",
    "GRACE",
    "LIN",
    "LINS_BRAND",
    "LINS_STORE",
    "ORGANIZATION",
    "READ",
    "SEED",
    "SEEDED",
    "SERVICE_INTEGRATION",
    "STORES",
    "USER_SCOPES",
    "Account",
    "pkce_vectors",
]

FIXTURES = files("flowproof.fixtures").joinpath("otter")

SEED: Mapping[str, Any] = MappingProxyType(json.loads(FIXTURES.joinpath("seed.json").read_text(encoding="utf-8")))
"""The account set-up of fixtures/otter/seed.json, which a mock has; what a sandbox has is read through the API."""

ADA, GRACE, LIN = (each["id"] for each in SEED["users"])
ORGANIZATION: Mapping[str, Any] = SEED["organizations"][0]
BRANDS = tuple(each["id"] for each in ORGANIZATION["brands"])
BRAND: str = BRANDS[0]
STORES = tuple(each["id"] for each in ORGANIZATION["brands"][0]["stores"])


@dataclass(frozen=True, slots=True)
class Account:
    """
    What a test needs of the first user's organization.

    Args:
        brand: A brand with at least two stores that are not connected.
        stores: Its stores that are not connected.
        all_stores: All of its stores.
        brands: All brands.
    """

    brand: str
    stores: tuple[str, ...]
    all_stores: tuple[str, ...]
    brands: tuple[str, ...]

    @property
    def listed(self) -> str:
        """Path of the list of the brand's stores."""
        return f"/organization/v1/organization/brands/{self.brand}/stores"

    @property
    def connection(self) -> str:
        """Path of the first store's connection."""
        return f"{self.listed}/{self.stores[0]}/connection"


SEEDED = Account(BRAND, STORES, STORES, BRANDS)

LINS_BRAND: str = SEED["organizations"][2]["brands"][0]["id"]
LINS_STORE: str = SEED["organizations"][2]["brands"][0]["stores"][0]["id"]

READ, SERVICE_INTEGRATION = "organization.read", "organization.service_integration"
USER_SCOPES = frozenset({READ, SERVICE_INTEGRATION})
CLIENT_SCOPES = frozenset(SEED["clients"][0]["scopes"]) - USER_SCOPES
"""The 27 scopes of the client-credentials flow: the first application has all of them."""
ENABLED: Mapping[str, frozenset[str]] = MappingProxyType(
    {each["role"]: frozenset(each["scopes"]) for each in SEED["clients"]}
)
"""What is enabled for each application."""


def pkce_vectors() -> list[Mapping[str, str]]:
    """Verifiers with their challenges: fixtures/otter/vectors/pkce.json."""
    text = FIXTURES.joinpath("vectors").joinpath("pkce.json").read_text(encoding="utf-8")
    vectors: list[Mapping[str, str]] = json.loads(text)["vectors"]
    return vectors
