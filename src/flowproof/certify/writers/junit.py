"""
The tests as JUnit XML.

FAIL is a failure, ERROR an error (also a test that did not end), SKIP and OMIT are skipped. A failure whose every
requirement is covered by a deviation is skipped too: its message names the owners of the deviations.

The file keeps to the schema of Jenkins' xUnit plugin, by which a test case has no properties: its requirements, verdict
and evidence are lines of its output, in the form `[[PROPERTY|name=value]]` that test management tools read.
"""

import re
from collections.abc import Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from flowproof.certify.report import CertificationReport, DeviationResult, TestResult

__all__ = ["junit"]

# Characters that XML 1.0 cannot express.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: CertificationReport) -> bytes:
    """The file `junit.xml`."""
    covering = {each.requirement: each for each in report.deviations if each.state == "covers"}
    cases = [_case(each, covering) for each in report.tests]
    whole = Element("testsuites", _sums(report, cases, "flowproof"))
    suite = SubElement(whole, "testsuite", _sums(report, cases, report.provider))
    suite.set("skipped", str(_count(cases, "skipped")))
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


def _sums(report: CertificationReport, cases: list[Element], name: str) -> dict[str, str]:
    time_s = sum(each.duration_ms for each in report.tests) / 1000
    return {
        "name": name,
        "tests": str(len(cases)),
        "failures": str(_count(cases, "failure")),
        "errors": str(_count(cases, "error")),
        "time": f"{time_s:.3f}",
    }


def _count(cases: list[Element], tag: str) -> int:
    return sum(each.find(tag) is not None for each in cases)


def _case(test: TestResult, covering: Mapping[str, DeviationResult]) -> Element:
    module, _, name = test.test.partition("::")
    classname = _text(module.removesuffix(".py").replace("/", "."))
    case = Element("testcase", {"classname": classname, "name": _text(name), "time": f"{test.duration_ms / 1000:.3f}"})
    violated = test.violated or test.requirements
    excuses = [covering[each] for each in violated if each in covering]
    match test.verdict:
        case "FAIL" if excuses and len(excuses) == len(violated):
            owners = "; ".join(
                f"{each.requirement}: {each.reason} ({each.owner}, to {each.expires})" for each in excuses
            )
            _add_result(case, "skipped", f"FAIL that deviations cover: {owners}", test.details)
        case "FAIL":
            _add_result(case, "failure", test.why, test.details)
        case "ERROR" | None:
            _add_result(case, "error", test.why, test.details)
        case "SKIP" | "OMIT":
            _add_result(case, "skipped", f"{test.verdict}: {test.why}", "")
        case "PASS":
            pass
    _output(case, test)
    return case


def _output(case: Element, test: TestResult) -> None:
    known = [("requirement", each) for each in test.requirements]
    pairs = [*known, ("verdict", test.verdict or "none"), *(("evidence", each) for each in test.evidence)]
    SubElement(case, "system-out").text = "\n".join(_text(f"[[PROPERTY|{name}={value}]]") for name, value in pairs)


def _add_result(case: Element, tag: str, message: str, details: str) -> None:
    result = SubElement(case, tag, {"message": _text(message)})
    if details:
        result.text = _text(details)


def _properties(parent: Element, pairs: list[tuple[str, str]]) -> None:
    properties = SubElement(parent, "properties")
    for name, value in pairs:
        SubElement(properties, "property", {"name": name, "value": _text(value)})


def _text(text: str) -> str:
    return UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
