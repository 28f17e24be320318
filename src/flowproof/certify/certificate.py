"""
The signed result of a certification run, in one file that anybody can verify offline.

A canonical zip: `certificate.json` is a signed statement with the claims and the SHA-256 of `events.jsonl` and
`report.json`. Pages and other views are not part of it: they are made from what was verified.
`issue_certificate` refuses a report with reasons against it; `verify_certificate` judges the events again.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any

import msgspec
from msgspec import structs

from flowproof.errors import ConfigurationError, FlowproofError

from .bundle import NotCanonical, pack, unpack
from .envelope import NoEnvelope, open_envelope, payload_of, seal_envelope
from .events import read_events
from .judgement import build_report
from .keys import Ed25519PrivateKey, fingerprint, public_bytes
from .report import FORMAT, CertificationReport, DeviationResult, json_report, read_report
from .statement import PAYLOAD_TYPE, Certificate, SignedFile, Statement, claims_of, state

__all__ = [
    "LONGEST_VALID_DAYS",
    "VALID_DAYS",
    "InvalidCertificate",
    "NotCertifiable",
    "VerifiedCertificate",
    "issue_certificate",
    "verify_certificate",
]

VALID_DAYS = 90
LONGEST_VALID_DAYS = 366
CLOCKS_APART = timedelta(minutes=5)
ENVELOPE, EVENTS, REPORT = "certificate.json", "events.jsonl", "report.json"
NAMES = frozenset({ENVELOPE, EVENTS, REPORT})


@dataclass(eq=False)
class NotCertifiable(FlowproofError):
    """
    No certificate can be issued for the report.

    Args:
        reasons: One sentence each.
    """

    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"No certificate can be issued: {'; '.join(self.reasons)}."


@dataclass(eq=False)
class InvalidCertificate(FlowproofError):
    """
    The file is not a valid certificate.

    Args:
        what: What is wrong.
    """

    what: str

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True)
class VerifiedCertificate:
    """A valid certificate, with the fingerprint of the signer's key, and whether that key is trusted."""

    certificate: Certificate
    report: CertificationReport
    fingerprint: str
    trusted: bool


def issue_certificate(
    report: CertificationReport, events: bytes, key: Ed25519PrivateKey, *, at: datetime, valid_days: int = VALID_DAYS
) -> bytes:
    """
    Issue the certificate of a report.

    It expires with the first deviation that covers a failure, if that is earlier.

    Args:
        report: Without refusals.
        events: The `events.jsonl` of the report's run.
        key: The signer's.
        at: Now; aware, UTC.
        valid_days: How long the certificate is valid, at most `LONGEST_VALID_DAYS`.

    Raises:
        NotCertifiable: There are reasons against it.
        ConfigurationError: The events are not those of the report.
    """
    if _report_of(events, report) != report:
        raise ConfigurationError("The report is not that of these events.", "Make it anew from them.")
    covering = [each.expires for each in report.deviations if each.state == "covers"]
    late = [f"the deviation of {each.requirement} has expired" for each in _expired(report, at)]
    if report.refusals or late:
        raise NotCertifiable((*report.refusals, *late))
    days = min(valid_days, LONGEST_VALID_DAYS)
    ends = [at + timedelta(days=days), *(datetime.combine(each, time.max, UTC) for each in covering)]
    certificate = Certificate(
        format=FORMAT,
        certifies=claims_of(report),
        issued_at=at.replace(microsecond=0),
        expires_at=min(ends).replace(microsecond=0),
        public_key=base64.b64encode(public_bytes(key)).decode(),
    )
    files = {EVENTS: events, REPORT: json_report(report)}
    payload = _encoded(state(report, certificate, _subject(files)))
    return pack({**files, ENVELOPE: seal_envelope(key, payload, PAYLOAD_TYPE)})


def verify_certificate(data: bytes, trusted_keys: Mapping[str, bytes], *, at: datetime) -> VerifiedCertificate:
    """
    Verify a certificate offline.

    Args:
        data: The file.
        trusted_keys: Public keys by name.
        at: Now; aware, UTC.

    Raises:
        InvalidCertificate: It is damaged, not signed by its key, inconsistent, or not valid now.
    """
    files = _unpacked(data)
    statement, public = _opened(files[ENVELOPE])
    certificate = statement.predicate.certificate
    _check_files(statement, files)
    report = _checked_report(statement, files)
    _check_dates(certificate, report, at)
    trusted = any(compare_digest(public, each) for each in trusted_keys.values())
    return VerifiedCertificate(certificate, report, fingerprint(public), trusted)


