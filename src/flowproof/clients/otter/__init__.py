"""The client of Otter (CloudKitchens), store onboarding over OAuth: import everything public from here."""

from flowproof.clients.otter.authorization import (
    ONBOARDING,
    Authorization,
    AuthorizationDenied,
    CallbackRefused,
    challenge_of,
)
from flowproof.clients.otter.client import PATIENT, PRODUCTION_URL, STAGING_URL, Otter, Settings
from flowproof.clients.otter.results import (
    Address,
    Brand,
    BrandPage,
    Connection,
    Location,
    Onboarded,
    Organization,
    Store,
    StorePage,
    Token,
)
from flowproof.clients.otter.user import AlreadyConnected, OtterUser

__all__ = [
    "ONBOARDING",
    "PATIENT",
    "PRODUCTION_URL",
    "STAGING_URL",
    "Address",
    "AlreadyConnected",
    "Authorization",
    "AuthorizationDenied",
    "Brand",
    "BrandPage",
    "CallbackRefused",
    "Connection",
    "Location",
    "Onboarded",
    "Organization",
    "Otter",
    "OtterUser",
    "Settings",
    "Store",
    "StorePage",
    "Token",
    "challenge_of",
]
