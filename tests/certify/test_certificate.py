"""A certificate has the results of its run, and any change is detected."""

import base64
import json
import shutil
import subprocess
import zipfile
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from flowproof.certify.bundle import pack, unpack
from flowproof.certify.certificate import InvalidCertificate, NotCertifiable, issue_certificate, verify_certificate
from flowproof.certify.keys import (
    fingerprint,
    has_signed,
    make_keys,
    public_bytes,
    read_private_key,
    read_public_key,
)
from flowproof.certify.report import FORMAT, json_report, read_report
from flowproof.errors import ConfigurationError
from tests.certify.streams import MOCK, NOON, Stream, deviation, passed, report_of, stated
from tests.certify.tampering import (
    CERTIFICATE,
    FILES,
    ISSUED,
    KEY,
    LATER,
    STRANGER,
    TAMPERINGS,
    TRUSTED,
    Tampering,
    deviating,
    issued,
    lines,
    resigned,
)

ISSUED_ONCE = Path(__file__).parent / "issued"


def test_certificate_is_believed() -> None:
    """An issued certificate is valid, names its signer, and has the results of its report."""
    examined = verify_certificate(CERTIFICATE, TRUSTED, at=LATER)
    claims = examined.certificate.certifies

    assert (examined.trusted, examined.fingerprint) == (True, fingerprint(public_bytes(KEY)))
    assert (claims.verdict, claims.target.kind, claims.rehearsal) == ("PASS", "sandbox", False)
    assert str(claims.judged) == "1 of 1 requirement judged; 1 of 1 mandatory one"
    assert examined.certificate.expires_at == ISSUED + timedelta(days=90)
    assert examined.report == read_report(FILES["report.json"])


def test_certificate_of_an_earlier_day_is_still_believed() -> None:
    """
    A certificate in the repository stays valid: issued/format-2.zip must not become invalid by any change.

    A change of the judgement needs a new `FORMAT` of the report, and one more certificate in that folder.
    """
    examined = verify_certificate((ISSUED_ONCE / "format-2.zip").read_bytes(), TRUSTED, at=LATER)

    assert examined.trusted
    assert (examined.certificate.format, FORMAT) == (2, 2)


def test_certificate_without_demanded_evidence_is_refused() -> None:
    """Certificates of the first format are refused with the reason: a PASS in them needed no evidence."""
    with pytest.raises(InvalidCertificate, match="format 1, whose judgement did not demand evidence"):
        verify_certificate((ISSUED_ONCE / "format-1.zip").read_bytes(), TRUSTED, at=LATER)


def test_same_run_gives_the_same_bytes() -> None:
    """Issuing twice for the same run, time and key gives the same bytes, with the report and without pages."""
    assert issued() == CERTIFICATE
    assert set(FILES) == {"certificate.json", "events.jsonl", "report.json"}
    assert FILES["report.json"] == json_report(report_of(passed()))
    assert pack(FILES) == CERTIFICATE


@pytest.mark.parametrize("tampering", TAMPERINGS.values(), ids=TAMPERINGS)
def test_tampering_is_found(tampering: Tampering) -> None:
    """Any change is detected, even if the certificate is signed again."""
    with pytest.raises(InvalidCertificate) as found:
        verify_certificate(tampering.data(), TRUSTED, at=LATER)

    assert tampering.message in str(found.value)


@given(at=st.integers(0, len(CERTIFICATE) - 1), other=st.integers(1, 255))
@example(at=0, other=1)
@example(at=len(CERTIFICATE) - 1, other=1)
def test_any_changed_byte_is_found(at: int, other: int) -> None:
    """With any changed byte the certificate is invalid."""
    changed = bytearray(CERTIFICATE)
    changed[at] ^= other

    with pytest.raises(InvalidCertificate):
        verify_certificate(bytes(changed), TRUSTED, at=LATER)


@given(size=st.integers(0, len(CERTIFICATE) - 1))
def test_any_cut_is_found(size: int) -> None:
    """A truncated certificate is invalid."""
    with pytest.raises(InvalidCertificate):
        verify_certificate(CERTIFICATE[:size], TRUSTED, at=LATER)


