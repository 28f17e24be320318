"""
What is sent to the Integrations API, for the type checker; any mapping of that shape will do.

Source:
    seeds/004, the request bodies. Documented: `type`, `recipient`, `template` of an action. Ours, since the document
    shows no example of the other actions: `url`, `status`, `title`, `message`.
"""

from typing import Literal, NotRequired, TypedDict

__all__ = [
    "Action",
    "EntityType",
    "IntegrationSettings",
    "PushKeys",
    "PushSubscription",
    "SendEmail",
    "SendPush",
    "UpdateStatus",
    "WebhookCall",
]

EntityType = Literal["Order", "Shipment", "Customer", "Product"]


class IntegrationSettings(TypedDict, total=False):
    """What an integration does by itself."""

    autoImportOrders: bool
    syncProducts: bool
    pushTracking: bool


class PushKeys(TypedDict):
    """The keys of a browser's push subscription, base64url."""

    p256dh: str
    auth: str


class PushSubscription(TypedDict):
    """A browser's push subscription, as `PushSubscription.toJSON()` gives it."""

    endpoint: str
    keys: PushKeys


class SendEmail(TypedDict):
    """Send an e-mail; the recipient is an address, or a word such as `customer`."""

    type: Literal["send_email"]
    recipient: str
    template: NotRequired[str]


class SendPush(TypedDict):
    """Send a push notification."""

    type: Literal["send_push"]
    title: NotRequired[str]
    message: NotRequired[str]


class WebhookCall(TypedDict):
    """Call an external webhook."""

    type: Literal["webhook"]
    url: str


class UpdateStatus(TypedDict):
    """Update the entity's status."""

    type: Literal["update_status"]
    status: str


Action = SendEmail | SendPush | WebhookCall | UpdateStatus
