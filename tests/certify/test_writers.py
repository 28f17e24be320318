"""The views of a report: each valid by its format, and safe for its reader."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema

from flowproof.certify import CertificationReport
from flowproof.certify.events import Request
from flowproof.certify.redaction import body_of
from flowproof.certify.writers import VIEWS, annotations, summary, write_views
from flowproof.certify.writers.html import curl_of_request
from flowproof.checklist import read_results
from flowproof.errors import ConfigurationError
from flowproof.har import har
from tests import tree
from tests.archives import errors_of_archive
from tests.certify.example import example_report
from tests.certify.streams import MOCK, Stream, deviation, report_of, stated

SCHEMAS = tree.ROOT / "tests" / "schemas"
SKU = "acme.order.sku"


@pytest.fixture(scope="module")
def report() -> CertificationReport:
    """A report with every kind of result."""
    return example_report()


def junit_of(report: CertificationReport) -> ElementTree.Element:
    """The report as JUnit, parsed."""
    return ElementTree.fromstring(VIEWS["junit.xml"](report))  # noqa: S314 (we wrote it)


def sarif_of(report: CertificationReport) -> dict:  # type: ignore[type-arg] # (JSON)
    """The only run of the report as SARIF."""
    (run,) = json.loads(VIEWS["report.sarif"](report))["runs"]
    return run  # type: ignore[no-any-return] # (JSON)


def errors_of(value: Any, schema: Any) -> list[str]:
    """What is wrong with a value by a JSON Schema."""
    return [each.message for each in jsonschema.Draft202012Validator(schema).iter_errors(value)]


def test_every_view_is_written(report: CertificationReport, tmp_path: Path) -> None:
    """Every view is written into the folder, which is created; the same report gives the same bytes."""
    files = write_views(report, tmp_path / "new" / "folder")

    assert {each.name for each in files} == set(VIEWS)
    assert all(each.read_bytes() == VIEWS[each.name](example_report()) for each in files)


def test_folder_that_cannot_be_written_is_told(report: CertificationReport, tmp_path: Path) -> None:
    """An error for a folder that cannot be written names it, with advice."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigurationError, match="Name another folder"):
        write_views(report, tmp_path / "file")


def test_json_keeps_to_the_schema_beside_it(report: CertificationReport) -> None:
    """report.json is valid by report.schema.json, which is a valid JSON Schema."""
    written, schema = json.loads(VIEWS["report.json"](report)), json.loads(VIEWS["report.schema.json"](report))

    jsonschema.Draft202012Validator.check_schema(schema)
    assert errors_of(written, schema) == []
    assert errors_of({**written, "verdict": "MAYBE"}, schema) == [
        "'MAYBE' is not one of ['ERROR', 'FAIL', 'OMIT', 'PASS', 'SKIP']"
    ]


def test_archive_is_valid_har(report: CertificationReport) -> None:
    """The evidence is valid by HAR 1.2, and each exchange names its test."""
    archive = json.loads(VIEWS["exchanges.har"](report))

    assert errors_of_archive(archive) == []
    assert len(archive["log"]["entries"]) == len(report.exchanges)
    assert archive["log"]["entries"][0]["_flowproof"]["test"] == report.exchanges[0].test


def test_junit_counts_and_tells_each_verdict(report: CertificationReport) -> None:
    """FAIL is a failure, ERROR an error, SKIP, OMIT and covered failures are skipped; the sums are right."""
    root = junit_of(report)
    (suite,) = root
    found = {
        case.get("name"): [each.tag for each in case if each.tag != "system-out"] for case in suite.iter("testcase")
    }

    assert (found["test_order_form[a-b]"], found["test_order_limit[a-b]"]) == (["failure"], ["skipped"])
    assert (found["test_webhook_retry[a-b]"], found["test_order_expires"], found["test_auth_date[a-b]"]) == (
        ["error"],
        ["skipped"],
        [],
    )
    for each in (root, suite):
        counted = [str(len(suite.findall(f"testcase/{tag}"))) for tag in ("failure", "error")]
        assert [each.get(name) for name in ("tests", "failures", "errors")] == [str(len(found)), *counted]
    assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))


def test_junit_is_valid_by_the_schema_of_jenkins(report: CertificationReport) -> None:
    """The JUnit file is valid by the schema of Jenkins' xUnit plugin, whatever the verdicts."""
    schema = xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")

    assert [each.reason for each in schema.iter_errors(VIEWS["junit.xml"](report).decode())] == []


