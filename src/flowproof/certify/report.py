"""
The report of a run: every test and requirement with its verdict, folded from its events. Every view is made from it.

The values, and their form as `report.json`. How they come about is the judgement's.
"""

from datetime import date
from typing import Any, Literal

import msgspec

from flowproof.errors import ConfigurationError

from .events import Exchanged, Moment, TargetShown, Verdict

__all__ = [
    "CheckedRow",
    "Coverage",
    "CreatedThing",
    "DeviationJudged",
    "KnownDeviation",
    "Report",
    "ReportInputs",
    "RequirementJudged",
    "Run",
    "Stated",
    "Suite",
    "TestJudged",
    "json_report",
    "read_report",
    "schema",
]

FORMAT = 1
DeviationState = Literal["covers", "stale", "expired", "not judged", "unknown"]


class Stated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    A requirement as the contract states it: `flowproof.conformance.Requirement`, as far as a report tells it.

    Args:
        line: In the contract's `requirements.toml`, from 1 on; 0 where it is not known.
    """

    id: str
    text: str
    source: str
    standing: Literal["documented", "observed", "inferred"]
    obliges: str
    note: str = ""
    line: int = 0


class KnownDeviation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`flowproof.target.profile.Deviation`, as data; it counts until the end of the day on which it expires."""

    requirement: str
    owner: str
    reason: str
    expires: date


class CheckedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the provider's checklist, as this run leaves it."""

    id: str
    text: str
    who: str
    days: float
    status: Literal["done", "attested", "open", "unprovable"]
    proof: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Coverage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the run exercised of one kind (operations, statuses, examples, branches, requirements), and what not."""

    kind: str
    exercised: tuple[str, ...]
    missed: tuple[str, ...]


class ReportInputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    What a run is judged by, beside its events.

    Args:
        title: The provider's, for people.
        contract_digest: SHA-256, in hex, over the files of the contract.
        requirements: In the contract's order.
        deviations: What the profile knows not to hold.
        checklist: Empty where the provider has none.
        coverage: Empty where the run kept none.
    """

    title: str
    contract_digest: str
    requirements: tuple[Stated, ...]
    deviations: tuple[KnownDeviation, ...] = ()
    checklist: tuple[CheckedRow, ...] = ()
    coverage: tuple[Coverage, ...] = ()


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    When the run was, and how much of it.

    Args:
        parts: More than one where it broke off and went on.
        complete: Whether it came to its end.
        selection: Which tests were chosen, in words; empty for all of the suite.
    """

    id: str
    started_at: Moment
    ended_at: Moment
    parts: int
    complete: bool
    selection: str


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    Which suite ran.

    Args:
        version: Flowproof's.
        digest: SHA-256, in hex, over suite, contract and fixtures; the next ones over the contract and the profile,
            which a mock has not.
        versions: Of what it stands on, by name.
    """

    version: str
    digest: str
    contract_digest: str
    profile_digest: str
    versions: dict[str, str]


class TestJudged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    A test that was planned.

    Args:
        verdict: None where the run broke off before the test had one.
        exchanges: How many it made.
        evidence: Ids of those that were kept.
    """

    __test__ = False  # pytest collects no class of ours

    test: str
    sentence: str
    requirements: tuple[str, ...]
    needs_control: bool
    verdict: Verdict | None
    why: str
    details: str
    at: Moment | None
    duration_ms: float
    exchanges: int
    evidence: tuple[str, ...]


class RequirementJudged(Stated, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """
    A requirement with its verdict.

    Args:
        verdict: FAIL if any of its tests says so, else ERROR, else PASS if one says so, else OMIT or SKIP.
        why: For any verdict but PASS.
        tests: Ids of its tests.
        mandatory: Whether a certificate needs it: documented, and some test of it can run on this target.
        excused: Whether a deviation covers its FAIL.
    """

    verdict: Verdict
    why: str
    tests: tuple[str, ...]
    mandatory: bool
    excused: bool


class DeviationJudged(KnownDeviation, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A deviation, and whether it covers a FAIL, is stale (its requirement holds), has expired, or was not judged."""

    state: DeviationState


class CreatedThing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that the run created, and what became of it."""

    id: str
    test: str
    operation: str
    what: str
    spent: str
    cleaned: bool
    how: str


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    All that is known of a run.

    Args:
        format: Version of this form.
        verdict: Of the whole: FAIL if anything failed that no deviation covers, or a deviation is stale; else ERROR if
            anything is, or the run broke off; else PASS if a requirement passed; else SKIP.
        why: For any verdict but PASS, in one sentence.
        refusals: Why no certificate can be issued; empty where one can.
        requirement_counts: How many requirements have each verdict.
        test_counts: The same for tests.
        exchanges: The evidence that was kept.
    """

    format: int
    verdict: Verdict
    why: str
    refusals: tuple[str, ...]
    provider: str
    title: str
    target: TargetShown
    permissions: tuple[str, ...]
    run: Run
    suite: Suite
    requirement_counts: dict[Verdict, int]
    test_counts: dict[Verdict, int]
    requirements: tuple[RequirementJudged, ...]
    deviations: tuple[DeviationJudged, ...]
    created: tuple[CreatedThing, ...]
    checklist: tuple[CheckedRow, ...]
    coverage: tuple[Coverage, ...]
    tests: tuple[TestJudged, ...]
    exchanges: tuple[Exchanged, ...]

    def inputs(self) -> ReportInputs:
        """What the run was judged by."""
        stated = tuple(
            Stated(each.id, each.text, each.source, each.standing, each.obliges, each.note, each.line)
            for each in self.requirements
        )
        known = tuple(
            KnownDeviation(each.requirement, each.owner, each.reason, each.expires) for each in self.deviations
        )
        return ReportInputs(self.title, self.suite.contract_digest, stated, known, self.checklist, self.coverage)


def json_report(report: Report) -> bytes:
    """A report as the file `report.json`."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def read_report(data: bytes) -> Report:
    """
    Read what `json_report` has written.

    Raises:
        ConfigurationError: It is none.
    """
    decode: Any = msgspec.json.Decoder(Report).decode
    try:
        report: Report = decode(data)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"This is no report: {error}.", "Give a report.json that flowproof wrote.") from error
    return report


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of `report.json`, as `report.schema.json` beside it has it."""
    stated = msgspec.json.schema(Report)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Report of a Flowproof run", **stated}
