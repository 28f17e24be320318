"""
A push message: encrypted for one subscription (RFC 8291) and signed with the account's own key (RFC 8292).

http-ece encrypts, with salt and key from the workspace's seed. cryptography signs, deterministically (RFC 6979):
py-vapid would use the operating system's random source and clock.
"""

import base64
from datetime import datetime, timedelta
from random import Random
from urllib.parse import urlsplit

import http_ece
import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flowproof.kernel.time.clock import later
from flowproof.plurals import counted

from .models import Subscription

__all__ = ["UnusableSubscription", "application_server_key", "authorization", "encrypt"]

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
LONGEST = 3993  # octets of a message, so that the whole is one record of 4096 (RFC 8291, 4)
VALID_FOR = timedelta(hours=12)


class UnusableSubscription(Exception):
    """No message can be encrypted for a subscription."""


def encrypt(message: bytes, subscription: Subscription, rng: Random) -> bytes:
    """
    The body of a push message.

    Args:
        message: The text for the browser.
        subscription: The receiver, with its keys.
        rng: Source of the message's salt and key.

    Raises:
        UnusableSubscription: The keys are none, or the message is too long.
    """
    salt, sender = rng.randbytes(16), ec.derive_private_key(rng.randrange(1, ORDER), CURVE)
    if len(message) > LONGEST:
        raise UnusableSubscription(f"a push message has at most {LONGEST} octets, this one {len(message)}")
    receiver, auth = _decoded(subscription.p256dh, 65, "p256dh"), _decoded(subscription.auth, 16, "auth")
    try:
        body: bytes = http_ece.encrypt(message, salt=salt, private_key=sender, dh=receiver, auth_secret=auth)
    except ValueError as error:
        raise UnusableSubscription("the subscription's p256dh is no point of the curve P-256") from error
    return body


def application_server_key(private_key: str) -> str:
    """The public key that a browser subscribes with, for a private key in hex."""
    point = _signer(private_key).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _encoded(point)


def authorization(private_key: str, endpoint: str, subject: str, now: datetime) -> str:
    """
    The header that identifies the sender to a push service.

    Args:
        private_key: In hex.
        endpoint: Of the subscription; its origin is the audience.
        subject: Whom the push service may write to.
        now: Moment of sending.
    """
    url = urlsplit(endpoint)
    expires_at = later(now, VALID_FOR.total_seconds())
    claims = {"aud": f"{url.scheme}://{url.netloc}", "exp": int(expires_at.timestamp()), "sub": subject}
    signed = ".".join(_encoded(orjson.dumps(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    signature = _signer(private_key).sign(signed.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    raw = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(signature))
    return f"vapid t={signed}.{_encoded(raw)}, k={application_server_key(private_key)}"


def _signer(private_key: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(private_key, 16) % (ORDER - 1) + 1, CURVE)


def _decoded(text: str, octets: int, name: str) -> bytes:
    try:
        found = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise UnusableSubscription(f"the subscription's {name} is not base64url") from error
    if len(found) != octets:
        raise UnusableSubscription(f"the subscription's {name} has {counted(len(found), 'octet')} instead of {octets}")
    return found


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
