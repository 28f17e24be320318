"""
The signed result of a certification run, in one file that anybody can check offline.

A zip, canonical to the byte: `certificate.json` says what is certified and has the SHA-256 of every other file,
`signature` is Ed25519 over it. `issue` refuses what does not hold; `examine` believes nothing that it can work out: it
folds the events again and compares.
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
from .events import Moment, TargetShown, Verdict, read_events
from .judgement import fold
from .keys import Ed25519PrivateKey, fingerprint, has_signed, public_bytes, sign
from .report import FORMAT, DeviationJudged, Report, Run, Suite, read_report
from .writers import VIEWS

__all__ = ["Certificate", "Examined", "InvalidCertificate", "NotCertifiable", "examine", "issue"]

VALID_DAYS = 90
CLOCKS_APART = timedelta(minutes=5)
VIEWS_INSIDE = ("exchanges.har", "junit.xml", "report.html", "report.json")
NAMES = frozenset({"certificate.json", "events.jsonl", "signature", *VIEWS_INSIDE})


@dataclass(eq=False)
class NotCertifiable(FlowproofError):
    """
    A report for which no certificate is issued.

    Args:
        reasons: Why, one sentence each.
    """

    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"No certificate can be issued: {'; '.join(self.reasons)}."


@dataclass(eq=False)
class InvalidCertificate(FlowproofError):
    """
    A file that certifies nothing.

    Args:
        what: What is wrong with it.
    """

    what: str

    def __str__(self) -> str:
        return self.what


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the certificate; `sha256` in hex."""

    name: str
    size: int
    sha256: str


class Open(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A requirement that has no PASS, and why."""

    requirement: str
    verdict: Verdict
    why: str


class Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    What is certified.

    Args:
        verdict: Of the whole run; a certificate may be issued though requirements that are not mandatory failed.
        mandatory: How many requirements are mandatory on this target; each holds, or a deviation covers it.
        failed: Those that failed, with those that a deviation covers.
        not_run: Those that were skipped, omitted, or could not be judged.
        left_behind: What the run could not undo.
    """

    provider: str
    title: str
    target: TargetShown
    verdict: Verdict
    run: Run
    suite: Suite
    mandatory: int
    requirement_counts: dict[Verdict, int]
    deviations: tuple[DeviationJudged, ...]
    failed: tuple[Open, ...]
    not_run: tuple[Open, ...]
    left_behind: tuple[str, ...]


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The content of `certificate.json`.

    Args:
        format: Version of this form, and of the judgement that led to it.
        public_key: The signer's, 32 bytes in base64.
        files: Every other file but the signature.
    """

    format: int
    certifies: Claims
    issued_at: Moment
    expires_at: Moment
    public_key: str
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Examined:
    """A certificate that is whole, with the fingerprint of whoever signed it, and whether that key is trusted."""

    certificate: Certificate
    report: Report
    fingerprint: str
    trusted: bool


def issue(
    report: Report, events: bytes, key: Ed25519PrivateKey, *, at: datetime, valid_days: int = VALID_DAYS
) -> bytes:
    """
    Issue the certificate of a report.

    It expires with the first deviation that it rests on, if that is earlier.

    Args:
        report: Without refusals.
        events: The run's `events.jsonl`, of which it is the report.
        key: The signer's.
        at: Now; aware, UTC.
        valid_days: For how long.

    Raises:
        NotCertifiable: Something stands against it.
        ConfigurationError: The events are not those of the report.
    """
    if _folded(events, report) != report:
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
        files=tuple(File(name, len(files[name]), sha256(files[name]).hexdigest()) for name in sorted(files)),
    )
    content = _written(certificate)
    return pack({**files, "certificate.json": content, "signature": sign(key, content)})


def examine(data: bytes, trusted_keys: Mapping[str, bytes], *, at: datetime) -> Examined:
    """
    Check a certificate, without asking anybody.

    Args:
        data: The file.
        trusted_keys: Public keys whose signatures count, by a name for each.
        at: Now; aware, UTC.

    Raises:
        InvalidCertificate: It is not whole, not signed by the key that it names, not of one mind, or not valid now.
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
    return Examined(certificate, report, fingerprint(public), trusted)


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
    if _written(certificate) != content:
        raise InvalidCertificate("Its certificate.json is not written as Flowproof writes it.")
    return certificate


def _written(certificate: Certificate) -> bytes:
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


def _checked_report(certificate: Certificate, files: Mapping[str, bytes]) -> Report:
    """The report, once it is what the events say, and the certificate what the report says."""
    try:
        report = read_report(files["report.json"])
        folded = _folded(files["events.jsonl"], report)
    except ConfigurationError as error:
        raise InvalidCertificate(f"Its report cannot be checked: {error.what}") from error
    if folded != report:
        raise InvalidCertificate("Its report.json is not what its events say.")
    if _claims(report) != certificate.certifies:
        raise InvalidCertificate("It certifies something other than its report.json says.")
    if report.refusals:
        raise InvalidCertificate(f"Its report stands against it: {'; '.join(report.refusals)}.")
    return report


def _folded(events: bytes, report: Report) -> Report:
    return fold(tuple(read_events(events.splitlines(keepends=True))), report.inputs())


def _check_dates(certificate: Certificate, report: Report, at: datetime) -> None:
    issued, expires = certificate.issued_at, certificate.expires_at
    if issued > at + CLOCKS_APART:
        raise InvalidCertificate(f"It is issued in the future, on {issued:%Y-%m-%d %H:%M} UTC.")
    if issued + CLOCKS_APART < report.run.ended_at:
        raise InvalidCertificate("It was issued before its run ended.")
    if _expired(report, expires):
        raise InvalidCertificate("It outlives a deviation that it rests on.")
    if at > expires:
        raise InvalidCertificate(f"It expired on {expires:%Y-%m-%d at %H:%M} UTC.")


def _expired(report: Report, at: datetime) -> list[DeviationJudged]:
    return [each for each in report.deviations if each.state == "covers" and each.expires < at.date()]


def _claims(report: Report) -> Claims:
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


def _open(report: Report, *verdicts: Verdict) -> tuple[Open, ...]:
    return tuple(Open(each.id, each.verdict, each.why) for each in report.requirements if each.verdict in verdicts)
