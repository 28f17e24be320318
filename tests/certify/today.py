"""A certificate that is valid whenever a test runs, with the key that verifies it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from flowproof.certify.certificate import issue_certificate
from flowproof.certify.keys import make_keys, read_private_key
from tests.certify.example import AREAS, SENTENCES
from tests.certify.streams import Stream, report_of, stated
from tests.certify.tampering import lines

__all__ = ["issue_today"]


def issue_today(folder: Path) -> tuple[Path, Path]:
    """Write a certificate of a run that ended an hour ago; returns its file, and that of the signer's public key."""
    now = datetime.now(UTC)
    stream = Stream(now=now - timedelta(hours=2))
    requirements = [stated(f"acme.{area}.date", text=text) for area, text in zip(AREAS, SENTENCES, strict=False)]
    for each in requirements:
        stream.run(f"test_{each.id.replace('.', '_')}", each.id)
    run = stream.end()
    public, _ = make_keys(folder / "signer")
    key, file = read_private_key(folder / "signer"), folder / "certificate.zip"
    file.write_bytes(issue_certificate(report_of(run, *requirements), lines(run), key, at=now))
    return file, public
