"""
Builds the report of a run from its events: the verdicts, and whether a certificate can be issued.

Pure, without a clock: the same events and inputs give the same report, so that a certificate can be verified.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, timedelta
from email.utils import parsedate_to_datetime

from msgspec import UNSET, structs

from flowproof.plurals import counted

from .addresses import is_below
from .events import Event, Exchanged, TargetInfo, Verdict
from .record import RunRecord, TestAttempt, group_events
from .report import (
    FORMAT,
    CertificationReport,
    DeviationResult,
    JudgedShare,
    KnownDeviation,
    ReportInputs,
    RequirementResult,
    ResourceOutcome,
    RunSummary,
    StatedRequirement,
    SuiteVersion,
    TestResult,
)
from .suite_tests import defined_test

__all__ = ["build_report", "exit_code"]

VERDICTS: tuple[Verdict, ...] = ("PASS", "FAIL", "ERROR", "SKIP", "OMIT")
NOT_RUN = "no test ran"
DESELECTED = "its tests were deselected: only a part of the suite was chosen"
NO_EVIDENCE = "the test passed without an exchange with its target: an error of its suite or of Flowproof"
CLOCKS_APART = timedelta(minutes=15)
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
    known = {each.id for each in inputs.requirements}
    tests = tuple(_test(each, started.target, known) for each in record.attempts.values())
    deviated = {each.requirement: each for each in inputs.deviations}
    today = record.last_at.date()
    requirements = tuple(_requirement(each, tests, record, deviated, today) for each in inputs.requirements)
    deviations = tuple(_deviation(each, requirements, today) for each in inputs.deviations)
    complete = record.finished is not None
    verdict, why = _whole(requirements, deviations, tests, unfinished=tuple(_unfinished(record)))
    refused = [*_shortcomings(record, target), *_refusals(requirements, deviations, tests)]
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
            started.changed_files or UNSET,
        ),
        judged=_judged(requirements, is_part=bool(started.selection)),
        rehearsal=target.kind == "mock",
        operator=started.operator,
        connection=started.connection,
        calls=record.finished.calls if record.finished else {},
        spent=record.finished.spent if record.finished else None,
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
    target = record.started.target
    is_mock = bool(record.recognised) or any(map(_is_ours, _exchanges(record)))
    return structs.replace(target, kind="mock") if is_mock else target


def _is_ours(exchange: Exchanged) -> bool:
    return any(name.lower() == "flowproof-exchange" for name, _ in exchange.response.headers)


def _test(attempt: TestAttempt, target: TargetInfo, known: Collection[str]) -> TestResult:
    planned, finished = attempt.planned, attempt.finished
    verdict, why = (finished.verdict, finished.why) if finished else (None, BROKE_OFF)
    if verdict == "PASS" and planned.requirements and not _has_evidence(attempt, target):
        verdict, why = "ERROR", NO_EVIDENCE
    return TestResult(
        test=planned.test,
        sentence=planned.sentence,
        requirements=planned.requirements,
        needs_control=planned.needs_control or (finished is not None and finished.lacks_control),
        verdict=verdict,
        why=why,
        details=finished.details if finished else "",
        at=finished.at if finished else None,
        duration_ms=finished.duration_ms if finished else 0.0,
        exchanges=finished.exchanges if finished else len(attempt.exchanges),
        evidence=tuple(each.id for each in attempt.exchanges),
        violated=tuple(each for each in finished.violated if each in known) if finished else (),
    )


def _has_evidence(attempt: TestAttempt, target: TargetInfo) -> bool:
    """Whether an exchange of a test was with the target; a mock of the run has no address that is known before."""
    return any(not target.url or is_below(each.request.url, target.url) for each in attempt.exchanges)


def _judged(requirements: Sequence[RequirementResult], *, is_part: bool) -> JudgedShare:
    """
    The share that was judged.

    Args:
        requirements: All.
        is_part: Whether tests were deselected: then a documented requirement without a test counts as mandatory too.
    """
    judged = [each for each in requirements if each.verdict in ("PASS", "FAIL")]
    return JudgedShare(
        judged=len(judged),
        of=len(requirements),
        mandatory_judged=sum(each.mandatory for each in judged),
        of_mandatory=sum(
            each.mandatory or (is_part and not each.tests and each.standing == "documented") for each in requirements
        ),
    )


def _requirement(
    stated: StatedRequirement,
    tests: Sequence[TestResult],
    record: RunRecord,
    deviated: Mapping[str, KnownDeviation],
    today: date,
) -> RequirementResult:
    started = record.started
    own_tests = [each for each in tests if stated.id in each.requirements or each.fails(stated.id)]
    verdict, why = _verdict(stated.id, own_tests, NOT_RUN if not started.selection else DESELECTED)
    possible = any(started.controlled or not each.needs_control for each in own_tests)
    known = deviated.get(stated.id)
    return RequirementResult(
        **structs.asdict(stated),
        verdict=verdict,
        why=why,
        tests=tuple(each.test for each in own_tests),
        mandatory=stated.standing == "documented" and possible,
        excused=verdict == "FAIL" and known is not None and known.expires >= today,
    )


def _verdict(requirement: str, tests: Sequence[TestResult], without_tests: str) -> tuple[Verdict, str]:
    """
    The verdict on a requirement: the worst of its tests; without a test it is never PASS.

    A test that failed only another requirement has kept this one: its own assertions held.
    """
    if failed := [each for each in tests if each.fails(requirement)]:
        return "FAIL", _reasons(each.why for each in failed)
    if broken := [each for each in tests if each.verdict == "ERROR"]:
        return "ERROR", _reasons(each.why for each in broken)
    if any(each.verdict in ("PASS", "FAIL") for each in tests):
        return "PASS", ""
    least: tuple[Verdict, ...] = ("OMIT", "SKIP")
    for verdict in least:
        if any(each.verdict == verdict for each in tests):
            return verdict, _reasons(each.why for each in tests if each.verdict in least)
    return "SKIP", BROKE_OFF if tests else without_tests


def _reasons(reasons: Iterable[str]) -> str:
    different = list(dict.fromkeys(each for each in reasons if each))
    more = len(different) - MOST_REASONS
    return "; ".join([*different[:MOST_REASONS], *([f"and {counted(more, 'more reason')}"] if more > 0 else [])])


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
    unfinished: Sequence[str],
) -> tuple[Verdict, str]:
    failed = [each for each in requirements if each.verdict == "FAIL" and not each.excused]
    unmarked = [each for each in tests if _is_unmarked_failure(each)]
    wrong = [each for each in deviations if each.state in {"stale", "unknown"}]
    failures = [
        *([f"{counted(len(failed), 'requirement')} failed"] if failed else []),
        *([f"{counted(len(unmarked), 'test')} without a requirement failed"] if unmarked else []),
        *([f"{counted(len(wrong), 'deviation')} no longer needed or of no requirement"] if wrong else []),
    ]
    if failures:
        return "FAIL", ", ".join(failures)
    broken = [each for each in tests if each.verdict == "ERROR"]
    if broken or unfinished:
        return "ERROR", ", ".join(
            [*([f"{counted(len(broken), 'test')} could not be judged"] if broken else []), *unfinished]
        )
    if any(each.verdict == "PASS" for each in requirements):
        return "PASS", ""
    return "SKIP", "nothing could be judged"


def _is_unmarked_failure(test: TestResult) -> bool:
    return test.verdict == "FAIL" and not test.requirements and not test.violated


def _unfinished(record: RunRecord) -> Iterator[str]:
    """What the run has not done, though it was its task."""
    if record.finished is None:
        yield "the run broke off"
    if not record.started.selection and (missing := _not_planned(record)):
        yield f"{counted(len(missing), 'test')} of the suite did not run: {_listed(missing)}"


def _listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - MOST_REASONS} more" if len(names) > MOST_REASONS else ""
    return f"{', '.join(names[:MOST_REASONS])}{more}"


def _not_planned(record: RunRecord) -> list[str]:
    """The tests of the suite's files of which no case was planned."""
    planned = {defined_test(each) for each in record.attempts}
    return [each for each in record.started.suite_tests if each not in planned]


