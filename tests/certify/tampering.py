"""Certificates, and ways to tamper with them."""

import base64
import io
import json
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import structs

from flowproof.certify import build_report
from flowproof.certify.bundle import pack, unpack
from flowproof.certify.certificate import issue_certificate
from flowproof.certify.envelope import payload_of, seal_envelope
from flowproof.certify.events import Event, dump, read_events
from flowproof.certify.keys import Ed25519PrivateKey, fingerprint, public_bytes
from flowproof.certify.report import FORMAT, json_report, read_report
from flowproof.certify.statement import EXTENSION, PAYLOAD_TYPE, Certificate, claims_of, state
from tests.certify.streams import MOCK, NOON, Stream, deviation, passed, report_of, stated

KEY = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)
ISSUED = NOON + timedelta(hours=1)
LATER = NOON + timedelta(days=10)
TRUSTED = {"ada.pub": public_bytes(KEY)}


def lines(events: list[Event]) -> bytes:
    """Events as their file."""
    return b"".join(map(dump, events))


def issued(events: list[Event] | None = None, *, key: Ed25519PrivateKey = KEY, **more: Any) -> bytes:
    """The certificate of these events."""
    run = passed() if events is None else events
    return issue_certificate(report_of(run, **more), lines(run), key, at=ISSUED)


CERTIFICATE = issued()
FILES = unpack(CERTIFICATE)


def statement_of(files: dict[str, bytes] = FILES) -> Any:
    """The statement in a certificate's files."""
    return json.loads(payload_of(files["certificate.json"], PAYLOAD_TYPE)[0])


def sealed(files: dict[str, bytes], statement: Any, key: Ed25519PrivateKey = KEY, **form: Any) -> bytes:
    """A certificate with that statement, signed with that key."""
    payload = json.dumps(statement, ensure_ascii=False, **({"indent": 1} | form)).encode() + b"\n"
    return pack({**files, "certificate.json": seal_envelope(key, payload, PAYLOAD_TYPE)})


def resigned(files: dict[str, bytes], key: Ed25519PrivateKey = KEY, **changes: Any) -> bytes:
    """A certificate that is changed, with correct digests and a new signature."""
    statement = statement_of(files)
    for each in statement["subject"]:
        each["digest"]["sha256"] = sha256(files[each["name"]]).hexdigest()
    named = {"public_key": base64.b64encode(public_bytes(key)).decode()}
    statement["predicate"][EXTENSION] |= {**named, **changes}
    return sealed(files, statement, key)


def edited(name: str, old: bytes, new: bytes, files: dict[str, bytes] = FILES) -> dict[str, bytes]:
    """The files with one place in one file changed."""
    assert old in files[name]
    return {**files, name: files[name].replace(old, new)}


def restated(old: str, new: str, files: dict[str, bytes] = FILES) -> dict[str, bytes]:
    """The files with one place in the statement changed, under the old signature."""
    envelope = json.loads(files["certificate.json"])
    payload = base64.b64decode(envelope["payload"]).decode()
    assert old in payload
    envelope["payload"] = base64.b64encode(payload.replace(old, new).encode()).decode()
    return {**files, "certificate.json": json.dumps(envelope, indent=1).encode() + b"\n"}


def signed_as(signature: bytes) -> dict[str, bytes]:
    """The files with another signature."""
    envelope = json.loads(FILES["certificate.json"])
    envelope["signatures"][0]["sig"] = base64.b64encode(signature).decode()
    return {**FILES, "certificate.json": json.dumps(envelope, indent=1).encode() + b"\n"}


def changed_claims(files: dict[str, bytes] = FILES, **changes: Any) -> bytes:
    """A certificate with other claims, signed again."""
    claims = statement_of(files)["predicate"][EXTENSION]["certifies"]
    return resigned(files, certifies={**claims, **changes})


def rezipped(change: Callable[[zipfile.ZipInfo], None] = lambda entry: None, comment: bytes = b"") -> bytes:
    """The same files in a zip of another program."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in sorted(FILES):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            change(entry)
            archive.writestr(entry, FILES[name])
        archive.comment = comment
    return written.getvalue()


def with_entry(name: str, content: bytes) -> bytes:
    """The certificate with one more entry at its end."""
    written = io.BytesIO(CERTIFICATE)
    with zipfile.ZipFile(written, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of a name that is there already
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return written.getvalue()


def in_mock() -> dict[str, bytes]:
    """The files of a certificate of a mock."""
    return unpack(issued(passed(MOCK)))


SANDBOX_CLAIMED = {"target": {"name": "mock", "kind": "sandbox", "url": MOCK.url}}


def relabelled() -> dict[str, bytes]:
    """A mock's files with the mock renamed to a sandbox in the report."""
    return edited("report.json", b'"kind": "mock"', b'"kind": "sandbox"', in_mock())


