"""
An authority of this user's own, made once and kept in a folder, and certificates by it.

Whoever has its key can pretend to be any host to a client that trusts it; so the key is readable by its owner alone,
and a certificate's own key never touches the disk for longer than OpenSSL needs to read it.
"""

import fcntl
import getpass
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from flowproof.errors import ConfigurationError

from .contexts import server_context
from .places import BUNDLE, CERTIFICATE, KEY, TRUSTSTORE, TRUSTSTORE_PASSWORD

__all__ = ["Authority", "open_authority"]

LIFETIME = timedelta(days=3650)
RENEWED_BEFORE = timedelta(days=30)  # its end
CERTIFICATE_LIFETIME = timedelta(days=397)  # as long as browsers take one
BACKDATED = timedelta(days=1)  # for a container whose clock is behind
ORGANIZATION = "Flowproof"
FIX = "Name another folder with --tls-folder, or move the files away: a new authority is made then."


@dataclass(frozen=True, slots=True)
class Authority:
    """
    Issues certificates.

    Args:
        folder: Where it is kept.
        certificate: Its own.
        key: Its own.
        is_new: It was made just now, so nobody trusts it yet.
    """

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    is_new: bool = False

    def server_context(self, names: Iterable[str], now: datetime) -> ssl.SSLContext:
        """
        What a server speaks TLS with, under a new certificate.

        Args:
            names: Host names and addresses that it is for.
            now: UTC.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(_name("server"), self.certificate.subject, key, now)
            .not_valid_after(min(now + CERTIFICATE_LIFETIME, self.certificate.not_valid_after_utc))
            .add_extension(x509.SubjectAlternativeName(list(map(_general_name, sorted(set(names))))), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        context = server_context()
        with tempfile.NamedTemporaryFile() as file:  # (for its owner only; OpenSSL reads keys from files)
            file.write(certificate.public_bytes(Encoding.PEM) + _key_pem(key))
            file.flush()
            context.load_cert_chain(file.name)
        return context


def open_authority(folder: Path, now: datetime) -> Authority:
    """
    The authority of a folder; a new one where there is none, or where it ends within a month.

    Raises:
        ConfigurationError: The folder cannot be used, or what is in it is no authority.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder):
            found = _read(folder) if (folder / CERTIFICATE).exists() or (folder / KEY).exists() else None
            if found is None or found.certificate.not_valid_after_utc - now < RENEWED_BEFORE:
                found = _make(folder, now)
            _write_trust(found)
            return found
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder} of the authority for TLS cannot be used: {error.strerror}.",
            "Name another with --tls-folder (FLOWPROOF_TLS_FOLDER).",
        ) from error


def _read(folder: Path) -> Authority:
    try:
        (folder / KEY).chmod(0o600)
        key = load_pem_private_key((folder / KEY).read_bytes(), None)
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
    except FileNotFoundError as error:
        raise ConfigurationError(f"{folder} has half of an authority: {error.filename} is missing.", FIX) from error
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"What is in {folder} is no authority.", FIX) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ConfigurationError(f"The key in {folder} is not that of the certificate beside it.", FIX)
    return Authority(folder, certificate, key)


def _make(folder: Path, now: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"development authority of {_user()}, made {now:%Y-%m-%d}")
    certificate = (
        _builder(name, name, key, now)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(folder / KEY, _key_pem(key), 0o600)
    _write(folder / CERTIFICATE, certificate.public_bytes(Encoding.PEM), 0o644)
    return Authority(folder, certificate, key, is_new=True)


def _write_trust(authority: Authority) -> None:
    """Write the certificate in other forms: together with those of the public authorities, and as Java takes it."""
    import certifi  # noqa: PLC0415 (only here)

    bundle = Path(certifi.where()).read_bytes() + b"\n" + authority.certificate.public_bytes(Encoding.PEM)
    if authority.is_new or not _has_content(authority.folder / BUNDLE, bundle):
        _write(authority.folder / BUNDLE, bundle, 0o644)
    if authority.is_new or not (authority.folder / TRUSTSTORE).exists():
        entry = PKCS12Certificate(authority.certificate, b"flowproof")
        store = serialize_java_truststore([entry], BestAvailableEncryption(TRUSTSTORE_PASSWORD.encode()))
        _write(authority.folder / TRUSTSTORE, store, 0o644)


def _has_content(file: Path, content: bytes) -> bool:
    return file.exists() and file.read_bytes() == content


def _write(file: Path, content: bytes, mode: int) -> None:
    """Write a file in one step, under its mode from the beginning."""
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    with os.fdopen(handle, "wb") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(content)
    Path(temporary).replace(file)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time: the workers of a test run start at once."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before((now - BACKDATED).astimezone(UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{ORGANIZATION} {text}"[:64]),  # (X.520 allows no more)
        ]
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name if name.isascii() else name.encode("idna").decode())


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "this user"
