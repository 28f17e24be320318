"""
Builds the report of a run from its events: the verdicts, and whether a certificate can be issued.

Pure, without a clock: the same events and inputs give the same report, so that a certificate can be verified.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from msgspec import structs

from .events import Event, Exchanged, TargetInfo, Verdict
from .record import RunRecord, TestAttempt, group_events
from .report import (
    FORMAT,
    CertificationReport,
    DeviationResult,
    KnownDeviation,
    ReportInputs,
    RequirementResult,
    ResourceOutcome,
    RunSummary,
    StatedRequirement,
    SuiteVersion,
    TestResult,
)

__all__ = ["build_report", "exit_code"]

VERDICTS: tuple[Verdict, ...] = ("PASS", "FAIL", "ERROR", "SKIP", "OMIT")
NOT_RUN = "no test ran"
BROKE_OFF = "the run broke off before its test ended"
MOST_REASONS = 3


def build_report(events: Iterable[Event], inputs: ReportInputs) -> CertificationReport:
    """
    Build the report of a run.

    Raises:
        ConfigurationError: The events do not begin with a run, or are of more than one.
    """
    record = group_events(events)
    started, target = record.started, _target(record)
    tests = tuple(map(_test, record.attempts.values()))
    deviated = {each.requirement: each for each in inputs.deviations}
    today = record.last_at.date()
    requirements = tuple(_requirement(each, tests, target, deviated, today) for each in inputs.requirements)
    deviations = tuple(_deviation(each, requirements, today) for each in inputs.deviations)
    complete = record.finished is not None
    verdict, why = _whole(requirements, deviations, tests, complete=complete)
    refused = [*_shortcomings(record), *_refusals(requirements, deviations, tests)]
    return CertificationReport(
        format=FORMAT,
        verdict=verdict,
        why=why,
        refusals=tuple(refused),
        provider=started.provider,
        title=inputs.title,
        target=target,
        permissions=started.permissions,
        run=RunSummary(started.run, record.first_at, record.last_at, record.parts, complete, started.selection),
        suite=SuiteVersion(
            started.suite_version,
            started.suite_digest,
            inputs.contract_digest,
            started.profile_digest,
            started.versions,
        ),
        requirement_counts=_counts(each.verdict for each in requirements),
        test_counts=_counts(each.verdict for each in tests if each.verdict),
        requirements=requirements,
        deviations=deviations,
        created=tuple(_created(record)),
        checklist=inputs.checklist,
        coverage=inputs.coverage,
        tests=tests,
        exchanges=(*(each for attempt in record.attempts.values() for each in attempt.exchanges), *record.others),
    )


def exit_code(report: CertificationReport) -> int:
    """The exit code of the command: 0 for PASS, 1 for FAIL and ERROR, 2 if nothing could be judged."""
    return {"PASS": 0, "FAIL": 1, "ERROR": 1}.get(report.verdict, 2)


def _target(record: RunRecord) -> TargetInfo:
    """The target, which is a mock where a response had our own header."""
    kept = (*record.others, *(each for attempt in record.attempts.values() for each in attempt.exchanges))
    target = record.started.target
    return structs.replace(target, kind="mock") if record.recognised or any(map(_is_ours, kept)) else target


def _is_ours(exchange: Exchanged) -> bool:
    return any(name.lower() == "flowproof-exchange" for name, _ in exchange.response.headers)


def _test(attempt: TestAttempt) -> TestResult:
    planned, finished = attempt.planned, attempt.finished
    return TestResult(
        test=planned.test,
        sentence=planned.sentence,
        requirements=planned.requirements,
        needs_control=planned.needs_control,
        verdict=finished.verdict if finished else None,
        why=finished.why if finished else BROKE_OFF,
        details=finished.details if finished else "",
        at=finished.at if finished else None,
        duration_ms=finished.duration_ms if finished else 0.0,
        exchanges=finished.exchanges if finished else len(attempt.exchanges),
        evidence=tuple(each.id for each in attempt.exchanges),
    )


def _requirement(
    stated: StatedRequirement,
    tests: Sequence[TestResult],
    target: TargetInfo,
    deviated: Mapping[str, KnownDeviation],
    today: date,
) -> RequirementResult:
    own_tests = [each for each in tests if stated.id in each.requirements]
    verdict, why = _verdict(own_tests)
    possible = any(target.kind == "mock" or not each.needs_control for each in own_tests)
    known = deviated.get(stated.id)
    return RequirementResult(
        **structs.asdict(stated),
        verdict=verdict,
        why=why,
        tests=tuple(each.test for each in own_tests),
        mandatory=stated.standing == "documented" and possible,
        excused=verdict == "FAIL" and known is not None and known.expires >= today,
    )


def _verdict(tests: Sequence[TestResult]) -> tuple[Verdict, str]:
    """The verdict on a requirement: the worst of its tests; without a test it is never PASS."""
    worst: tuple[Verdict, ...] = ("FAIL", "ERROR")
    for verdict in worst:
        if any(each.verdict == verdict for each in tests):
            return verdict, _reasons(each.why for each in tests if each.verdict == verdict)
    if any(each.verdict == "PASS" for each in tests):
        return "PASS", ""
    least: tuple[Verdict, ...] = ("OMIT", "SKIP")
    for verdict in least:
        if any(each.verdict == verdict for each in tests):
            return verdict, _reasons(each.why for each in tests if each.verdict in least)
    return "SKIP", BROKE_OFF if tests else NOT_RUN


def _reasons(reasons: Iterable[str]) -> str:
    different = list(dict.fromkeys(each for each in reasons if each))
    more = len(different) - MOST_REASONS
    return "; ".join([*different[:MOST_REASONS], *([f"and {more} more reasons"] if more > 0 else [])])


def _deviation(known: KnownDeviation, requirements: Sequence[RequirementResult], today: date) -> DeviationResult:
    verdicts = {each.id: each.verdict for each in requirements}
    match verdicts.get(known.requirement):
        case None:
            return DeviationResult(**structs.asdict(known), state="unknown")
        case "PASS":
            return DeviationResult(**structs.asdict(known), state="stale")
        case "FAIL":
            state = DeviationResult(**structs.asdict(known), state="covers")
            return state if known.expires >= today else structs.replace(state, state="expired")
        case _:
            return DeviationResult(**structs.asdict(known), state="not judged")


def _whole(
    requirements: Sequence[RequirementResult],
    deviations: Sequence[DeviationResult],
    tests: Sequence[TestResult],
    *,
    complete: bool,
) -> tuple[Verdict, str]:
    failed = [each for each in requirements if each.verdict == "FAIL" and not each.excused]
    unmarked = [each for each in tests if each.verdict == "FAIL" and not each.requirements]
    wrong = [each for each in deviations if each.state in {"stale", "unknown"}]
    failures = [
        *([f"{_number(failed, 'requirement')} failed"] if failed else []),
        *([f"{_number(unmarked, 'test')} without a requirement failed"] if unmarked else []),
        *([f"{_number(wrong, 'deviation')} no longer needed or of no requirement"] if wrong else []),
    ]
    if failures:
        return "FAIL", ", ".join(failures)
    broken = [each for each in tests if each.verdict == "ERROR"]
    if broken or not complete:
        ended = [] if complete else ["the run broke off"]
        return "ERROR", ", ".join([*([f"{_number(broken, 'test')} could not be judged"] if broken else []), *ended])
    if any(each.verdict == "PASS" for each in requirements):
        return "PASS", ""
    return "SKIP", "nothing could be judged"


def _shortcomings(record: RunRecord) -> Iterator[str]:
    """Reasons against a certificate because the run is not complete."""
    if record.finished is None:
        yield "the run broke off"
    if record.started.selection:
        yield f"only a part of the suite ran: {record.started.selection}"


def _refusals(
    requirements: Sequence[RequirementResult], deviations: Sequence[DeviationResult], tests: Sequence[TestResult]
) -> Iterator[str]:
    """Reasons against a certificate because of the results."""
    if not any(each.mandatory for each in requirements):
        yield "no mandatory requirement was tested"
    for each in requirements:
        if each.mandatory and each.verdict != "PASS" and not each.excused:
            yield f"the mandatory requirement {each.id} is {each.verdict}: {each.why}"
    for test in tests:
        if test.verdict == "FAIL" and not test.requirements:
            yield f"a test without a requirement failed: {test.test}"
    for deviation in deviations:
        if deviation.state == "stale":
            yield f"the deviation of {deviation.requirement} is stale, since the requirement holds"
        elif deviation.state == "unknown":
            yield f"the deviation of {deviation.requirement} is of no requirement"


def _created(record: RunRecord) -> Iterator[ResourceOutcome]:
    for each in record.created.values():
        cleanup = record.cleaned.get(each.id)
        cleaned, how = (cleanup.cleaned, cleanup.how) if cleanup else (False, "nothing was done about it")
        yield ResourceOutcome(each.id, each.test, each.operation, each.what, each.spent, cleaned, how)


def _counts(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    counted = Counter(verdicts)
    return {each: counted[each] for each in VERDICTS}


def _number(found: Sequence[object], word: str) -> str:
    return f"{len(found)} {word}{'' if len(found) == 1 else 's'}"
