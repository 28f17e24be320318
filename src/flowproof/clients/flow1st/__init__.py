"""The client of Flow1st (Carry1st), digital goods, with a verifier of its webhooks."""

from flowproof.clients.flow1st.client import PRODUCTION_URL, STAGING_URL, Flow1st, Flow1stSettings
from flowproof.clients.flow1st.results import Bundle, PlacedOrder, Product, Tokens, ValidatedUser
from flowproof.clients.flow1st.signing import Signer, iso_microseconds
from flowproof.clients.flow1st.webhooks import (
    DONE,
    STATUSES,
    OrderNews,
    WebhookRefused,
    WebhookVerifier,
)

__all__ = [
    "DONE",
    "PRODUCTION_URL",
    "STAGING_URL",
    "STATUSES",
    "Bundle",
    "Flow1st",
    "Flow1stSettings",
    "OrderNews",
    "PlacedOrder",
    "Product",
    "Signer",
    "Tokens",
    "ValidatedUser",
    "WebhookRefused",
    "WebhookVerifier",
    "iso_microseconds",
]
