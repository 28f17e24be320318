"""Reads what a run is judged by: requirements, checklist, coverage and deviations of the provider."""

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from importlib.resources.abc import Traversable

from flowproof.checklist import TestRun, judge, read_checklist
from flowproof.conformance import Contract, Requirement, load_contract
from flowproof.conformance.coverage import KINDS, items
from flowproof.target.profile import Deviation

from .events import Event, RunFinished
from .record import TestAttempt, group_events
from .report import ChecklistRow, Coverage, KnownDeviation, ReportInputs, StatedRequirement

__all__ = ["digest", "read_report_inputs"]

ID = re.compile(r"""id\s*=\s*["']([^"']+)["']""")


def read_report_inputs(
    slug: str, title: str, folder: Traversable, events: Sequence[Event], deviations: Iterable[Deviation] = ()
) -> ReportInputs:
    """
    Read what a run is judged by.

    Args:
        slug: The provider's.
        title: The provider's, for people.
        folder: Of the provider's contract.
        events: Of the run, for checklist and coverage.
        deviations: Of the profile.

    Raises:
        ContractError: The contract cannot be read.
        ConfigurationError: The checklist or the events cannot be read.
    """
    contract = load_contract(slug, folder)
    lines = _lines(folder.joinpath("requirements.toml").read_text(encoding="utf-8"))
    return ReportInputs(
        title=title,
        contract_digest=digest(folder),
        requirements=tuple(_stated(each, lines.get(each.id, 0)) for each in contract.requirements.values()),
        deviations=tuple(
            KnownDeviation(each.requirement, each.owner, each.reason, each.expires) for each in deviations
        ),
        checklist=tuple(_checklist(folder, events)),
        coverage=tuple(_coverage(contract, events)),
    )


def _stated(requirement: Requirement, line: int) -> StatedRequirement:
    return StatedRequirement(
        requirement.id,
        requirement.text,
        requirement.source,
        requirement.standing,
        requirement.obliges,
        requirement.note,
        line,
    )


def digest(folder: Traversable) -> str:
    """SHA-256, in hex, over the names and contents of a folder's files, in the order of their names."""
    whole = sha256()
    for name, content in sorted(_files(folder, "")):
        whole.update(f"{name}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for each in folder.iterdir():
        if each.is_dir():
            if each.name != "__pycache__":
                yield from _files(each, f"{prefix}{each.name}/")
        else:
            yield f"{prefix}{each.name}", each.read_bytes()


def _lines(toml: str) -> dict[str, int]:
    """The line of each requirement's id."""
    found = (ID.match(line) for line in toml.splitlines())
    return {match[1]: number for number, match in enumerate(found, start=1) if match}


def _checklist(folder: Traversable, events: Sequence[Event]) -> Iterator[ChecklistRow]:
    file = folder.joinpath("checklist.toml")
    if not file.is_file():
        return
    results = tuple(_result(each) for each in group_events(events).attempts.values() if each.finished)
    for each in judge(read_checklist(file.read_text(encoding="utf-8")), results=results):
        row = each.row
        yield ChecklistRow(row.id, row.text, row.who, float(row.days), each.status, each.proof, each.missing)


def _result(attempt: TestAttempt) -> TestRun:
    """A test by its name in a checklist: `acme/test_orders.py::test_a[b]` is `acme.test_orders::test_a`."""
    module, _, name = attempt.planned.test.partition("[")[0].partition("::")
    qualified, requirements = f"{module.removesuffix('.py').replace('/', '.')}::{name}", attempt.planned.requirements
    match attempt.finished and attempt.finished.verdict:
        case "PASS":
            return TestRun(qualified, "passed", frozenset(requirements))
        case "FAIL" | "ERROR":
            return TestRun(qualified, "failed", frozenset(requirements))
        case _:
            return TestRun(qualified, "skipped", frozenset(requirements))


def _coverage(contract: Contract, events: Sequence[Event]) -> Iterator[Coverage]:
    finished = next((each for each in reversed(events) if isinstance(each, RunFinished)), None)
    if finished is None or not finished.coverage:
        return
    found = tuple(items(contract, finished.coverage))
    for kind in KINDS:
        of_kind = [each for each in found if each.kind == kind]
        exercised = tuple(each.name for each in of_kind if each.tests)
        yield Coverage(kind, exercised, tuple(each.name for each in of_kind if not each.tests))
