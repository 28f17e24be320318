"""
A provider's integration checklist: its rows, and what proves them. Sends no request itself.

A row is done when all of its facts hold on a server, or when its tests have passed and each of its requirements was
proved by a passed test. A person's statement makes a row `attested`; a row without evidence to look at is `unprovable`.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from xml.etree import ElementTree

from flowproof.errors import ConfigurationError

__all__ = [
    "Attestation",
    "Checklist",
    "Fact",
    "Row",
    "RowResult",
    "TestRun",
    "judge",
    "read_attestations",
    "read_checklist",
    "read_results",
    "remaining_days",
]

Status = Literal["done", "attested", "open", "unprovable"]
COMPLETE: frozenset[Status] = frozenset({"done", "attested"})
WRITTEN_REQUIREMENT = re.compile(r"^\[\[PROPERTY\|requirement=(.+)\]\]$", re.MULTILINE)
KINDS = frozenset({"present", "true", "above_zero"})


@dataclass(frozen=True, slots=True)
class Fact:
    """
    A fact that a server's control API shows.

    Args:
        get: Path below the workspace.
        pointer: JSON pointer into the response.
        kind: ``present`` (not null, false, 0 or empty), ``true``, or ``above_zero`` (a number, or some value of an
    object).
        says: The fact in words.
    """

    get: str
    pointer: str
    kind: str
    says: str

    def holds(self, answer: Any) -> bool:
        """Whether the control API's response shows the fact."""
        value = _at(answer, self.pointer)
        if self.kind == "true":
            return value is True
        if self.kind == "above_zero":
            return any(
                _is_number(each) and each > 0 for each in (value.values() if isinstance(value, dict) else [value])
            )
        return bool(value)


@dataclass(frozen=True, slots=True)
class Row:
    """
    A row of a checklist.

    Args:
        id: Short name, by which it is attested.
        text: What holds when it is done.
        who: Does it.
        days: Estimate; 0 for a prerequisite.
        requirements: Also the marks of a partner's own tests.
        facts: Show on a server that it is done.
        tests: Tests of the suite that must have passed, as ``folder.module::test``.
    """

    id: str
    text: str
    who: str
    days: Decimal
    requirements: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    tests: tuple[str, ...] = ()

    @property
    def needs_a_person(self) -> bool:
        """Whether no program can prove it."""
        return not (self.facts or self.tests)


@dataclass(frozen=True, slots=True)
class Checklist:
    """A provider's checklist; ``document_total_days`` is the sum in its document."""

    provider: str
    title: str
    document: str
    document_total_days: Decimal
    rows: tuple[Row, ...]
    prerequisites: tuple[Row, ...] = ()

    @property
    def total_days(self) -> Decimal:
        return sum((row.days for row in self.rows), Decimal(0))


@dataclass(frozen=True, slots=True)
class TestRun:
    """The result of a test: its name, as ``folder.module::test``, and the requirements of its marks."""

    __test__ = False  # not a class of tests for pytest

    name: str
    outcome: Literal["passed", "failed", "skipped"]
    requirements: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Attestation:
    """A person's statement that a row is done."""

    row: str
    by: str
    on: date
    note: str = ""


@dataclass(frozen=True, slots=True)
class RowResult:
    """
    The result of a row.

    Args:
        row: The row.
        status: ``done``, ``attested``, ``open`` or ``unprovable``.
        proof: What proves it, or a part of it.
        missing: What is missing, or what to give so that it can be judged.
    """

    row: Row
    status: Status
    proof: tuple[str, ...] = ()
    missing: tuple[str, ...] = field(default=())


def read_checklist(toml: str) -> Checklist:
    """
    Read a ``checklist.toml``.

    Raises:
        ConfigurationError: It is not TOML, an entry has wrong keys, or two entries have one id.
    """
    try:
        value = tomllib.loads(toml, parse_float=Decimal)
        rows = tuple(map(_row, value["row"]))
        prerequisites = tuple(_row({"days": 0, **each}) for each in value.get("prerequisite", ()))
        total = Decimal(value["document_total_days"])
        read = Checklist(value["provider"], value["title"], value["document"], total, rows, prerequisites)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ArithmeticError) as error:
        raise ConfigurationError(f"The checklist cannot be read: {error!r}.", "Fix its checklist.toml.") from error
    ids = [row.id for row in (*rows, *prerequisites)]
    if len(set(ids)) != len(ids) or any(fact.kind not in KINDS for row in rows for fact in row.facts):
        raise ConfigurationError("The checklist names an id twice, or a kind of fact that there is not.", "Fix it.")
    return read


def read_attestations(toml: str, checklist: Checklist, today: date) -> tuple[Attestation, ...]:
    """
    Read attestations: ``[[attestation]]`` with ``row``, ``by``, ``on`` (a date) and an optional ``note``.

    Raises:
        ConfigurationError: It is not TOML, or an entry has no row of the checklist, no person, or no day up to today.
    """
    fix = 'Write [[attestation]] with row = "…", by = "a person\'s name" and on = 2026-01-31.'
    try:
        entries = tomllib.loads(toml)
        found = tuple(Attestation(**each) for each in entries.pop("attestation", ()))
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise ConfigurationError(f"The attestations cannot be read: {error}.", fix) from error
    known = {row.id for row in (*checklist.rows, *checklist.prerequisites)}
    for each in found:
        if each.row not in known:
            raise ConfigurationError(
                f"There is no row {each.row!r} to attest.", f"There are: {', '.join(sorted(known))}."
            )
        if not _is_name(each.by):
            raise ConfigurationError(f"Nobody attests {each.row}.", fix)
        if type(each.on) is not date or each.on > today:
            raise ConfigurationError(f"{each.row} is attested on no day up to today.", fix)
    if entries:
        raise ConfigurationError(f"The attestations have an unknown {', '.join(sorted(entries))}.", fix)
    return found


