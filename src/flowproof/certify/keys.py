"""
Ed25519 keys that sign certificates.

The files are PEM, as `openssl genpkey -algorithm ed25519` makes them. The fingerprint of a key is the SHA-256, in hex,
of its public half in DER: `openssl pkey -pubin -in FILE.pub -outform DER | sha256sum`.
"""

import base64
import os
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from flowproof.errors import ConfigurationError

__all__ = [
    "Ed25519PrivateKey",
    "fingerprint",
    "has_signed",
    "make_keys",
    "public_bytes",
    "public_key_from_base64",
    "read_private_key",
    "read_public_key",
]

ADVICE = "Make a pair with: flowproof keygen FILE"


def make_keys(file: Path) -> tuple[Path, str]:
    """
    Make a key pair: the private key in the file, readable by its owner only, the public key in `FILE.pub`.

    Returns:
        The public key's file, and its fingerprint.

    Raises:
        ConfigurationError: One of the files exists, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    public = file.with_name(f"{file.name}.pub")
    private_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public_pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if public.exists():
        raise ConfigurationError(f"{public} is there already.", "Name another file: no key is ever overwritten.")
    _write_new(file, private_pem, mode=0o600)
    _write_new(public, public_pem, mode=0o644)
    return public, fingerprint(public_bytes(key))


def _write_new(file: Path, content: bytes, *, mode: int) -> None:
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
            opened.write(content)
    except FileExistsError as error:
        raise ConfigurationError(
            f"{file} is there already.", "Name another file: no key is ever overwritten."
        ) from error
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}.", "Name another place.") from error


def read_private_key(file: Path) -> Ed25519PrivateKey:
    """
    Read a private key.

    Raises:
        ConfigurationError: The file cannot be read, has a password, or has another kind of key.
    """
    try:
        key = load_pem_private_key(_content(file), password=None)
    except TypeError as error:
        raise ConfigurationError(f"{file} is locked with a password.", f"Give a key without one. {ADVICE}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"{file} is no private key in PEM.", ADVICE) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError(f"{file} is no Ed25519 key.", ADVICE)
    return key


def read_public_key(file: Path) -> bytes:
    """
    Read a public key as its 32 bytes.

    Raises:
        ConfigurationError: The file cannot be read, or has something else.
    """
    try:
        key = load_pem_public_key(_content(file))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"{file} is no public key in PEM.", "Give the signer's FILE.pub.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError(f"{file} is no Ed25519 key.", "Give the signer's FILE.pub.")
    return key.public_bytes_raw()


def public_key_from_base64(text: str) -> bytes:
    """
    Read a public key as its 32 bytes from the lines of a PEM file between the first and the last.

    Raises:
        ConfigurationError: The text is no such key.
    """
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigurationError("This is no public key in PEM.", "Give the signer's FILE.pub.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError("This is no Ed25519 key.", "Give the signer's FILE.pub.")
    return key.public_bytes_raw()


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"The key {file} cannot be read: {error.strerror}.", ADVICE) from error


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The public half of a key as its 32 bytes."""
    return key.public_key().public_bytes_raw()


def fingerprint(public: bytes) -> str:
    """The SHA-256 of a public key, by which people compare it."""
    der = Ed25519PublicKey.from_public_bytes(public).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(der).hexdigest()


def has_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is that of this key for these bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