def test_checklist_reads_the_results(report: CertificationReport) -> None:
    """`flowproof checklist --results` reads the file, with the requirements of each test."""
    runs = {each.name: each for each in read_results(VIEWS["junit.xml"](report).decode())}

    assert runs["acme.test_orders::test_order_form"].outcome == "failed"
    assert runs["acme.test_orders::test_order_form"].requirements == {"acme.order.form"}


def test_unfinished_test_is_an_error_in_junit() -> None:
    """A test that did not end is an error."""
    stream = Stream()
    stream.plan("test_sku", SKU)

    assert junit_of(report_of(stream.events)).find("testsuite/testcase/error") is not None


def test_control_characters_spoil_no_xml() -> None:
    """Characters that XML cannot express are replaced."""
    stream = Stream()
    stream.run("test_sku[\x00\x1b\ufffe]", SKU, verdict="FAIL", why="\x00 & ]]> <b> \ud800")

    (case,) = junit_of(report_of(stream.end())).iter("testcase")
    (found,) = case.iter("failure")

    assert (case.get("name"), found.get("message")) == ("test_sku[\ufffd\ufffd\ufffd]", "\ufffd & ]]> <b> \ufffd")


def test_sarif_is_valid_by_its_standard(report: CertificationReport) -> None:
    """The SARIF is valid by the schema of the OASIS standard."""
    schema = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())

    assert [each.message for each in validator.iter_errors(json.loads(VIEWS["report.sarif"](report)))] == []


def test_code_quality_has_the_fields_that_gitlab_reads(report: CertificationReport) -> None:
    """Every failure is an entry with its own fingerprint, its requirement and its line; a deviation makes it a note."""
    first, second = json.loads(VIEWS["code-quality.json"](report))

    assert (first["check_name"], first["severity"]) == ("acme.order.form", "major")
    assert (second["check_name"], second["severity"]) == ("acme.order.limit", "info")
    assert first["location"] == {"path": "contracts/acme/requirements.toml", "lines": {"begin": 7}}
    assert first["fingerprint"] != second["fingerprint"]
    assert all(isinstance(each["description"], str) and each["description"] for each in (first, second))


def test_sarif_tells_results_apart(report: CertificationReport) -> None:
    """Each result has a fingerprint of its own, which is the same in the next run."""
    found, again = (
        [(each["fingerprints"], each["partialFingerprints"]) for each in sarif_of(one)["results"]]
        for one in (report, example_report())
    )

    assert found == again
    assert len({json.dumps(each) for each in found}) == len(found) > 1


def test_sarif_leads_from_failures_to_requirements(report: CertificationReport) -> None:
    """Every failure cites its rule, its line, the test and an exchange; a deviation suppresses it."""
    run = sarif_of(report)
    rules = run["tool"]["driver"]["rules"]
    first, second = run["results"]

    assert [rules[each["ruleIndex"]]["id"] for each in (first, second)] == ["acme.order.form", "acme.order.limit"]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "contracts/acme/requirements.toml", "uriBaseId": "ROOT"},
        "region": {"startLine": 7},
    }
    assert (first["level"], second["level"], first["webResponse"]["statusCode"]) == ("error", "warning", 201)
    assert ("suppressions" in first, second["suppressions"][0]["status"]) == (False, "accepted")
    assert run["invocations"][0]["executionSuccessful"] is False


def test_annotations_are_commands_that_nobody_can_break_out_of() -> None:
    """Line feeds, per cents, colons and commas in an annotation are escaped."""
    stream = Stream()
    why = "got\n::set-output name=a::b\r100 % :: end"
    stream.run("test_sku,title=x::y", SKU, verdict="FAIL", why=why)
    stream.run("test_b", verdict="ERROR", why="broke")

    lines = annotations(report_of(stream.end())).splitlines()

    assert lines[0] == (f"::error title=FAIL {SKU}::The text of {SKU}.%0Agot%0A::set-output name=a::b%0D100 %25 :: end")
    assert lines[1:] == ["::error title=ERROR acme/test_orders.py%3A%3Atest_b::broke"]


def test_annotations_stay_below_what_github_shows() -> None:
    """GitHub shows ten annotations of a level: the tenth says how many more there are."""
    stream = Stream()
    for number in range(14):
        stream.run(f"test_{number}", f"acme.{number}", verdict="FAIL", why="it did")

    found = annotations(report_of(stream.end(), *(stated(f"acme.{number}") for number in range(14)))).splitlines()

    assert (len(found), found[-1]) == (10, "::error title=Flowproof::and 5 more; see report.html")


