"""From events to a report: verdicts, and reasons against a certificate."""

import json
from datetime import date
from itertools import product

import pytest
from jsonschema import Draft202012Validator

from flowproof.certify import build_report, exit_code
from flowproof.certify.events import Recognised, RunFinished, RunStarted, Verdict
from flowproof.certify.report import json_report, read_report, schema
from flowproof.errors import ConfigurationError
from tests.certify.streams import MOCK, SANDBOX, Stream, deviation, passed, report_of, stated

SKU = "acme.order.sku"
VERDICTS: tuple[Verdict, ...] = ("PASS", "FAIL", "ERROR", "SKIP", "OMIT")


def verdict_over(*verdicts: Verdict) -> str:
    """The verdict on a requirement whose tests have these verdicts."""
    stream = Stream()
    for number, verdict in enumerate(verdicts):
        stream.run(f"test_{number}", SKU, verdict=verdict, why="" if verdict == "PASS" else f"why {number}")
    (requirement,) = report_of(stream.end()).requirements
    return requirement.verdict


@pytest.mark.parametrize("pair", list(product(VERDICTS, VERDICTS)), ids=" ".join)
def test_worst_of_the_tests_is_the_verdict(pair: tuple[Verdict, Verdict]) -> None:
    """FAIL before ERROR before PASS before OMIT before SKIP, in whatever order the tests ran."""
    ranked = ("FAIL", "ERROR", "PASS", "OMIT", "SKIP")

    assert verdict_over(*pair) == min(pair, key=ranked.index)


def test_nothing_tested_is_no_pass() -> None:
    """A requirement without a test is skipped, and a run with only such requirements judges nothing."""
    report = report_of(Stream().end())

    assert [(each.verdict, each.why) for each in report.requirements] == [("SKIP", "no test ran")]
    assert (report.verdict, exit_code(report)) == ("SKIP", 2)


def test_whole_run_that_held_can_be_certified() -> None:
    """A run in which everything passed is PASS without reasons against a certificate, and lists created resources."""
    report = report_of(passed())

    assert (report.verdict, report.refusals, exit_code(report)) == ("PASS", (), 0)
    assert [(each.what, each.cleaned, each.how) for each in report.created] == [
        ("order o-1", True, "cancelOrder answered 200")
    ]
    assert report.requirement_counts == {"PASS": 1, "FAIL": 0, "ERROR": 0, "SKIP": 0, "OMIT": 0}


@pytest.mark.parametrize("verdict", ["FAIL", "ERROR", "SKIP", "OMIT"])
def test_mandatory_requirement_must_pass(verdict: Verdict) -> None:
    """A mandatory requirement without a PASS is a reason against a certificate."""
    stream = Stream()
    stream.run("test_other", "acme.other")
    stream.run("test_sku", SKU, verdict=verdict, why="because")

    report = report_of(stream.end(), stated("acme.other"), stated(SKU))

    assert report.refusals == (f"the mandatory requirement {SKU} is {verdict}: because",)


@pytest.mark.parametrize(
    ("standing", "needs_control", "target", "mandatory"),
    [
        ("documented", False, SANDBOX, True),
        ("documented", True, SANDBOX, False),
        ("documented", True, MOCK, True),
        ("observed", False, SANDBOX, False),
        ("inferred", False, MOCK, False),
    ],
)
def test_documented_and_testable_is_mandatory(standing, needs_control, target, mandatory) -> None:  # type: ignore[no-untyped-def] # (a row of the table)
    """A requirement is mandatory if it is documented and has a test that can run on the target."""
    stream = Stream(target)
    stream.run("test_sku", SKU, needs_control=needs_control)

    (requirement,) = report_of(stream.end(), stated(SKU, standing=standing)).requirements

    assert requirement.mandatory is mandatory


def test_deviation_covers_what_fails() -> None:
    """A failure that a deviation covers is no reason against a certificate, and the report names the deviation."""
    stream = Stream()
    stream.run("test_other", "acme.other")
    stream.run("test_sku", SKU, verdict="FAIL", why="it did not")

    report = report_of(stream.end(), stated("acme.other"), stated(SKU), deviations=[deviation(SKU)])

    assert (report.verdict, report.refusals) == ("PASS", ())
    assert [(each.requirement, each.state, each.owner) for each in report.deviations] == [(SKU, "covers", "Ada Obi")]
    assert report.requirements[1].excused


