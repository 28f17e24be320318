"""A certificate of the user's own: what cannot be used is one sentence before the server starts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from flowproof.errors import ConfigurationError
from flowproof.tls.own_certificate import own_context

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AUTHORITY = trustme.CA()


def issued(folder: Path, name: str = "own", *, begins: datetime | None = None, ends: datetime | None = None) -> Path:
    """A certificate and its key in two files; the certificate's."""
    made = AUTHORITY.issue_cert(
        "localhost", not_before=(begins or NOW - timedelta(1)), not_after=(ends or NOW + timedelta(1))
    )
    made.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
    made.private_key_pem.write_to_path(folder / f"{name}.key")
    return folder / f"{name}.pem"


def test_key_may_be_in_the_same_file(tmp_path: Path) -> None:
    """A certificate with its key in one file is taken, and so are two files."""
    certificate, key = issued(tmp_path), tmp_path / "own.key"
    own_context(certificate, key, NOW)
    both = tmp_path / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())

    assert own_context(both, both, NOW).minimum_version.name == "TLSv1_2"


def refusal(certificate: Path, key: Path) -> str:
    """Why they are not taken."""
    with pytest.raises(ConfigurationError) as refused:
        own_context(certificate, key, NOW)
    return str(refused.value)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """A missing file, one without a certificate or key, and a key of another certificate are named."""
    certificate, key = issued(tmp_path), tmp_path / "own.key"
    other = issued(tmp_path, "other").with_suffix(".key")

    assert refusal(tmp_path / "none.pem", key).startswith(f"{tmp_path}/none.pem cannot be read: No such file")
    assert refusal(key, key).startswith(f"There is no certificate in {key} that can be read.")
    assert refusal(certificate, certificate).startswith(f"There is no private key in {certificate} that can be read.")
    assert refusal(certificate, other).startswith(f"The key {other} is not that of the certificate {certificate}.")


def test_certificate_that_is_not_valid_now_is_refused(tmp_path: Path) -> None:
    """One that has expired, and one that is not valid yet, are refused with the day."""
    expired = issued(tmp_path, "expired", ends=NOW - timedelta(hours=1))
    early = issued(tmp_path, "early", begins=NOW + timedelta(hours=1))

    assert "has expired on 2026-03-01. Renew it." in refusal(expired, tmp_path / "expired.key")
    assert "is not valid before 2026-03-01T13:00:00Z." in refusal(early, tmp_path / "early.key")


def test_key_with_a_password_is_explained(tmp_path: Path) -> None:
    """A key with a password is refused, with the command that takes the password off."""
    certificate, key = issued(tmp_path), tmp_path / "own.key"
    private = load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word")))

    assert refusal(certificate, key).startswith(f"The key in {key} has a password. Write one without: openssl pkey")
