"""
The report as one self-contained HTML page without a script.

Selects and orders the content; the template formats it. All content from outside is escaped.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from flowproof.certify.budget import spent_text
from flowproof.certify.events import Body, Exchanged, Request, Verdict
from flowproof.certify.judgement import VERDICTS
from flowproof.certify.report import CertificationReport, RequirementResult, TestResult
from flowproof.curl import curl
from flowproof.plurals import counted
from flowproof.redaction.marks import MARK

__all__ = ["curl_of_request", "page"]

LONGEST_TEXT = 4_000
MOST_EVIDENCE = 1_200_000  # characters of all exchanges together
MOST_OF_ONE_TEST = 12
KINDS = {
    "mock": "This was a mock of the provider, made by Flowproof. It says nothing of the provider itself.",
    "loopback": "This was a server on the machine that ran the tests, not the provider's sandbox.",
    "sandbox": "This was the provider's sandbox, reached over the network.",
}
MEANINGS: Mapping[Verdict, str] = {
    "PASS": "the target keeps the requirement",
    "FAIL": "the target broke it",
    "ERROR": "the run or the network broke",
    "SKIP": "a precondition was missing",
    "OMIT": "the target does not permit it",
}
ICONS: Mapping[Verdict, str] = {"PASS": "✓", "FAIL": "✕", "ERROR": "!", "SKIP": "–", "OMIT": "○"}


@dataclass(frozen=True, slots=True)
class DisplayedExchange:
    """An exchange as text, cut where it is long."""

    exchange: Exchanged
    request: str
    response: str
    curl: str

    @property
    def size(self) -> int:
        return len(self.request) + len(self.response) + len(self.curl)


@dataclass(frozen=True, slots=True)
class RequirementArea:
    """The requirements with the same second part of their id."""

    name: str
    requirements: Sequence[RequirementResult]


def page(report: CertificationReport) -> bytes:
    """The file `report.html`."""
    environment = Environment(
        loader=PackageLoader("flowproof.certify.writers"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(prose=_prose, shown=_marked, anchor=_anchor, percent=_percent, spending=spent_text)
    styles = ("tokens.css", "certify/writers/templates/report.css")
    style = "".join(files("flowproof").joinpath(each).read_text(encoding="utf-8") for each in styles)
    text = environment.get_template("report.html").render(
        report=report,
        style=Markup(style),  # noqa: S704 (ours)
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
        areas=_areas(report.requirements),
        tests={each.test: each for each in report.tests},
        numbers={each.test: number for number, each in enumerate(report.tests, start=1)},
        evidence=_evidence(report),
        not_run=_not_run(report),
        took=timedelta(seconds=round((report.run.ended_at - report.run.started_at).total_seconds())),
        kinds=KINDS,
        meanings=MEANINGS,
        icons=ICONS,
        verdicts=VERDICTS,
        mandatory=[each for each in report.requirements if each.mandatory],
        excused=[each for each in report.requirements if each.excused],
    )
    return text.encode(errors="backslashreplace")  # a test may have sent a lone surrogate


def _areas(requirements: Sequence[RequirementResult]) -> list[RequirementArea]:
    def area(requirement: RequirementResult) -> str:
        _, _, rest = requirement.id.partition(".")
        return rest.partition(".")[0] or requirement.id

    return [RequirementArea(name, list(group)) for name, group in groupby(sorted(requirements, key=area), key=area)]


def _not_run(report: CertificationReport) -> list[tuple[Verdict, str, list[RequirementResult]]]:
    """Requirements with SKIP or OMIT, by verdict and reason, the most frequent reason first."""
    open_ones = [each for each in report.requirements if each.verdict in {"SKIP", "OMIT"}]
    reasons = dict.fromkeys((each.verdict, each.why) for each in open_ones)
    found = [
        (verdict, why, [each for each in open_ones if (each.verdict, each.why) == (verdict, why)])
        for verdict, why in reasons
    ]
    return sorted(found, key=lambda each: -len(each[2]))


def _evidence(report: CertificationReport) -> Mapping[str, DisplayedExchange]:
    """The displayed exchanges by id: those of failed tests first, as many as fit."""
    by_id = {each.id: each for each in report.exchanges}
    found: dict[str, DisplayedExchange] = {}
    left = MOST_EVIDENCE
    for each in _failed_first(report.tests):
        for identifier in each.evidence[:MOST_OF_ONE_TEST]:
            shown = _shown(by_id[identifier])
            left -= shown.size
            if left < 0:
                return found
            found[identifier] = shown
    return found


def _failed_first(tests: Sequence[TestResult]) -> Iterator[TestResult]:
    yield from (each for each in tests if each.verdict in {"FAIL", "ERROR"})
    yield from (each for each in tests if each.verdict not in {"FAIL", "ERROR"})


def _shown(exchange: Exchanged) -> DisplayedExchange:
    request, response = exchange.request, exchange.response
    request_lines = [f"{request.method} {request.url}", *(f"{name}: {value}" for name, value in request.headers)]
    response_lines = [f"HTTP {response.status}", *(f"{name}: {value}" for name, value in response.headers)]
    return DisplayedExchange(
        exchange,
        _cut("\n".join([*request_lines, *_body(request.body)])),
        _cut("\n".join([*response_lines, *_body(response.body)])),
        _cut(curl_of_request(request)),
    )


def curl_of_request(request: Request) -> str:
    """The command that sends a request of a run again, with its secrets as variables."""
    body = request.body
    text = None if body.truncated else body.text
    return curl(request.method, request.url, request.headers, text=text, has_body=body.size > 0)


def _body(body: Body) -> Iterator[str]:
    if body.base64 is not None:
        yield from ("", f"({counted(body.size, 'byte')}, no text, in base64) {body.base64}")
    elif body.text:
        yield from ("", body.text if body.truncated else _indented(body.text))
    if body.truncated:
        yield f"… ({counted(body.size, 'byte')} in all)"


def _indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _cut(text: str) -> str:
    more = len(text) - LONGEST_TEXT
    return text if more <= 0 else f"{text[:LONGEST_TEXT]}\n… ({counted(more, 'character')} more)"


def _marked(text: str) -> Markup:
    """Any text, cut where it is long, with redaction marks highlighted."""
    escaped = str(escape(_cut(text)))
    return Markup(MARK.sub(lambda found: f'<span class="redacted">{found[0]}</span>', escaped))  # noqa: S704 (escaped)


def _prose(text: str) -> Markup:
    """A sentence with its words in backticks as code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return escape(text)
    parts = (escape(each) if at % 2 == 0 else Markup("<code>{}</code>").format(each) for at, each in enumerate(pieces))
    return Markup("").join(parts)


def _anchor(identifier: str) -> str:
    return "".join(each if each.isalnum() else "-" for each in identifier)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.4g}" if whole else "0"