@given(data=st.binary(max_size=400))
def test_nonsense_is_no_certificate(data: bytes) -> None:
    """Any other bytes are reported as invalid."""
    for each in (data, b"PK\x03\x04" + data, CERTIFICATE + data if data else b"", pack({"certificate.json": data})):
        with pytest.raises(InvalidCertificate):
            verify_certificate(each, TRUSTED, at=LATER)


def test_stranger_is_not_trusted() -> None:
    """A certificate with an unknown signer, or signed again by one, is not trusted."""
    for each in (issued(key=STRANGER), resigned(FILES, STRANGER)):
        examined = verify_certificate(each, TRUSTED, at=LATER)

        assert (examined.trusted, examined.fingerprint) == (False, fingerprint(public_bytes(STRANGER)))


def test_without_a_key_nobody_is_trusted() -> None:
    """Without trusted keys a valid certificate is not trusted."""
    assert verify_certificate(CERTIFICATE, {}, at=LATER).trusted is False


@pytest.mark.parametrize(("after", "valid"), [(timedelta(days=90), True), (timedelta(days=90, seconds=1), False)])
def test_certificate_expires(after: timedelta, valid: bool) -> None:
    """A certificate is valid until the second at which it expires."""
    if valid:
        assert verify_certificate(CERTIFICATE, TRUSTED, at=ISSUED + after).trusted
    else:
        with pytest.raises(InvalidCertificate, match="It expired on 2026-06-03"):
            verify_certificate(CERTIFICATE, TRUSTED, at=ISSUED + after)


def test_certificate_names_what_it_rests_on() -> None:
    """A certificate names deviations with owner, reason and expiry, failures, and what did not run."""
    claims = verify_certificate(deviating(), TRUSTED, at=LATER).certificate.certifies

    assert [(each.requirement, each.owner, each.reason, each.state) for each in claims.deviations] == [
        ("acme.other", "Ada Obi", "fixed in their next release", "covers")
    ]
    assert [(each.requirement, each.verdict) for each in claims.failed] == [("acme.other", "FAIL")]


def test_certificate_expires_with_its_deviation() -> None:
    """A certificate does not outlive a deviation that it needs, and needs no expired one."""
    stream = Stream()
    stream.run("test_a", "acme.a")
    stream.run("test_b", "acme.b", verdict="FAIL", why="known")
    events = stream.end()
    known = deviation("acme.b", expires=date(2026, 3, 20))
    report = report_of(events, stated("acme.a"), stated("acme.b"), deviations=[known])

    made = issue_certificate(report, lines(events), KEY, at=ISSUED)

    assert verify_certificate(made, TRUSTED, at=LATER).certificate.expires_at == datetime(
        2026, 3, 20, 23, 59, 59, tzinfo=UTC
    )
    with pytest.raises(InvalidCertificate, match="outlives a deviation"):
        verify_certificate(resigned(unpack(made), expires_at="2026-04-20T00:00:00Z"), TRUSTED, at=LATER)
    with pytest.raises(NotCertifiable, match=r"the deviation of acme\.b has expired"):
        issue_certificate(report, lines(events), KEY, at=datetime(2026, 3, 21, tzinfo=UTC))


def test_certificate_of_a_mock_says_so() -> None:
    """The certificate of a run on a mock says that the target was a mock, and that the run was a rehearsal."""
    claims = verify_certificate(issued(passed(MOCK)), TRUSTED, at=LATER).certificate.certifies

    assert (claims.target.kind, claims.rehearsal) == ("mock", True)


def test_refused_report_is_not_certified() -> None:
    """A report with reasons against a certificate gets none, and the reasons are in the error."""
    stream = Stream()
    stream.run("test_sku", "acme.order.sku", verdict="FAIL", why="it did")
    events = stream.events

    with pytest.raises(NotCertifiable) as refused:
        issue_certificate(report_of(events), lines(events), KEY, at=ISSUED)

    assert refused.value.reasons == (
        "the run broke off",
        "the mandatory requirement acme.order.sku is FAIL: it did",
    )


def test_other_events_are_not_certified() -> None:
    """A report is certified with its own events only."""
    with pytest.raises(ConfigurationError, match="not that of these events"):
        issue_certificate(report_of(passed()), lines(passed(MOCK)), KEY, at=ISSUED)