@pytest.mark.parametrize(
    ("verdict", "requirement", "expires", "state", "whole"),
    [
        ("FAIL", SKU, date(2026, 3, 5), "covers", "SKIP"),
        ("FAIL", SKU, date(2026, 3, 4), "expired", "FAIL"),
        ("PASS", SKU, date(2026, 12, 31), "stale", "FAIL"),
        ("PASS", SKU, date(2020, 1, 1), "stale", "FAIL"),
        ("SKIP", SKU, date(2026, 12, 31), "not judged", "SKIP"),
        ("PASS", "acme.unheard", date(2026, 12, 31), "unknown", "FAIL"),
    ],
)
def test_deviation_is_judged_itself(verdict, requirement, expires, state, whole) -> None:  # type: ignore[no-untyped-def] # (a row of the table)
    """A deviation covers a FAIL until the end of its last day; one that is not needed fails the run."""
    stream = Stream()
    stream.run("test_sku", SKU, verdict=verdict, why="" if verdict == "PASS" else "because")

    report = report_of(stream.end(), deviations=[deviation(requirement, expires=expires)])

    assert ([each.state for each in report.deviations], report.verdict) == ([state], whole)


def test_failure_without_a_requirement_fails_the_run() -> None:
    """A failed test without a requirement fails the run and is a reason against a certificate."""
    stream = Stream()
    stream.run("test_sku", SKU)
    stream.run("test_contract", verdict="FAIL", why="a finding")

    report = report_of(stream.end())

    assert (report.verdict, report.why) == ("FAIL", "1 test without a requirement failed")
    assert report.refusals == ("a test without a requirement failed: acme/test_orders.py::test_contract",)


def test_run_that_broke_off_says_so() -> None:
    """An interrupted run is an ERROR, its unfinished test has no verdict, and it cannot be certified."""
    stream = Stream()
    stream.run("test_sku", SKU)
    stream.plan("test_late", "acme.late")

    report = report_of(stream.events, stated(SKU), stated("acme.late"))

    assert (report.verdict, report.why, report.run.complete) == ("ERROR", "the run broke off", False)
    assert (report.requirements[1].verdict, report.requirements[1].why) == (
        "SKIP",
        "the run broke off before its test ended",
    )
    assert "the run broke off" in report.refusals


def test_repeated_test_counts_as_it_ended_last() -> None:
    """In a resumed run a repeated test counts with its last verdict and evidence."""
    stream = Stream()
    stream.run("test_sku", SKU, verdict="ERROR", why="the network")
    stream.start(resumed=True)
    stream.run("test_sku", SKU)

    report = report_of(stream.end())

    assert (report.verdict, report.run.parts) == ("PASS", 2)
    assert [(each.verdict, each.evidence) for each in report.tests] == [("PASS", ("x-2",))]
    assert [each.id for each in report.exchanges] == ["x-2"]


def test_part_of_the_suite_is_no_certificate() -> None:
    """The report of a selection of tests says which, and no certificate is issued."""
    stream = Stream(selection="-k sku")
    stream.run("test_sku", SKU)

    report = report_of(stream.end())

    assert (report.verdict, report.refusals) == ("PASS", ("only a part of the suite ran: -k sku",))


@pytest.mark.parametrize("how", ["recognised", "header"])
def test_mock_is_a_mock_whatever_its_profile_says(how: str) -> None:
    """A target that was recognised as our mock is shown as a mock, whatever its profile says."""
    stream = Stream(SANDBOX)
    name = stream.plan("test_sku", SKU)
    if how == "recognised":
        stream.events.append(Recognised("its server answers our control API"))
        stream.exchange(name)
    else:
        stream.exchange(name, answered_headers=[("FLOWPROOF-Exchange", "x-1")])
    stream.finish(name)

    assert report_of(stream.end()).target.kind == "mock"


def test_other_runs_are_not_mixed() -> None:
    """Events of two runs, of two targets, or without a beginning give an error."""
    stream, other = Stream(), Stream(MOCK)
    foreign = RunStarted("run-2", stream.now, "acme", SANDBOX, "1", "ab" * 32, {})

    for events in ([*stream.events, *other.events], [*stream.events, foreign], [RunFinished(stream.now)], []):
        with pytest.raises(ConfigurationError):
            report_of(events)


def test_report_is_read_as_it_was_written() -> None:
    """A written report is read as the same one, is valid by its schema, and follows from its inputs and events."""
    events = passed()
    report = report_of(events)
    written = json_report(report)

    assert read_report(written) == report
    assert build_report(events, report.inputs()) == report
    Draft202012Validator(schema()).validate(json.loads(written))


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"format": 1}', b"\xff"])
def test_what_is_no_report_is_refused(text: bytes) -> None:
    """A file that is not a report is refused with a sentence."""
    with pytest.raises(ConfigurationError, match="This is no report"):
        read_report(text)
