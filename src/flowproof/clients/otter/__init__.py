"""The client of Otter (CloudKitchens), store onboarding over OAuth."""

from flowproof.clients.otter.authorization import (
    ONBOARDING,
    Authorization,
    AuthorizationDenied,
    CallbackRefused,
    challenge_of,
)
from flowproof.clients.otter.client import PRODUCTION_URL, RETRY_WITH_401, STAGING_URL, Otter, OtterSettings
from flowproof.clients.otter.results import (
    Address,
    Brand,
    Connection,
    ItemPage,
    Location,
    Onboarded,
    Organization,
    Store,
    Token,
)
from flowproof.clients.otter.user import AlreadyConnected, OtterUser

__all__ = [
    "ONBOARDING",
    "PRODUCTION_URL",
    "RETRY_WITH_401",
    "STAGING_URL",
    "Address",
    "AlreadyConnected",
    "Authorization",
    "AuthorizationDenied",
    "Brand",
    "CallbackRefused",
    "Connection",
    "ItemPage",
    "Location",
    "Onboarded",
    "Organization",
    "Otter",
    "OtterSettings",
    "OtterUser",
    "Store",
    "Token",
    "challenge_of",
]
