"""A browser that subscribes to push messages at an inbox, decrypts them, and checks who signed them."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import http_ece
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flowproof.inbox import Inbox, Received

__all__ = ["Browser", "claims_of"]

CURVE = ec.SECP256R1()


class Browser:
    """
    A subscription with its keys.

    Args:
        inbox: Stands for the push service.
        number: Which browser: each number has keys of its own.
    """

    def __init__(self, inbox: Inbox, number: int = 1) -> None:
        self.inbox = inbox
        self._key = ec.derive_private_key(0x5EED + number, CURVE)
        self._auth = number.to_bytes(16, "big")

    def subscription(self) -> dict[str, Any]:
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": _encoded(point), "auth": _encoded(self._auth)}
        return {"endpoint": self.inbox.url, "expirationTime": None, "keys": keys}

    def read(self, received: Received) -> Any:
        """
        The message of a push (RFC 8291).

        Raises:
            http_ece.ECEException: It was encrypted for somebody else.
        """
        return json.loads(http_ece.decrypt(received.body, private_key=self._key, auth_secret=self._auth))


def claims_of(received: Received) -> tuple[Mapping[str, Any], str]:
    """
    Who signed a push (RFC 8292): the claims, and the key.

    Raises:
        InvalidSignature: The key has not signed these claims.
    """
    parts = (received.header("authorization") or "").removeprefix("vapid ").split(",")
    named = dict(part.strip().split("=", 1) for part in parts)
    signed, _, signature = named["t"].rpartition(".")
    raw = _decoded(signature)
    pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, _decoded(named["k"]))
    key.verify(pair, signed.encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(_decoded(signed.partition(".")[2])), named["k"]


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
