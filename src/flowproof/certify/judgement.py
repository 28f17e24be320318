"""
From a run's events to its report: the verdicts of requirements, and whether a certificate can be issued.

Pure, without a clock: the same events on the same ground give the same report, which is how a certificate is checked.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from msgspec import structs

from .events import Event, Exchanged, TargetShown, Verdict
from .record import Attempt, Record, read_record
from .report import (
    FORMAT,
    CreatedThing,
    DeviationJudged,
    KnownDeviation,
    Report,
    ReportInputs,
    RequirementJudged,
    Run,
    Stated,
    Suite,
    TestJudged,
)

__all__ = ["exit_code", "fold"]

VERDICTS: tuple[Verdict, ...] = ("PASS", "FAIL", "ERROR", "SKIP", "OMIT")
NOT_RUN = "no test ran"
BROKE_OFF = "the run broke off before its test ended"
MOST_REASONS = 3


def fold(events: Iterable[Event], inputs: ReportInputs) -> Report:
    """
    Judge a run.

    Raises:
        ConfigurationError: The events do not begin with a run, or are of more than one.
    """
    record = read_record(events)
    started, target = record.started, _target(record)
    tests = tuple(map(_test, record.attempts.values()))
    deviated = {each.requirement: each for each in inputs.deviations}
    today = record.last_at.date()
    requirements = tuple(_requirement(each, tests, target, deviated, today) for each in inputs.requirements)
    deviations = tuple(_deviation(each, requirements, today) for each in inputs.deviations)
    complete = record.finished is not None
    verdict, why = _whole(requirements, deviations, tests, complete=complete)
    refused = [*_shortcomings(record), *_refusals(requirements, deviations, tests)]
    return Report(
        format=FORMAT,
        verdict=verdict,
        why=why,
        refusals=tuple(refused),
        provider=started.provider,
        title=inputs.title,
        target=target,
        permissions=started.permissions,
        run=Run(started.run, record.first_at, record.last_at, record.parts, complete, started.selection),
        suite=Suite(
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


def exit_code(report: Report) -> int:
    """What the command ends with: 0 all held, 1 something failed or broke, 2 nothing could be judged."""
    return {"PASS": 0, "FAIL": 1, "ERROR": 1}.get(report.verdict, 2)


def _target(record: Record) -> TargetShown:
    """The target; one of whose answers carried our own header is a mock, whatever its name says."""
    kept = (*record.others, *(each for attempt in record.attempts.values() for each in attempt.exchanges))
    target = record.started.target
    return structs.replace(target, kind="mock") if record.recognised or any(map(_is_ours, kept)) else target


def _is_ours(exchange: Exchanged) -> bool:
    return any(name.lower() == "flowproof-exchange" for name, _ in exchange.response.headers)


def _test(attempt: Attempt) -> TestJudged:
    planned, finished = attempt.planned, attempt.finished
    return TestJudged(
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
    stated: Stated,
    tests: Sequence[TestJudged],
    target: TargetShown,
    deviated: Mapping[str, KnownDeviation],
    today: date,
) -> RequirementJudged:
    mine = [each for each in tests if stated.id in each.requirements]
    verdict, why = _verdict(mine)
    possible = any(target.kind == "mock" or not each.needs_control for each in mine)
    known = deviated.get(stated.id)
    return RequirementJudged(
        **structs.asdict(stated),
        verdict=verdict,
        why=why,
        tests=tuple(each.test for each in mine),
        mandatory=stated.standing == "documented" and possible,
        excused=verdict == "FAIL" and known is not None and known.expires >= today,
    )


def _verdict(tests: Sequence[TestJudged]) -> tuple[Verdict, str]:
    """The verdict over a requirement's tests: the worst that was seen; nothing tested is never a PASS."""
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


def _deviation(known: KnownDeviation, requirements: Sequence[RequirementJudged], today: date) -> DeviationJudged:
    verdicts = {each.id: each.verdict for each in requirements}
    match verdicts.get(known.requirement):
        case None:
            return DeviationJudged(**structs.asdict(known), state="unknown")
        case "PASS":
            return DeviationJudged(**structs.asdict(known), state="stale")
        case "FAIL":
            state = DeviationJudged(**structs.asdict(known), state="covers")
            return state if known.expires >= today else structs.replace(state, state="expired")
        case _:
            return DeviationJudged(**structs.asdict(known), state="not judged")


def _whole(
    requirements: Sequence[RequirementJudged],
    deviations: Sequence[DeviationJudged],
    tests: Sequence[TestJudged],
    *,
    complete: bool,
) -> tuple[Verdict, str]:
    failed = [each for each in requirements if each.verdict == "FAIL" and not each.excused]
    unmarked = [each for each in tests if each.verdict == "FAIL" and not each.requirements]
    wrong = [each for each in deviations if each.state in {"stale", "unknown"}]
    said = [
        *([f"{_number(failed, 'requirement')} failed"] if failed else []),
        *([f"{_number(unmarked, 'test')} without a requirement failed"] if unmarked else []),
        *([f"{_number(wrong, 'deviation')} no longer needed or of no requirement"] if wrong else []),
    ]
    if said:
        return "FAIL", ", ".join(said)
    broken = [each for each in tests if each.verdict == "ERROR"]
    if broken or not complete:
        ended = [] if complete else ["the run broke off"]
        return "ERROR", ", ".join([*([f"{_number(broken, 'test')} could not be judged"] if broken else []), *ended])
    if any(each.verdict == "PASS" for each in requirements):
        return "PASS", ""
    return "SKIP", "nothing could be judged"


def _shortcomings(record: Record) -> Iterator[str]:
    """Why no certificate can be issued, whatever was found."""
    if record.finished is None:
        yield "the run broke off"
    if record.started.selection:
        yield f"only a part of the suite ran: {record.started.selection}"


def _refusals(
    requirements: Sequence[RequirementJudged], deviations: Sequence[DeviationJudged], tests: Sequence[TestJudged]
) -> Iterator[str]:
    """Why no certificate can be issued for what was found."""
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


def _created(record: Record) -> Iterator[CreatedThing]:
    for each in record.created.values():
        settled = record.settled.get(each.id)
        cleaned, how = (settled.cleaned, settled.how) if settled else (False, "nothing was done about it")
        yield CreatedThing(each.id, each.test, each.operation, each.what, each.spent, cleaned, how)


def _counts(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    counted = Counter(verdicts)
    return {each: counted[each] for each in VERDICTS}


def _number(found: Sequence[object], word: str) -> str:
    return f"{len(found)} {word}{'' if len(found) == 1 else 's'}"
