"""
The signed result of a certification run, in one file that anybody can verify offline.

A canonical zip: `certificate.json` has the claims and the SHA-256 of every other file, `signature` is Ed25519 over it.
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

from flowproof.errors import ConfigurationError, FlowproofError

from .bundle import NotCanonical, pack, unpack
from .events import TargetInfo, Timestamp, Verdict, read_events
from .judgement import build_report
from .keys import Ed25519PrivateKey, fingerprint, has_signed, public_bytes, sign
from .report import FORMAT, CertificationReport, DeviationResult, RunSummary, SuiteVersion, read_report
from .writers import VIEWS

__all__ = [
    "Certificate",
    "InvalidCertificate",
    "NotCertifiable",
    "VerifiedCertificate",
    "issue_certificate",
    "verify_certificate",
]

VALID_DAYS = 90
CLOCKS_APART = timedelta(minutes=5)
VIEWS_INSIDE = ("exchanges.har", "junit.xml", "report.html", "report.json")
NAMES = frozenset({"certificate.json", "events.jsonl", "signature", *VIEWS_INSIDE})


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


class SignedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the certificate; `sha256` in hex."""

    name: str
    size: int
    sha256: str


class OpenRequirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A requirement without a PASS, and why."""

    requirement: str
    verdict: Verdict
    why: str


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    What is certified.

    Args:
        verdict: Of the whole run; requirements that are not mandatory may have failed.
        mandatory: How many requirements are mandatory on this target; each passed or is covered by a deviation.
        failed: Requirements that failed, also those that a deviation covers.
        not_run: Requirements that were skipped, omitted, or could not be judged.
        left_behind: Resources that the run could not remove.
    """

    provider: str
    title: str
    target: TargetInfo
    verdict: Verdict
    run: RunSummary
    suite: SuiteVersion
    mandatory: int
    requirement_counts: dict[Verdict, int]
    deviations: tuple[DeviationResult, ...]
    failed: tuple[OpenRequirement, ...]
    not_run: tuple[OpenRequirement, ...]
    left_behind: tuple[str, ...]


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The content of `certificate.json`.

    Args:
        format: Version of this format, and of the judgement behind it.
        public_key: The signer's, 32 bytes in base64.
        files: Every other file except the signature.
    """

    format: int
    certifies: Claims
    issued_at: Timestamp
    expires_at: Timestamp
    public_key: str
    files: tuple[SignedFile, ...]


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
        valid_days: How long the certificate is valid.

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
    ends = [at + timedelta(days=valid_days), *(datetime.combine(each, time.max, UTC) for each in covering)]
    files = {"events.jsonl": events, **{name: VIEWS[name](report) for name in VIEWS_INSIDE}}
    certificate = Certificate(
        format=FORMAT,
        certifies=_claims(report),
        issued_at=at.replace(microsecond=0),
        expires_at=min(ends).replace(microsecond=0),
        public_key=base64.b64encode(public_bytes(key)).decode(),
        files=tuple(SignedFile(name, len(files[name]), sha256(files[name]).hexdigest()) for name in sorted(files)),
    )
    content = _encoded(certificate)
    return pack({**files, "certificate.json": content, "signature": sign(key, content)})


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
    certificate = _read(files["certificate.json"])
    public = _public_key(certificate)
    if not has_signed(public, files["certificate.json"], files["signature"]):
        raise InvalidCertificate("The signature is not that of the key which the certificate names.")
    _check_files(certificate, files)
    report = _checked_report(certificate, files)
    _check_dates(certificate, report, at)
    trusted = any(compare_digest(public, each) for each in trusted_keys.values())
    return VerifiedCertificate(certificate, report, fingerprint(public), trusted)


def _unpacked(data: bytes) -> dict[str, bytes]:
    try:
        files = unpack(data)
    except NotCanonical as error:
        raise InvalidCertificate(f"The file was changed, or is no certificate: {error}.") from error
    if set(files) != NAMES:
        other = ", ".join(sorted(set(files) ^ NAMES))
        raise InvalidCertificate(f"The certificate has not the files that one has: {other}.")
    return files


def _read(content: bytes) -> Certificate:
    decode: Any = msgspec.json.Decoder(Certificate).decode
    try:
        certificate: Certificate = decode(content)
    except msgspec.DecodeError as error:
        raise InvalidCertificate(f"Its certificate.json cannot be read: {error}.") from error
    if certificate.format != FORMAT:
        raise InvalidCertificate(f"It has the format {certificate.format}, this version of Flowproof reads {FORMAT}.")
    if _encoded(certificate) != content:
        raise InvalidCertificate("Its certificate.json is not written as Flowproof writes it.")
    return certificate


def _encoded(certificate: Certificate) -> bytes:
    return msgspec.json.format(msgspec.json.encode(certificate), indent=1) + b"\n"


def _public_key(certificate: Certificate) -> bytes:
    try:
        public = base64.b64decode(certificate.public_key, validate=True)
    except ValueError:
        public = b""
    if len(public) != 32:
        raise InvalidCertificate("The certificate names no Ed25519 key.")
    return public


def _check_files(certificate: Certificate, files: Mapping[str, bytes]) -> None:
    if {each.name for each in certificate.files} != NAMES - {"certificate.json", "signature"}:
        raise InvalidCertificate("The certificate does not vouch for each of its files.")
    for each in certificate.files:
        found = files[each.name]
        if len(found) != each.size or not compare_digest(sha256(found).hexdigest().encode(), each.sha256.encode()):
            raise InvalidCertificate(f"{each.name} is not the file that was signed.")


def _checked_report(certificate: Certificate, files: Mapping[str, bytes]) -> CertificationReport:
    """The report, if it equals the report of the events, and the claims equal those of the report."""
    try:
        report = read_report(files["report.json"])
        rebuilt = _report_of(files["events.jsonl"], report)
    except ConfigurationError as error:
        raise InvalidCertificate(f"Its report cannot be checked: {error.what}") from error
    if rebuilt != report:
        raise InvalidCertificate("Its report.json is not what its events say.")
    if _claims(report) != certificate.certifies:
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
    if _expired(report, expires):
        raise InvalidCertificate("It outlives a deviation that it rests on.")
    if at > expires:
        raise InvalidCertificate(f"It expired on {expires:%Y-%m-%d at %H:%M} UTC.")


def _expired(report: CertificationReport, at: datetime) -> list[DeviationResult]:
    return [each for each in report.deviations if each.state == "covers" and each.expires < at.date()]


def _claims(report: CertificationReport) -> Claims:
    return Claims(
        provider=report.provider,
        title=report.title,
        target=report.target,
        verdict=report.verdict,
        run=report.run,
        suite=report.suite,
        mandatory=sum(each.mandatory for each in report.requirements),
        requirement_counts=report.requirement_counts,
        deviations=report.deviations,
        failed=_open(report, "FAIL"),
        not_run=_open(report, "SKIP", "OMIT", "ERROR"),
        left_behind=tuple(each.what for each in report.created if not each.cleaned),
    )


def _open(report: CertificationReport, *verdicts: Verdict) -> tuple[OpenRequirement, ...]:
    found = (each for each in report.requirements if each.verdict in verdicts)
    return tuple(OpenRequirement(each.id, each.verdict, each.why) for each in found)
