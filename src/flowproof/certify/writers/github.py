"""A report for GitHub Actions: annotations as workflow commands, and the job summary."""

from collections.abc import Iterable, Iterator

from flowproof.certify.events import TargetInfo
from flowproof.certify.report import CertificationReport, RequirementResult

__all__ = ["annotations", "summary"]

MOST = 10  # annotations of a level in one step; GitHub drops the others
LONGEST = 2_000
LONGEST_SUMMARY = 900_000  # bytes; GitHub refuses more than a MiB
TARGETS = {
    "mock": "This was a mock. It proves nothing about the provider.",
    "loopback": "This was a server on the same machine.",
    "sandbox": "",
}


def annotations(report: CertificationReport) -> str:
    """Workflow commands, one a line: errors for failures, warnings for deviations and remaining resources."""
    failed = [each for each in report.requirements if each.verdict in {"FAIL", "ERROR"} and not each.excused]
    unmarked = [
        each for each in report.tests if each.verdict in {"FAIL", "ERROR"} and not (each.requirements or each.violated)
    ]
    errors = [
        *((f"{each.verdict} {each.id}", f"{each.text}\n{each.why}") for each in failed),
        *((f"{each.verdict} {each.test}", each.why) for each in unmarked),
    ]
    warnings = [
        *(
            (f"Deviation of {each.requirement}: {each.state}", _deviation(each.reason, each.owner))
            for each in report.deviations
        ),
        *((f"Left behind: {each.what}", each.how) for each in report.created if not each.cleaned),
    ]
    return "".join([*_commands("error", errors), *_commands("warning", warnings)])


def summary(report: CertificationReport) -> str:
    """The job summary as Markdown."""
    lines = [
        f"## {_plain(report.title)}: {report.verdict} on {_target(report.target)}",
        "",
        f"{_plain(str(report.judged))}.",
        "",
        *([f"> {TARGETS[report.target.kind]}", ""] if TARGETS[report.target.kind] else []),
        *([f"{_plain(report.why)}.", ""] if report.why else []),
        "| | PASS | FAIL | ERROR | SKIP | OMIT |",
        "|---|---:|---:|---:|---:|---:|",
        f"| requirements | {_row(report.requirement_counts.values())} |",
        f"| tests | {_row(report.test_counts.values())} |",
        "",
        *_table(report),
    ]
    text = "\n".join(lines)
    if len(text.encode()) <= LONGEST_SUMMARY:
        return f"{text}\n"
    return (
        f"{text.encode()[:LONGEST_SUMMARY].decode(errors='ignore').rpartition(chr(10))[0]}\n\nMore is in report.html.\n"
    )


def _target(target: TargetInfo) -> str:
    return _plain(target.name) if target.name == target.kind else f"{_plain(target.name)} ({target.kind})"


def _commands(level: str, messages: list[tuple[str, str]]) -> Iterator[str]:
    shown = messages if len(messages) <= MOST else messages[: MOST - 1]
    for title, message in shown:
        yield f"::{level} title={_property(title)}::{_data(message[:LONGEST])}\n"
    if len(messages) > len(shown):
        yield f"::{level} title={_property('Flowproof')}::and {len(messages) - len(shown)} more; see report.html\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _deviation(reason: str, owner: str) -> str:
    return f"{reason} ({owner})"


def _table(report: CertificationReport) -> Iterator[str]:
    rows: list[RequirementResult] = [each for each in report.requirements if each.verdict in {"FAIL", "ERROR"}]
    if rows:
        yield from ("| verdict | requirement | why |", "|---|---|---|")
    for each in rows:
        verdict = f"{each.verdict}, excused" if each.excused else each.verdict
        yield f"| {verdict} | `{each.id}` {_plain(each.text)} | {_plain(each.why)} |"


def _row(counts: Iterable[int]) -> str:
    return " | ".join(map(str, counts))


def _plain(text: str) -> str:
    """Escape what Markdown or HTML would interpret."""
    one_line = " ".join(text.split())
    return "".join(f"&#{ord(each)};" if each in "\\`*_{}[]<>()#+!|&~@" else each for each in one_line)
