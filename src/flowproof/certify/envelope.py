"""
A DSSE envelope with one Ed25519 signature, as other tools of the supply chain verify it too.

The signature is over the payload and its type in DSSE's own encoding, so it fits no other message, and nobody has to
parse a payload before it is verified. Source: the DSSE protocol, version 1 (secure-systems-lab/dsse, protocol.md).
"""

import base64
import binascii
from typing import Any

import msgspec

from .keys import Ed25519PrivateKey, fingerprint, has_signed, public_bytes

__all__ = ["NoEnvelope", "open_envelope", "payload_of", "seal_envelope"]


class NoEnvelope(ValueError):
    """The data is not an envelope as `seal_envelope` writes it, or its signature is not that of the key."""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    A signature.

    Args:
        keyid: Fingerprint of the key, a hint only.
        sig: In base64.
    """

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payload in base64, its media type, and its signatures."""

    payload: str
    payloadType: str  # noqa: N815 (the name of DSSE)
    signatures: tuple[Signature, ...]


def seal_envelope(key: Ed25519PrivateKey, payload: bytes, payload_type: str) -> bytes:
    """Sign a payload."""
    signature = Signature(fingerprint(public_bytes(key)), _text(key.sign(_pre_authentication(payload_type, payload))))
    return _encoded(Envelope(_text(payload), payload_type, (signature,)))


def payload_of(data: bytes, payload_type: str) -> tuple[bytes, bytes, str]:
    """
    Read an envelope, whose signature is still to be verified.

    Returns:
        Its payload, its signature, and the fingerprint of the key.

    Raises:
        NoEnvelope: It is none with a payload of that type and one signature.
    """
    decode: Any = msgspec.json.Decoder(Envelope).decode
    try:
        envelope: Envelope = decode(data)
        (signature,) = envelope.signatures
        payload = base64.b64decode(envelope.payload, validate=True)
        signed = base64.b64decode(signature.sig, validate=True)
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise NoEnvelope(f"it is no envelope with one signature: {error}") from error
    if envelope.payloadType != payload_type:
        raise NoEnvelope(f"its payload is {envelope.payloadType}, not {payload_type}")
    if _encoded(envelope) != data or _text(payload) != envelope.payload or _text(signed) != signature.sig:
        raise NoEnvelope("it is not written as Flowproof writes it")
    return payload, signed, signature.keyid


def open_envelope(data: bytes, payload_type: str, public: bytes) -> bytes:
    """
    Verify an envelope.

    Args:
        data: The envelope.
        payload_type: Which its payload must have.
        public: The key that must have signed it, 32 bytes.

    Returns:
        The payload.

    Raises:
        NoEnvelope: It is none, or another key has signed it.
    """
    payload, signature, _ = payload_of(data, payload_type)
    if not has_signed(public, _pre_authentication(payload_type, payload), signature):
        raise NoEnvelope("the signature is not that of the key")
    return payload


def _pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """DSSE's PAE: what is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _encoded(envelope: Envelope) -> bytes:
    return msgspec.json.format(msgspec.json.encode(envelope), indent=1) + b"\n"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