def test_annotations_warn_of_deviations_and_of_what_is_left(report: CertificationReport) -> None:
    """Deviations and remaining resources are warnings."""
    warnings = [each for each in annotations(report).splitlines() if each.startswith("::warning")]

    assert [each.split("::")[1].partition("title=")[2] for each in warnings] == [
        "Deviation of acme.order.limit%3A covers",
        "Deviation of acme.webhook.late%3A not judged",
        "Left behind%3A order o-4712",
    ]


def test_summary_says_that_a_mock_is_a_mock() -> None:
    """The summary of a run on a mock says so, and a test's text does not break its table."""
    stream = Stream(MOCK)
    stream.run("test_sku", SKU, verdict="FAIL", why="a | b <script>`x` [l](http://e)\n\n# h")

    found = summary(report_of(stream.end()))

    assert found.splitlines()[0] == "## Acme: FAIL on mock"
    assert "1 of 1 requirement judged; 1 of 1 mandatory one." in found
    assert "proves nothing about the provider" in found
    assert "<script>" not in found
    (row,) = [each for each in found.splitlines() if each.startswith("| FAIL")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 4
    assert "](" not in row


def test_summary_stays_below_the_limit_of_github() -> None:
    """With many failures the summary stays below a MiB."""
    stream = Stream()
    for number in range(300):
        stream.run(f"test_{number}", f"acme.{number}", verdict="FAIL", why=f"{number} " + "é(" * 4000)

    found = summary(report_of(stream.end(), *(stated(f"acme.{number}") for number in range(300))))

    assert len(found.encode()) < 1_000_000
    assert found.endswith("More is in report.html.\n")


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        (
            [("Authorization", "Bearer [redacted:AUTHORIZATION]"), ("Content-Length", "3"), ("X-Empty", "")],
            b"it's",
            (
                """curl -X POST https://a.example/b \\\n  -H 'Authorization: Bearer '"$AUTHORIZATION" \\\n"""
                """  -H 'X-Empty;' \\\n  --data-raw 'it'"'"'s'"""
            ),
        ),
        ([], b"\xff", "curl -X POST https://a.example/b \\\n  --data-binary @body"),
        ([], b"$(reboot)", "curl -X POST https://a.example/b \\\n  --data-raw '$(reboot)'"),
    ],
)
def test_curl_repeats_the_request(headers: list[tuple[str, str]], body: bytes, expected: str) -> None:
    """The command repeats a request, quoted for the shell, with a variable for each redacted value."""
    request = Request(tuple(headers), body_of(body), "POST", "https://a.example/b", "/b", "")

    assert curl_of_request(request) == expected


def test_curl_sends_what_was_sent(tmp_path: Path) -> None:
    """A shell that runs the command calls curl with the same arguments and the variables' values."""
    (tmp_path / "curl").write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    (tmp_path / "curl").chmod(0o755)
    headers = (("X-A", "`id` $HOME \\ \"q\" 'r'"), ("Authorization", "[redacted:TOKEN]!"))
    request = Request(
        headers, body_of(b"line\nline \xc3\xa9"), "PUT", "https://a.example/?a=[redacted:CODE]&b", "/", ""
    )
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "TOKEN": "t k", "CODE": "c*"}

    printed = subprocess.run(
        ["sh", "-c", curl_of_request(request)], env=environment, capture_output=True, check=True
    ).stdout

    assert printed.decode().split("\0")[:-1] == [
        *("-X", "PUT", "https://a.example/?a=c*&b", "-H", headers[0][0] + ": " + headers[0][1]),
        *("-H", "Authorization: t k!", "--data-raw", "line\nline é"),
    ]


def test_half_covered_failure_stays_a_failure() -> None:
    """A failed test is skipped in JUnit only where deviations cover all of its requirements."""
    stream = Stream()
    stream.run("test_both", SKU, "acme.other", verdict="FAIL", why="it did")

    report = report_of(stream.end(), stated(SKU), stated("acme.other"), deviations=[deviation(SKU)])

    assert junit_of(report).find("testsuite/testcase/failure") is not None


def test_archive_leads_on_from_a_redirect() -> None:
    """An archive names where a redirect leads, and the phrase of a status."""
    message = {"headers": (("Location", "/next"),), "body": {"size": 0}}
    entry = {
        "started_at": "2026-01-01T12:00:00.000+00:00",
        "duration_ms": 1,
        "request": {"method": "GET", "url": "http://127.0.0.1/", "query": "", "headers": (), "body": {"size": 0}},
        "response": {"status": 302, **message},
    }
    archive = har([entry], creator_version="1")
    response = archive["log"]["entries"][0]["response"]

    assert errors_of_archive(archive) == []
    assert (response["redirectURL"], response["statusText"]) == ("/next", "Found")
