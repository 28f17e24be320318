"""What the account under test has set up: platforms with their credentials, and triggers. Data of the suite's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["ENTITY_TYPES", "EXAMPLE", "OPEN", "PARCELS", "SECOND", "TRIGGER_CODES", "Platform"]

ENTITY_TYPES = ("Order", "Shipment", "Customer", "Product")


@dataclass(frozen=True, slots=True)
class Platform:
    """An external platform of fixtures/integrations/seed.json; a test skips where a sandbox account lacks it."""

    id: str
    name: str
    credentials: Mapping[str, str] = field(default_factory=dict)
    type: str = "ecommerce"


EXAMPLE = Platform(
    "provider-uuid",
    "provider-name",
    {"apiKey": "your-api-key", "apiSecret": "your-api-secret", "storeUrl": "https://yourstore.example.com"},
)
"""The document's own; a managed workflow of shipments comes with it."""
SECOND = Platform("7d3f2c0e-5b0a-4a53-9f0b-3d1a1c8d2e01", "Second Store", {"accessToken": "second-store-token"})
OPEN = Platform("7d3f2c0e-5b0a-4a53-9f0b-3d1a1c8d2e02", "Open Store")
"""Any credentials are right for it."""
PARCELS = Platform(
    "7d3f2c0e-5b0a-4a53-9f0b-3d1a1c8d2e03", "Parcel Carrier", {"apiKey": "parcel-carrier-key"}, "carrier"
)

TRIGGER_CODES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Order": ("order_created", "order_status_changed"),
        "Shipment": ("shipment_delivered", "shipment_created"),
        "Customer": ("customer_created",),
        "Product": ("product_updated",),
    }
)
