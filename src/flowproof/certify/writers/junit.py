"""
The tests as JUnit XML, which every continuous integration reads.

FAIL is a failure, ERROR an error (so is a test that the run did not come to end), SKIP and OMIT are skipped. A failure
that deviations cover whole is skipped too, since the run holds: its message names who answers for it.
"""

import re
from collections.abc import Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from flowproof.certify.report import DeviationJudged, Report, TestJudged

__all__ = ["junit"]

# What XML 1.0 has no way to write.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> bytes:
    """The file `junit.xml`."""
    covering = {each.requirement: each for each in report.deviations if each.state == "covers"}
    cases = [_case(each, covering) for each in report.tests]
    whole = Element("testsuites", _sums(report, cases, "flowproof"))
    suite = SubElement(whole, "testsuite", _sums(report, cases, report.provider))
    suite.set("timestamp", report.run.started_at.isoformat())
    _properties(
        suite,
        [
            ("provider", report.provider),
            ("target", report.target.name),
            ("target.kind", report.target.kind),
            ("target.url", report.target.url),
            ("verdict", report.verdict),
            ("run", report.run.id),
            ("suite.version", report.suite.version),
            ("suite.digest", report.suite.digest),
        ],
    )
    suite.extend(cases)
    ElementTree.indent(whole, " ")
    text: bytes = ElementTree.tostring(whole, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _sums(report: Report, cases: list[Element], name: str) -> dict[str, str]:
    time_s = sum(each.duration_ms for each in report.tests) / 1000
    counted = {tag: sum(each.find(tag) is not None for each in cases) for tag in ("failure", "error", "skipped")}
    return {
        "name": name,
        "tests": str(len(cases)),
        "failures": str(counted["failure"]),
        "errors": str(counted["error"]),
        "skipped": str(counted["skipped"]),
        "time": f"{time_s:.3f}",
    }


def _case(test: TestJudged, covering: Mapping[str, DeviationJudged]) -> Element:
    module, _, name = test.test.partition("::")
    classname = _text(module.removesuffix(".py").replace("/", "."))
    case = Element("testcase", {"classname": classname, "name": _text(name), "time": f"{test.duration_ms / 1000:.3f}"})
    known = [("requirement", each) for each in test.requirements]
    _properties(case, [*known, ("verdict", test.verdict or "none"), *(("evidence", each) for each in test.evidence)])
    excuses = [covering[each] for each in test.requirements if each in covering]
    match test.verdict:
        case "FAIL" if excuses and len(excuses) == len(test.requirements):
            told = "; ".join(f"{each.requirement}: {each.reason} ({each.owner}, to {each.expires})" for each in excuses)
            _told(case, "skipped", f"FAIL that deviations cover: {told}", test.details)
        case "FAIL":
            _told(case, "failure", test.why, test.details)
        case "ERROR" | None:
            _told(case, "error", test.why, test.details)
        case "SKIP" | "OMIT":
            _told(case, "skipped", f"{test.verdict}: {test.why}", "")
        case "PASS":
            pass
    return case


def _told(case: Element, tag: str, message: str, details: str) -> None:
    told = SubElement(case, tag, {"message": _text(message)})
    if details:
        told.text = _text(details)


def _properties(parent: Element, pairs: list[tuple[str, str]]) -> None:
    properties = SubElement(parent, "properties")
    for name, value in pairs:
        SubElement(properties, "property", {"name": name, "value": _text(value)})


def _text(text: str) -> str:
    return UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
