"""The eight organization operations as requests, with the scope that each needs: the suite's own table."""

from typing import NamedTuple

from .setup import BRAND, READ, SEEDED, SERVICE_INTEGRATION, STORES

__all__ = ["CONNECTION", "OPERATIONS", "Operation"]

ORGANIZATION = "/organization/v1/organization"
STORE = f"{ORGANIZATION}/brands/{BRAND}/stores/{STORES[0]}"
CONNECTION = SEEDED.connection


class Operation(NamedTuple):
    """A request that is valid except for its token."""

    method: str
    path: str
    scope: str
    has_body: bool = False


OPERATIONS = (
    Operation("GET", ORGANIZATION, READ),
    Operation("GET", f"{ORGANIZATION}/brands?limit=100", READ),
    Operation("GET", f"{ORGANIZATION}/brands/{BRAND}", READ),
    Operation("GET", f"{ORGANIZATION}/brands/{BRAND}/stores?limit=100", READ),
    Operation("GET", STORE, READ),
    Operation("GET", CONNECTION, SERVICE_INTEGRATION),
    Operation("POST", CONNECTION, SERVICE_INTEGRATION, has_body=True),
    Operation("DELETE", CONNECTION, SERVICE_INTEGRATION),
)