def deviating() -> bytes:
    """A certificate with a deviation."""
    stream = Stream()
    stream.run("test_sku", "acme.order.sku")
    stream.run("test_other", "acme.other", verdict="FAIL", why="known")
    events = stream.end()
    report = report_of(events, stated("acme.order.sku"), stated("acme.other"), deviations=[deviation("acme.other")])
    return issue_certificate(report, lines(events), KEY, at=ISSUED)


def without_deviation() -> bytes:
    """The certificate with the deviation removed from its report."""
    files = unpack(deviating())
    inputs = structs.replace(read_report(files["report.json"]).inputs(), deviations=())
    report = build_report(read_events(files["events.jsonl"].splitlines(keepends=True)), inputs)
    return resigned({**files, "report.json": json_report(report)})


def of_a_failure() -> bytes:
    """A certificate of a failed run, made up by its signer."""
    stream = Stream()
    stream.run("test_sku", "acme.order.sku", verdict="FAIL", why="it did")
    report = report_of(stream.events)
    files = {**FILES, "events.jsonl": lines(stream.events), "report.json": json_report(report)}
    certificate = Certificate(FORMAT, claims_of(report), ISSUED, ISSUED, base64.b64encode(public_bytes(KEY)).decode())
    statement = json.loads(msgspec.json.encode(state(report, certificate, ())))
    subject = [
        {"name": each, "digest": {"sha256": sha256(files[each]).hexdigest()}}
        for each in ("events.jsonl", "report.json")
    ]
    return sealed(files, {**statement, "subject": subject})


def compact() -> bytes:
    """The certificate with other white space in its statement."""
    return sealed(FILES, statement_of(), indent=None)


def unvouched() -> bytes:
    """A certificate that lacks the digest of a file."""
    statement = statement_of()
    return sealed(FILES, {**statement, "subject": statement["subject"][1:]})


def requirement_added() -> bytes:
    """A certificate whose list of passed requirements has one more than its report."""
    statement = statement_of()
    statement["predicate"]["passedTests"].append("acme.order.other")
    return sealed(FILES, statement)


def of_another_type() -> bytes:
    """A certificate in an envelope of another type."""
    payload = payload_of(FILES["certificate.json"], PAYLOAD_TYPE)[0]
    return pack({**FILES, "certificate.json": seal_envelope(KEY, payload, "application/json")})


@dataclass(frozen=True)
class Tampering:
    """A changed certificate, and the expected error."""

    data: Callable[[], bytes]
    message: str


def flipped(name: str) -> Tampering:
    """Change one byte in the middle of a file."""
    content = FILES[name]
    at = CERTIFICATE.index(content) + len(content) // 2
    return Tampering(lambda: CERTIFICATE[:at] + bytes([CERTIFICATE[at] ^ 1]) + CERTIFICATE[at + 1 :], "changed")


def _extra(entry: zipfile.ZipInfo) -> None:
    entry.extra = b"\xfe\xca\x00\x00"


def _time(entry: zipfile.ZipInfo) -> None:
    entry.date_time = (2026, 1, 1, 0, 0, 0)


def _mode(entry: zipfile.ZipInfo) -> None:
    entry.external_attr = 0o100755 << 16


def _deflated(entry: zipfile.ZipInfo) -> None:
    entry.compress_type = zipfile.ZIP_DEFLATED


