"""A push service on loopback and a browser that subscribes with it, decrypting and verifying with other libraries."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import jwt

from flowproof.inbox import Inbox, Received

__all__ = ["Browser", "b64url", "claims_of"]


def b64url(octets: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Browser:
    """
    A browser with one subscription.

    Args:
        inbox: Its push service.
        auth: The secret of the subscription.
        key: Its private key.
    """

    inbox: Inbox
    auth: bytes = b"0123456789abcdef"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def subscription(self) -> dict[str, Any]:
        """What `PushSubscription.toJSON()` gives."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": b64url(point), "auth": b64url(self.auth)}
        return {"endpoint": self.inbox.url, "expirationTime": None, "keys": keys}

    def read(self, received: Received) -> Any:
        """The message of a push, decrypted."""
        assert received.header("content-encoding") == "aes128gcm"
        return json.loads(http_ece.decrypt(received.body, private_key=self.key, auth_secret=self.auth))


def claims_of(received: Received) -> tuple[Mapping[str, Any], str]:
    """The claims of a push and the key that signed them, verified with py-vapid (RFC 8292)."""
    scheme, _, rest = (received.header("authorization") or "").partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid"
    return jwt.decode(parts["t"], parts["k"]), parts["k"]