def read_results(junit: str) -> tuple[TestRun, ...]:
    """
    Read a JUnit file of pytest, where the plugin writes each test's requirements as properties, or of a certification,
    where they are lines of the test's output.

    Raises:
        ConfigurationError: It is not a JUnit file.
    """
    fix = "Give the file that pytest --junitxml wrote."
    try:
        # Entities are no danger: expat limits their expansion since 2.4.1.
        root = ElementTree.fromstring(junit)  # noqa: S314
    except ElementTree.ParseError as error:
        raise ConfigurationError(f"The results are no XML: {error}.", fix) from error
    if root.tag not in {"testsuites", "testsuite"}:
        raise ConfigurationError(f"The results begin with {root.tag}, which is no JUnit.", fix)
    return tuple(map(_run, root.iter("testcase")))


def judge(
    checklist: Checklist,
    *,
    facts: Callable[[str], Any] | None = None,
    results: Sequence[TestRun] | None = None,
    attestations: Iterable[Attestation] = (),
) -> tuple[RowResult, ...]:
    """
    Judge each row, the prerequisites first.

    Args:
        checklist: The rows.
        facts: Returns the control API's response for a path below the workspace; None without a server.
        results: Of test runs; None where there are none.
        attestations: The last one for a row counts.
    """
    by_row = {each.row: each for each in attestations}
    return tuple(
        _judged(row, facts, results, by_row.get(row.id)) for row in (*checklist.prerequisites, *checklist.rows)
    )


def remaining_days(judged: Iterable[RowResult]) -> Decimal:
    """The sum of the estimates of all rows that are neither done nor attested."""
    return sum((each.row.days for each in judged if each.status not in COMPLETE), Decimal(0))


def _judged(
    row: Row,
    facts: Callable[[str], Any] | None,
    results: Sequence[TestRun] | None,
    attestation: Attestation | None,
) -> RowResult:
    shown, hidden = _facts(row, facts) if facts is not None else ((), ())
    passed, lacking, failed = _tests(row, results) if results is not None else ((), (), ())
    by_facts = bool(row.facts) and facts is not None and not hidden
    by_tests = bool(row.tests) and results is not None and not lacking and not failed
    if (by_facts or by_tests) and not failed:
        return RowResult(row, "done", (*(shown if by_facts else ()), *(passed if by_tests else ())))
    missing = (*failed, *hidden, *(lacking if not row.facts or facts is None else ()))
    if attestation is not None:
        note = f": {attestation.note}" if attestation.note else ""
        statement = f"{attestation.by} attested it on {attestation.on.isoformat()}{note}"
        return RowResult(row, "attested", (statement, *shown), missing)
    if row.needs_a_person:
        return RowResult(row, "unprovable", (), ("a person has to attest it: --attestations",))
    looked = (bool(row.facts) and facts is not None) or (bool(row.tests) and results is not None)
    if not looked:
        options = [*(["--server"] if row.facts else []), *(["--results"] if row.tests else [])]
        return RowResult(row, "unprovable", (), (f"nothing was given that could prove it: {' or '.join(options)}",))
    return RowResult(row, "open", (*shown, *passed), missing)


def _facts(row: Row, facts: Callable[[str], Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The facts that hold, and those that do not."""
    held = [(each, each.holds(facts(each.get))) for each in row.facts]
    shown = tuple(f"server: {each.says} ({each.get}#{each.pointer})" for each, holds in held if holds)
    return shown, tuple(f"not yet: {each.says}" for each, holds in held if not holds)


def _tests(row: Row, results: Sequence[TestRun]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What passed, is missing, and failed of a row's tests and requirements."""
    passed: list[str] = []
    lacking: list[str] = []
    failed: list[str] = []
    expected = [(f"test {name}", [run for run in results if _is(run, name)]) for name in row.tests]
    expected += [
        (f"requirement {each}", [run for run in results if each in run.requirements]) for each in row.requirements
    ]
    for what, runs in expected:
        outcomes = {run.outcome for run in runs}
        if "failed" in outcomes:
            failed.append(f"failed: {what}")
        elif "passed" in outcomes and ("skipped" not in outcomes or what.startswith("requirement")):
            passed.append(f"passed: {what}")
        else:
            lacking.append(f"no passed run: {what}")
    return tuple(passed), tuple(lacking), tuple(failed)


def _is(run: TestRun, name: str) -> bool:
    """Whether a run is one of that test, in any folder."""
    return run.name == name or run.name.endswith(f".{name}")


def _run(case: ElementTree.Element) -> TestRun:
    properties = [(each.get("name"), str(each.get("value"))) for each in case.iter("property")]
    module = dict(properties).get("module", case.get("classname", ""))
    name = f"{module}::{case.get('name', '').partition('[')[0]}"
    tags = {each.tag for each in case}
    marked = {value for kind, value in properties if kind == "requirement"}
    written = {name for each in case.iter("system-out") for name in WRITTEN_REQUIREMENT.findall(each.text or "")}
    outcome: Literal["passed", "failed", "skipped"] = (
        "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
    )
    return TestRun(name, outcome, frozenset(marked | written))


def _row(value: Mapping[str, Any]) -> Row:
    facts = tuple(Fact(each["get"], each["pointer"], each["is"], each["says"]) for each in value.get("facts", ()))
    return Row(
        id=value["id"],
        text=value["text"],
        who=value["who"],
        days=Decimal(value["days"]),
        requirements=tuple(value.get("requirements", ())),
        facts=facts,
        tests=tuple(value.get("tests", ())),
    )


def _at(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer, or None."""
    for step in _steps(pointer):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _steps(pointer: str) -> Iterator[str]:
    return (each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:])


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