def _unpacked(data: bytes) -> dict[str, bytes]:
    try:
        files = unpack(data)
    except NotCanonical as error:
        raise InvalidCertificate(f"The file was changed, or is no certificate: {error}.") from error
    if "signature" in files:
        raise InvalidCertificate(
            "It has the format 1, whose judgement did not demand evidence for each PASS: certify again."
        )
    if set(files) != NAMES:
        other = ", ".join(sorted(set(files) ^ NAMES))
        raise InvalidCertificate(f"The certificate has not the files that one has: {other}.")
    return files


def _opened(envelope: bytes) -> tuple[Statement, bytes]:
    """The statement, and the key that has signed it."""
    decode: Any = msgspec.json.Decoder(Statement).decode
    try:
        payload, _, keyid = payload_of(envelope, PAYLOAD_TYPE)
        statement: Statement = decode(payload)
    except (NoEnvelope, msgspec.DecodeError) as error:
        raise InvalidCertificate(f"Its {ENVELOPE} cannot be read: {error}.") from error
    certificate = statement.predicate.certificate
    if certificate.format != FORMAT:
        raise InvalidCertificate(f"It has the format {certificate.format}, this version of Flowproof reads {FORMAT}.")
    if _encoded(statement) != payload:
        raise InvalidCertificate("Its statement is not written as Flowproof writes it.")
    public = _public_key(certificate)
    try:
        open_envelope(envelope, PAYLOAD_TYPE, public)
    except NoEnvelope as error:
        raise InvalidCertificate("The signature is not that of the key which the certificate names.") from error
    if keyid != fingerprint(public):
        raise InvalidCertificate("Its envelope names another key than the one that has signed it.")
    return statement, public


def _encoded(statement: Statement) -> bytes:
    return msgspec.json.format(msgspec.json.encode(statement), indent=1) + b"\n"


def _subject(files: Mapping[str, bytes]) -> tuple[SignedFile, ...]:
    return tuple(SignedFile(name, {"sha256": sha256(files[name]).hexdigest()}) for name in sorted(files))


def _public_key(certificate: Certificate) -> bytes:
    try:
        public = base64.b64decode(certificate.public_key, validate=True)
    except ValueError:
        public = b""
    if len(public) != 32:
        raise InvalidCertificate("The certificate names no Ed25519 key.")
    return public


def _check_files(statement: Statement, files: Mapping[str, bytes]) -> None:
    signed = {each.name: each for each in statement.subject}
    if set(signed) != {EVENTS, REPORT} or len(signed) != len(statement.subject):
        raise InvalidCertificate("The certificate does not vouch for each of its files.")
    for each in _subject({name: files[name] for name in signed}):
        if each != signed[each.name]:
            raise InvalidCertificate(f"{each.name} is not the file that was signed.")


def _checked_report(statement: Statement, files: Mapping[str, bytes]) -> CertificationReport:
    """The report, if it equals the report of the events, and the statement equals that of the report."""
    try:
        report = read_report(files[REPORT])
        rebuilt = _report_of(files[EVENTS], report)
    except ConfigurationError as error:
        raise InvalidCertificate(f"Its report cannot be checked: {error.what}") from error
    if rebuilt != report:
        raise InvalidCertificate("Its report.json is not what its events say.")
    certificate = structs.replace(statement.predicate.certificate, certifies=claims_of(report))
    if state(report, certificate, statement.subject) != statement:
        raise InvalidCertificate("It certifies something other than its report.json says.")
    if report.refusals:
        raise InvalidCertificate(f"Its report stands against it: {'; '.join(report.refusals)}.")
    return report


def _report_of(events: bytes, report: CertificationReport) -> CertificationReport:
    return build_report(tuple(read_events(events.splitlines(keepends=True))), report.inputs())


def _check_dates(certificate: Certificate, report: CertificationReport, at: datetime) -> None:
    issued, expires = certificate.issued_at, certificate.expires_at
    if issued > at + CLOCKS_APART:
        raise InvalidCertificate(f"It is issued in the future, on {issued:%Y-%m-%d %H:%M} UTC.")
    if issued + CLOCKS_APART < report.run.ended_at:
        raise InvalidCertificate("It was issued before its run ended.")
    if expires > issued + timedelta(days=LONGEST_VALID_DAYS):
        raise InvalidCertificate(f"It is valid for longer than {LONGEST_VALID_DAYS} days, which no certificate is.")
    if _expired(report, expires):
        raise InvalidCertificate("It outlives a deviation that it rests on.")
    if at > expires:
        raise InvalidCertificate(f"It expired on {expires:%Y-%m-%d at %H:%M} UTC.")


def _expired(report: CertificationReport, at: datetime) -> list[DeviationResult]:
    return [each for each in report.deviations if each.state == "covers" and each.expires < at.date()]
