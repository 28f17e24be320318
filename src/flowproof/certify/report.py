"""
The report of a run: every test and requirement with its verdict. Every view is made from it.

Defines the values and the format of `report.json`; the module `judgement` computes them.
"""

from datetime import date
from typing import Any, Literal

import msgspec

from flowproof.errors import ConfigurationError
from flowproof.plurals import counted

from .events import Connection, Exchanged, Operator, TargetInfo, Timestamp, Verdict

__all__ = [
    "CertificationReport",
    "ChecklistRow",
    "Coverage",
    "DeviationResult",
    "JudgedShare",
    "KnownDeviation",
    "ReportInputs",
    "RequirementResult",
    "ResourceOutcome",
    "RunSummary",
    "StatedRequirement",
    "SuiteVersion",
    "TestResult",
    "json_report",
    "read_report",
    "schema",
]

FORMAT = 2
DeviationState = Literal["covers", "stale", "expired", "not judged", "unknown"]


class StatedRequirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The fields of `flowproof.conformance.Requirement` that a report shows.

    Args:
        line: In the contract's `requirements.toml`, from 1 on; 0 where it is unknown.
    """

    id: str
    text: str
    source: str
    standing: Literal["documented", "observed", "inferred"]
    obliges: str
    note: str = ""
    line: int = 0


class KnownDeviation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`flowproof.target.profile.Deviation` as data; valid until the end of the day on which it expires."""

    requirement: str
    owner: str
    reason: str
    expires: date


class ChecklistRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the provider's checklist after the run."""

    id: str
    text: str
    who: str
    days: float
    status: Literal["done", "attested", "open", "unprovable"]
    proof: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Coverage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The coverage of one kind: operations, statuses, examples, branches or requirements."""

    kind: str
    exercised: tuple[str, ...]
    missed: tuple[str, ...]


class ReportInputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    What a run is judged by, in addition to its events.

    Args:
        title: The provider's, for people.
        contract_digest: SHA-256, in hex, over the files of the contract.
        requirements: In the contract's order.
        deviations: Known deviations of the target, from its profile.
        checklist: Empty where the provider has none.
        coverage: Empty where the run recorded none.
    """

    title: str
    contract_digest: str
    requirements: tuple[StatedRequirement, ...]
    deviations: tuple[KnownDeviation, ...] = ()
    checklist: tuple[ChecklistRow, ...] = ()
    coverage: tuple[Coverage, ...] = ()


class RunSummary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    When and how completely the run was done.

    Args:
        parts: More than one where it was interrupted and resumed.
        complete: Whether it reached its end.
        selection: The chosen tests in words; empty for the whole suite.
    """

    id: str
    started_at: Timestamp
    ended_at: Timestamp
    parts: int
    complete: bool
    selection: str


class SuiteVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    Which suite ran.

    Args:
        version: Of Flowproof.
        digest: SHA-256, in hex, over suite, contract and fixtures.
        contract_digest: SHA-256, in hex, over the contract.
        profile_digest: SHA-256, in hex, over the profile; empty for a mock.
        versions: Of the suite's dependencies, by name.
        changed_files: Files that are not those of the installed wheel; unset where there are none.
    """

    version: str
    digest: str
    contract_digest: str
    profile_digest: str
    versions: dict[str, str]
    changed_files: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class TestResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    A planned test with its result.

    Args:
        verdict: None where the run was interrupted before the test ended.
        exchanges: How many it made.
        evidence: Ids of those that were kept.
        violated: Requirements for which its FAIL counts; empty for those that it is marked with.
    """

    __test__ = False  # not a class of tests for pytest

    test: str
    sentence: str
    requirements: tuple[str, ...]
    needs_control: bool
    verdict: Verdict | None
    why: str
    details: str
    at: Timestamp | None
    duration_ms: float
    exchanges: int
    evidence: tuple[str, ...]
    violated: tuple[str, ...] = ()

    def fails(self, requirement: str) -> bool:
        """Whether this test fails a requirement."""
        return self.verdict == "FAIL" and requirement in (self.violated or self.requirements)


class RequirementResult(StatedRequirement, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """
    A requirement with its verdict.

    Args:
        verdict: FAIL if a test failed it, else ERROR if a test of it has that, else PASS if one passed, else OMIT or
            SKIP.
        why: For any verdict but PASS.
        tests: Ids of its tests, and of others that failed it.
        mandatory: Whether a certificate needs it: it is documented, and a test of it can run on this target.
        excused: Whether a deviation covers its FAIL.
    """

    verdict: Verdict
    why: str
    tests: tuple[str, ...]
    mandatory: bool
    excused: bool


class DeviationResult(KnownDeviation, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A deviation, and whether it covers a FAIL, is stale (its requirement passed), expired, or was not judged."""

    state: DeviationState


class ResourceOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A resource that the run created, and whether it was removed."""

    id: str
    test: str
    operation: str
    what: str
    spent: str
    cleaned: bool
    how: str


class JudgedShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    How much of the contract was judged: a requirement with PASS or FAIL is.

    Args:
        judged: Requirements with PASS or FAIL.
        of: All requirements of the contract.
        mandatory_judged: Those of them that are mandatory.
        of_mandatory: All that are mandatory.
    """

    judged: int
    of: int
    mandatory_judged: int
    of_mandatory: int

    def __str__(self) -> str:
        mandatory = f"{self.mandatory_judged} of {counted(self.of_mandatory, 'mandatory one')}"
        return f"{self.judged} of {counted(self.of, 'requirement')} judged; {mandatory}"


class CertificationReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The report of a certification run.

    Args:
        format: Version of this format.
        verdict: Of the whole: FAIL if anything failed that no deviation covers, or a deviation is stale; else ERROR if
            a test has it or the run was interrupted; else PASS if a requirement passed; else SKIP.
        why: One sentence for any verdict but PASS.
        refusals: Reasons against a certificate; empty where one can be issued.
        judged: How much of the contract the verdict is about.
        rehearsal: Whether the target was a mock of ours, so that the verdict says nothing of the provider.
        operator: Who ran it, in the operator's own words.
        connection: How the target was reached.
        calls: How often each operation was called, by `operationId`; empty where that was not counted.
        spent: What the calls cost, in the provider's unit; None where no response says it.
        requirement_counts: How many requirements have each verdict.
        test_counts: How many tests have each verdict.
        exchanges: The kept evidence.
    """

    format: int
    verdict: Verdict
    why: str
    refusals: tuple[str, ...]
    provider: str
    title: str
    target: TargetInfo
    permissions: tuple[str, ...]
    run: RunSummary
    suite: SuiteVersion
    judged: JudgedShare
    rehearsal: bool
    operator: Operator
    connection: Connection
    calls: dict[str, int]
    spent: str | None
    requirement_counts: dict[Verdict, int]
    test_counts: dict[Verdict, int]
    requirements: tuple[RequirementResult, ...]
    deviations: tuple[DeviationResult, ...]
    created: tuple[ResourceOutcome, ...]
    checklist: tuple[ChecklistRow, ...]
    coverage: tuple[Coverage, ...]
    tests: tuple[TestResult, ...]
    exchanges: tuple[Exchanged, ...]

    def inputs(self) -> ReportInputs:
        """What the run was judged by."""
        stated = tuple(
            StatedRequirement(each.id, each.text, each.source, each.standing, each.obliges, each.note, each.line)
            for each in self.requirements
        )
        known = tuple(
            KnownDeviation(each.requirement, each.owner, each.reason, each.expires) for each in self.deviations
        )
        return ReportInputs(self.title, self.suite.contract_digest, stated, known, self.checklist, self.coverage)


def json_report(report: CertificationReport) -> bytes:
    """Encode a report as `report.json`."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def read_report(data: bytes) -> CertificationReport:
    """
    Read a `report.json`.

    Raises:
        ConfigurationError: The data is not a report.
    """
    decode: Any = msgspec.json.Decoder(CertificationReport).decode
    try:
        report: CertificationReport = decode(data)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"This is no report: {error}.", "Give a report.json that flowproof wrote.") from error
    return report


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `report.json`."""
    stated = msgspec.json.schema(CertificationReport)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Report of a Flowproof run", **stated}