def test_any_program_can_open_it(tmp_path: Path) -> None:
    """A certificate is a plain zip that any program can open."""
    file = tmp_path / "acme.zip"
    file.write_bytes(CERTIFICATE)

    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        statement = json.loads(base64.b64decode(json.loads(archive.read("certificate.json"))["payload"]))

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicate"]["result"] == "PASSED"
    assert statement["predicate"]["passedTests"] == ["acme.order.sku"]
    assert {each["name"]: each["digest"]["sha256"] for each in statement["subject"]} == {
        name: sha256(FILES[name]).hexdigest() for name in ("events.jsonl", "report.json")
    }


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_the_envelope(tmp_path: Path) -> None:
    """The signature is verified by openssl, over DSSE's encoding of type and payload, without any code of ours."""
    envelope = json.loads(FILES["certificate.json"])
    payload, kind = base64.b64decode(envelope["payload"]), envelope["payloadType"]
    (tmp_path / "message").write_bytes(f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload)
    (tmp_path / "signature").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    key = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pub").write_bytes(key)
    options = ["-verify", "-rawin", "-pubin", "-inkey", "key.pub", "-in", "message", "-sigfile", "signature"]

    done = subprocess.run(["openssl", "pkeyutl", *options], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, "Verified Successfully" in done.stdout) == (0, True), done.stderr


def test_certificate_lasts_a_year_at_most() -> None:
    """However many days are asked for, a certificate expires after 366."""
    run = passed()
    made = issue_certificate(report_of(run), lines(run), KEY, at=ISSUED, valid_days=3650)

    expires = verify_certificate(made, TRUSTED, at=LATER).certificate.expires_at

    assert expires == ISSUED + timedelta(days=366)


def test_keys_are_made_for_their_owner(tmp_path: Path) -> None:
    """Only the owner can read the private key, the public key verifies its signature, and no file is overwritten."""
    file = tmp_path / "ada"
    public, name = make_keys(file)
    key, read = read_private_key(file), read_public_key(public)

    assert (file.stat().st_mode & 0o777, public.name, name) == (0o600, "ada.pub", fingerprint(read))
    assert has_signed(read, b"certificate", key.sign(b"certificate"))
    assert not has_signed(read, b"certificate", key.sign(b"Certificate"))
    for each in (file, public):
        with pytest.raises(ConfigurationError, match="is there already"):
            make_keys(tmp_path / each.name.removesuffix(".pub"))
        each.unlink()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_keys_of_openssl_do_as_well(tmp_path: Path) -> None:
    """Keys of openssl can be used, and openssl shows the same fingerprint."""
    private, public = tmp_path / "key", tmp_path / "key.pub"
    for command in (
        ["genpkey", "-algorithm", "ed25519", "-out", str(private)],
        ["pkey", "-in", str(private), "-pubout", "-out", str(public)],
    ):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", public, "-outform", "DER"], check=True, capture_output=True
    )

    key, read = read_private_key(private), read_public_key(public)

    assert (public_bytes(key), has_signed(read, b"a", key.sign(b"a"))) == (read, True)
    assert fingerprint(read) == sha256(der.stdout).hexdigest()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_other_keys_are_refused(tmp_path: Path) -> None:
    """A key with a password, another kind of key, and a missing file are refused with advice."""
    made = {
        "locked": ["genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:secret"],
        "curve": ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    }
    for name, command in made.items():
        subprocess.run(["openssl", *command, "-out", tmp_path / name], check=True, capture_output=True)
    (tmp_path / "nonsense").write_text("hello")

    for name, message in {
        "locked": "password",
        "curve": "no Ed25519",
        "nonsense": "PEM",
        "missing": "cannot be read",
    }.items():
        with pytest.raises(ConfigurationError, match=message):
            read_private_key(tmp_path / name)
    with pytest.raises(ConfigurationError, match="no public key"):
        read_public_key(tmp_path / "nonsense")


def test_certificate_lasts_as_long_as_is_asked() -> None:
    """The days of validity can be chosen."""
    run = passed()
    made = issue_certificate(report_of(run), lines(run), KEY, at=ISSUED, valid_days=7)

    assert verify_certificate(made, TRUSTED, at=NOON + timedelta(days=7)).certificate.expires_at == ISSUED + timedelta(
        days=7
    )
