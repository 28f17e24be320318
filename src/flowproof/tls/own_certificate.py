"""A certificate that the user has: read, and refused where no client could be served with it."""

import ssl
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from flowproof.errors import ConfigurationError

from .contexts import server_context

__all__ = ["own_context"]


def own_context(certificate: Path, key: Path, now: datetime) -> ssl.SSLContext:
    """
    What a server speaks TLS with, under a certificate from a file.

    Args:
        certificate: PEM, with those of the authorities between it and the root behind it.
        key: PEM, without a password; may be the same file.
        now: UTC.

    Raises:
        ConfigurationError: A file cannot be read, they do not belong together, or the certificate is not valid now.
    """
    found, private = _certificate(certificate), _key(key)
    if found.public_key() != private:
        raise ConfigurationError(
            f"The key {key} is not that of the certificate {certificate}.", "Name the two that were made together."
        )
    if found.not_valid_after_utc <= now:
        raise ConfigurationError(
            f"The certificate {certificate} has expired on {found.not_valid_after_utc:%Y-%m-%d}.", "Renew it."
        )
    if found.not_valid_before_utc > now:
        raise ConfigurationError(
            f"The certificate {certificate} is not valid before {found.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}.",
            "Look at the clock of this machine, or use another certificate.",
        )
    context = server_context()
    try:
        context.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        reason = (error.reason or "").replace("_", " ").lower() if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigurationError(
            f"OpenSSL does not take the certificate {certificate}: {reason}.", "Use another one."
        ) from error
    return context


def _certificate(file: Path) -> x509.Certificate:
    """The first of a file: the server's own."""
    try:
        return x509.load_pem_x509_certificates(_content(file))[0]
    except ValueError as error:
        raise ConfigurationError(
            f"There is no certificate in {file} that can be read.", "Name a PEM file: -----BEGIN CERTIFICATE-----"
        ) from error


def _key(file: Path) -> object:
    """The public half of a file's private key."""
    content = _content(file)
    try:
        return load_pem_private_key(content, None).public_key()
    except TypeError as error:
        raise ConfigurationError(
            f"The key in {file} has a password.", "Write one without: openssl pkey -in FILE -out FILE"
        ) from error
    except ValueError as error:
        raise ConfigurationError(
            f"There is no private key in {file} that can be read.", "Name a PEM file: -----BEGIN PRIVATE KEY-----"
        ) from error


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error.strerror}.", "Name a file that you may read."
        ) from error