TAMPERINGS = {
    **{f"a changed byte in {name}": flipped(name) for name in sorted(FILES)},
    "a swapped file": Tampering(
        lambda: pack({**FILES, "report.json": unpack(issued(passed(MOCK)))["report.json"]}),
        "report.json is not the file",
    ),
    "two files exchanged": Tampering(
        lambda: pack({**FILES, "report.json": FILES["events.jsonl"], "events.jsonl": FILES["report.json"]}),
        "is not the file",
    ),
    "an added file": Tampering(lambda: pack({**FILES, "note.txt": b"all is well"}), "not the files"),
    "an added page": Tampering(lambda: pack({**FILES, "report.html": b"<h1>PASS</h1>"}), "not the files"),
    "an appended entry": Tampering(lambda: with_entry("note.txt", b"x"), "belong to none"),
    "a duplicate entry": Tampering(lambda: with_entry("report.json", FILES["report.json"]), "twice"),
    "a removed file": Tampering(
        lambda: pack({each: FILES[each] for each in FILES if each != "events.jsonl"}), "not the files"
    ),
    "a removed envelope": Tampering(
        lambda: pack({each: FILES[each] for each in FILES if each != "certificate.json"}), "not the files"
    ),
    "an edited statement": Tampering(
        lambda: pack(restated("Acme's sandbox", "Acme's Sandbox")), "The signature is not"
    ),
    "an extended expiry": Tampering(lambda: pack(restated("2026-06-03", "2029-06-03")), "The signature is not"),
    "a stranger's signature": Tampering(lambda: pack(signed_as(STRANGER.sign(b"x"))), "The signature is not"),
    "a signature of the payload alone": Tampering(
        lambda: pack(signed_as(KEY.sign(payload_of(FILES["certificate.json"], PAYLOAD_TYPE)[0]))),
        "The signature is not",
    ),
    "an empty signature": Tampering(lambda: pack(signed_as(b"")), "The signature is not"),
    "another key named": Tampering(
        lambda: pack(
            restated(base64.b64encode(public_bytes(KEY)).decode(), base64.b64encode(public_bytes(STRANGER)).decode())
        ),
        "The signature is not",
    ),
    "another key as a hint": Tampering(
        lambda: pack(edited("certificate.json", fingerprint(public_bytes(KEY)).encode(), b"0" * 64)),
        "names another key",
    ),
    "no key named": Tampering(lambda: resigned(FILES, public_key="AAAA"), "names no Ed25519 key"),
    "an envelope of another type": Tampering(of_another_type, "its payload is application/json"),
    "appended bytes": Tampering(lambda: CERTIFICATE + b"\0", "changed"),
    "prepended bytes": Tampering(lambda: b"PK" + CERTIFICATE, "changed"),
    "truncated": Tampering(lambda: CERTIFICATE[:-30], "no whole zip"),
    "cut in half": Tampering(lambda: CERTIFICATE[: len(CERTIFICATE) // 2], "no whole zip"),
    "a comment": Tampering(lambda: rezipped(comment=b"hello"), "belong to none"),
    "another time": Tampering(lambda: rezipped(_time), "belong to none"),
    "another mode": Tampering(lambda: rezipped(_mode), "belong to none"),
    "an extra field": Tampering(lambda: rezipped(_extra), "belong to none"),
    "compressed": Tampering(lambda: rezipped(_deflated), "compressed"),
    "a mock called a sandbox in its claims, signed again": Tampering(
        lambda: changed_claims(in_mock(), **SANDBOX_CLAIMED), "something other than its report.json"
    ),
    "a mock called a sandbox in its report, signed again": Tampering(
        lambda: changed_claims(relabelled(), **SANDBOX_CLAIMED), "not what its events say"
    ),
    "a rehearsal called none, signed again": Tampering(
        lambda: changed_claims(in_mock(), rehearsal=False), "something other than its report.json"
    ),
    "a larger share, signed again": Tampering(
        lambda: changed_claims(judged={"judged": 90, "of": 91, "mandatory_judged": 66, "of_mandatory": 66}),
        "something other than its report.json",
    ),
    "another operator, signed again": Tampering(
        lambda: changed_claims(operator={"organisation": "Z", "contact": "", "client": "", "client_version": ""}),
        "something other than its report.json",
    ),
    "one more passed requirement, signed again": Tampering(requirement_added, "something other than its report.json"),
    "a verdict edited in report.json, signed again": Tampering(
        lambda: resigned(edited("report.json", b'"verdict": "PASS"', b'"verdict": "SKIP"')), "not what its events say"
    ),
    "a deviation taken out of report.json, signed again": Tampering(without_deviation, "something other than"),
    "a failure certified by its signer": Tampering(of_a_failure, "stands against it"),
    "an unknown member, signed again": Tampering(lambda: resigned(FILES, note="hello"), "cannot be read"),
    "another form of JSON, signed again": Tampering(compact, "not written as Flowproof writes it"),
    "another format, signed again": Tampering(lambda: resigned(FILES, format=99), "reads 2"),
    "dates without a zone, signed again": Tampering(
        lambda: resigned(FILES, expires_at="2029-01-01T00:00:00"), "cannot be read"
    ),
    "valid for a century, signed again": Tampering(
        lambda: resigned(FILES, expires_at="2126-01-01T00:00:00Z"), "valid for longer than 366 days"
    ),
    "issued before the run ended": Tampering(
        lambda: resigned(FILES, issued_at="2026-03-05T11:00:00Z"), "before its run ended"
    ),
    "issued in the future": Tampering(lambda: resigned(FILES, issued_at="2026-04-05T11:00:00Z"), "in the future"),
    "one file not vouched for": Tampering(unvouched, "does not vouch"),
    "events that are none": Tampering(lambda: resigned({**FILES, "events.jsonl": b"{}\n"}), "cannot be checked"),
}
