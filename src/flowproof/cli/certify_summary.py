"""What `flowproof certify` prints at the end: the verdict with its share of the contract, costs, what is left."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from flowproof.certify import CertificationReport
from flowproof.certify.budget import spent_text
from flowproof.certify.events import Verdict

from .certify_progress import VERDICTS
from .tables import bullets, heading, rows, visible

__all__ = ["first", "summary"]

MOST_LISTED, MOST_NAMED = 20, 5
REHEARSAL = "A rehearsal: the target is a mock of ours, so this says nothing of the provider."


def summary(report: CertificationReport, folder: Path) -> str:
    """The text for a terminal."""
    facts = [
        ("judged", report.judged),
        ("requirements", _counts(report.requirement_counts)),
        ("tests", _counts(report.test_counts)),
        ("permitted", "; ".join(report.permissions)),
        *([("created", _created(report))] if report.created else []),
        *([("spent", spent_text(report.spent))] if report.created or report.spent is not None else []),
        *([("changed", ", ".join(first(list(report.suite.changed_files))))] if report.suite.changed_files else []),
        ("report", folder / "report.html"),
    ]
    lists = [f"{heading(title)}\n{bullets(lines)}" for title, lines in _lists(report) if lines]
    verdict = f"{report.verdict}, {report.judged}: {report.title} on {report.target}"
    why = [report.why, REHEARSAL if report.rehearsal else ""]
    return "\n\n".join([heading(visible(verdict)), *(visible(each) for each in why if each), rows(facts), *lists])


def first(lines: list[str]) -> list[str]:
    """The first lines of a list, and how many more there are."""
    more = len(lines) - MOST_LISTED
    return lines if more <= 0 else [*lines[:MOST_LISTED], f"and {more} more, which the report lists"]


def _created(report: CertificationReport) -> str:
    by_operation = Counter(each.operation for each in report.created)
    left = sum(not each.cleaned for each in report.created)
    number = ", ".join(f"{times} by {operation}" for operation, times in by_operation.items())
    return f"{number}; {left} left there" if left else f"{number}; nothing left there"


def _lists(report: CertificationReport) -> Iterator[tuple[str, list[str]]]:
    failed = [each for each in report.requirements if each.verdict in ("FAIL", "ERROR")]
    yield "Requirements that do not hold", first([f"{each.verdict} {each.id}: {each.why}" for each in failed])
    yield (
        "Known deviations",
        [f"{each.requirement}: {each.state}; {each.owner}: {each.reason}" for each in report.deviations],
    )
    yield "Created and left there", first(list(_left(report)))


def _left(report: CertificationReport) -> Iterator[str]:
    """What is left, by operation and reason, with the first names."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for each in report.created:
        if not each.cleaned:
            grouped.setdefault((each.operation, each.how), []).append(each.what)
    for (operation, how), names in grouped.items():
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        yield f"{len(names)} by {operation}: {', '.join(names[:MOST_NAMED])}{more}: {how}"


def _counts(counts: Mapping[Verdict, int]) -> str:
    return ", ".join(f"{counts[each]} {each}" for each in VERDICTS if counts.get(each)) or "none"
