"""
What a certificate states, as an in-toto statement with the predicate of test results.

So policy engines that know neither Flowproof nor this suite can read which requirements passed. What only Flowproof
knows is in an extension member whose name is a URI, as in-toto has it.
Source: in-toto attestation framework, Statement v1 and predicate test-result v0.1.
"""

from typing import Literal

import msgspec

from .events import Connection, Operator, TargetInfo, Timestamp, Verdict
from .report import CertificationReport, DeviationResult, JudgedShare, RunSummary, SuiteVersion

__all__ = ["PAYLOAD_TYPE", "Certificate", "Claims", "OpenRequirement", "SignedFile", "Statement", "claims_of", "state"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
EXTENSION = "urn:flowproof:certificate:2"

Result = Literal["PASSED", "WARNED"]
StatementType = Literal["https://in-toto.io/Statement/v1"]
PredicateType = Literal["https://in-toto.io/attestation/test-result/v0.1"]


class SignedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file or folder that the statement is about: its name, and SHA-256 in hex."""

    name: str
    digest: dict[Literal["sha256"], str]


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
        rehearsal: Whether the target was a mock of ours.
        judged: How much of the contract the verdict is about.
        operator: Who ran it, in the operator's own words.
        connection: How the target was reached.
        failed: Requirements that failed, also those that a deviation covers.
        not_run: Requirements that were skipped, omitted, or could not be judged.
        left_behind: Resources that the run could not remove.
        created: How many resources it created.
        spent: What its calls cost, in the provider's unit; None where no response says it.
    """

    provider: str
    title: str
    target: TargetInfo
    verdict: Verdict
    rehearsal: bool
    judged: JudgedShare
    operator: Operator
    connection: Connection
    run: RunSummary
    suite: SuiteVersion
    requirement_counts: dict[Verdict, int]
    deviations: tuple[DeviationResult, ...]
    failed: tuple[OpenRequirement, ...]
    not_run: tuple[OpenRequirement, ...]
    left_behind: tuple[str, ...]
    created: int
    spent: str | None


class Certificate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    What Flowproof adds to a statement.

    Args:
        format: Version of this format, and of the judgement behind it.
        public_key: The signer's, 32 bytes in base64.
    """

    format: int
    certifies: Claims
    issued_at: Timestamp
    expires_at: Timestamp
    public_key: str


class TestResults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The predicate: the requirements by their result.

    Args:
        result: WARNED where a deviation covers a failure.
        configuration: Suite, contract and profile.
        warned: Requirements that failed.
    """

    __test__ = False  # not a class of tests for pytest

    result: Result
    configuration: tuple[SignedFile, ...]
    passed: tuple[str, ...] = msgspec.field(name="passedTests")
    warned: tuple[str, ...] = msgspec.field(name="warnedTests")
    failed: tuple[str, ...] = msgspec.field(name="failedTests")
    certificate: Certificate = msgspec.field(name=EXTENSION)


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload: `subject` has every other file of the certificate."""

    type: StatementType = msgspec.field(name="_type")
    subject: tuple[SignedFile, ...]
    predicate_type: PredicateType = msgspec.field(name="predicateType")
    predicate: TestResults


def state(report: CertificationReport, certificate: Certificate, subject: tuple[SignedFile, ...]) -> Statement:
    """The statement of a report."""
    failed = tuple(each.id for each in report.requirements if each.verdict == "FAIL")
    digests = {
        "suite": report.suite.digest,
        "contract": report.suite.contract_digest,
        "profile": report.suite.profile_digest,
    }
    results = TestResults(
        result="WARNED" if failed else "PASSED",
        configuration=tuple(SignedFile(name, {"sha256": digest}) for name, digest in digests.items() if digest),
        passed=tuple(each.id for each in report.requirements if each.verdict == "PASS"),
        warned=failed,
        failed=(),
        certificate=certificate,
    )
    return Statement(
        type="https://in-toto.io/Statement/v1",
        subject=subject,
        predicate_type="https://in-toto.io/attestation/test-result/v0.1",
        predicate=results,
    )


def claims_of(report: CertificationReport) -> Claims:
    """What a certificate of a report claims."""
    return Claims(
        provider=report.provider,
        title=report.title,
        target=report.target,
        verdict=report.verdict,
        rehearsal=report.rehearsal,
        judged=report.judged,
        operator=report.operator,
        connection=report.connection,
        run=report.run,
        suite=report.suite,
        requirement_counts=report.requirement_counts,
        deviations=report.deviations,
        failed=_open(report, "FAIL"),
        not_run=_open(report, "SKIP", "OMIT", "ERROR"),
        left_behind=tuple(each.what for each in report.created if not each.cleaned),
        created=len(report.created),
        spent=report.spent,
    )


def _open(report: CertificationReport, *verdicts: Verdict) -> tuple[OpenRequirement, ...]:
    found = (each for each in report.requirements if each.verdict in verdicts)
    return tuple(OpenRequirement(each.id, each.verdict, each.why) for each in found)
