"""Starts a session of mutants for one provider in a process of its own, and reads what becomes of them."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowproof.certify.suite import find_suite
from flowproof.errors import ConfigurationError

from .mutant import Outcome

__all__ = ["Report", "run_mutants"]


@dataclass(slots=True)
class Report:
    """
    What became of a provider's mutants.

    Args:
        provider: Slug.
        outcomes: One a mutant.
        without: Requirements, documented or observed, that have no mutant.
        excused: Requirements that cannot be killed from outside, with the reason.
        failures: Tests that fail on the unbroken mock, and so took no part, with what they said.
        tests: How many tests the suite has.
        planned: How many mutants there are to run.
        reference_s: How long the run on the unbroken mock took.
    """

    provider: str
    outcomes: list[Outcome] = field(default_factory=list)
    without: tuple[str, ...] = ()
    excused: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    tests: int = 0
    planned: int = 0
    reference_s: float = 0.0

    def count(self, verdict: str, family: str | None = None) -> int:
        """How many mutants of a family ended so."""
        return sum(each.verdict == verdict and family in (None, each.family) for each in self.outcomes)

    def gaps(self) -> list[Outcome]:
        """
        Mutants of documented requirements that live although nothing is said of why.

        Another value that the contract allows may keep the requirement too: such a mutant shows what no test looks at,
        and is no gap.
        """
        lived = (each for each in self.outcomes if each.verdict == "survived" and each.standing == "documented")
        return [each for each in lived if not each.excused and each.kind != "value"]


def run_mutants(
    provider: str,
    *,
    requirement: str | None = None,
    sample: int | None = None,
    jobs: int = 2,
    suite: Path | None = None,
    told: Callable[[Report], None] = lambda _: None,
) -> Report:
    """
    Run a provider's mutants against its suite.

    Args:
        provider: Slug.
        requirement: Only mutants of this requirement, or of those below it.
        sample: So many, drawn by chance, in every run the same.
        jobs: How many at once.
        suite: Folder of the suite; by default that of this package.
        told: Called with the report after each outcome.

    Raises:
        ConfigurationError: The suite cannot be run.
    """
    folder = suite if suite is not None else find_suite(provider)
    report = Report(provider)
    mine, theirs = os.pipe()
    orders = {"provider": provider, "requirement": requirement, "sample": sample, "jobs": jobs, "fd": theirs}
    with tempfile.TemporaryFile() as said:
        command = _command(folder, provider, orders)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        process = subprocess.Popen(command, stdout=said, stderr=said, pass_fds=[theirs], env=environment)
        os.close(theirs)
        try:
            for event in _lines(mine):
                _take(report, event)
                told(report)
            process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        said.seek(0)
        _check(report, process.returncode, said.read().decode(errors="replace"))
    return report


def _command(folder: Path, provider: str, orders: Mapping[str, Any]) -> list[str]:
    plugins = ("-p", "flowproof.mutation.session", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly")
    options = ("-q", "-s", "--tb=native", "--import-mode=importlib", f"--flowproof-providers={provider}")
    return [sys.executable, "-m", "pytest", *plugins, *options, "--mutants-orders", json.dumps(orders), str(folder)]


def _lines(fd: int) -> Iterator[Mapping[str, Any]]:
    with os.fdopen(fd, encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def _take(report: Report, event: Mapping[str, Any]) -> None:
    values = {name: value for name, value in event.items() if name != "event"}
    match event["event"]:
        case "plan":
            report.planned, report.tests = values["mutants"], values["tests"]
            report.without, report.excused = tuple(values["without"]), values["excused"]
            report.failures, report.reference_s = values["failures"], values["seconds"]
        case "outcome":
            report.outcomes.append(Outcome(**values))
        case _:
            raise ConfigurationError(
                f"The mutants of {report.provider} cannot be run: {values['what']}",
                "Run its suite by itself first.",
            )


def _check(report: Report, code: int, said: str) -> None:
    if len(report.outcomes) != report.planned or not report.tests:
        tail = " / ".join(said.strip().splitlines()[-12:])
        raise ConfigurationError(
            f"The mutants of {report.provider} ended early with code {code}: {tail}", "Run its suite by itself first."
        )