def _shortcomings(record: RunRecord, target: TargetInfo) -> Iterator[str]:
    """Reasons against a certificate because of the run as a whole."""
    yield from _unfinished(record)
    if record.started.selection:
        yield f"only a part of the suite ran: {record.started.selection}"
    if changed := record.started.changed_files:
        yield f"the installed suite was changed since it came from its wheel: {_listed(changed)}"
    connection = record.started.connection
    if connection.proxy and not connection.certificate:
        yield f"the requests went through the proxy {connection.proxy} without TLS: it can answer in the target's name"
    if target.kind != "mock" and (apart := _clock_error(record)) is not None:
        yield f"the clock of this machine and the target's Date headers are {apart} apart"


def _clock_error(record: RunRecord) -> timedelta | None:
    """The least difference of the two clocks, where it is too large; None where it is not, or is not known."""
    apart = [each for each in map(_difference, _exchanges(record)) if each is not None]
    least = min(apart, default=timedelta())
    return timedelta(seconds=round(least.total_seconds())) if least > CLOCKS_APART else None


def _difference(exchange: Exchanged) -> timedelta | None:
    written = next((value for name, value in exchange.response.headers if name.lower() == "date"), None)
    if written is None:
        return None
    try:
        at = parsedate_to_datetime(written)
    except ValueError:
        return None
    return abs((at if at.tzinfo else at.replace(tzinfo=UTC)) - exchange.at)


def _exchanges(record: RunRecord) -> Iterator[Exchanged]:
    yield from record.others
    for attempt in record.attempts.values():
        yield from attempt.exchanges


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
        if _is_unmarked_failure(test):
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
    numbers = Counter(verdicts)
    return {each: numbers[each] for each in VERDICTS}
