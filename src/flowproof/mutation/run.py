"""Starts a session of mutants for one provider in a process of its own, and reads its results."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowproof.certify.environment import suite_environment
from flowproof.errors import ConfigurationError
from flowproof.providers import find_kit

from .mutant import Family, MutantResult

__all__ = ["MutantReport", "run_mutants"]


@dataclass(slots=True)
class MutantReport:
    """
    The results of a provider's mutants.

    Args:
        provider: Slug.
        results: One a mutant.
        without: Requirements, documented or observed, that have no mutant.
        excused: Requirements that cannot be killed from outside, with the reason.
        failures: Tests that fail on the unbroken mock, and so took no part, with their messages.
        tests: How many tests the suite has.
        planned: How many mutants there are to run.
    """

    provider: str
    results: list[MutantResult] = field(default_factory=list)
    without: tuple[str, ...] = ()
    excused: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    tests: int = 0
    planned: int = 0

    def count(self, verdict: str, family: str | None = None, kind: str | None = None) -> int:
        """How many mutants of a family and kind have a verdict."""
        return sum(
            each.verdict == verdict and family in (None, each.family) and kind in (None, each.kind)
            for each in self.results
        )

    def gaps(self) -> list[MutantResult]:
        """
        Mutants of documented requirements that live without an excuse.

        Another value that the contract allows may keep the requirement too: such a mutant shows what no test looks at,
        and is no gap.
        """
        lived = (each for each in self.results if each.verdict == "survived" and each.standing == "documented")
        return [each for each in lived if not each.excused and each.kind != "value"]


def run_mutants(
    provider: str,
    *,
    requirement: str | None = None,
    sample: int | None = None,
    family: Family | None = None,
    jobs: int = 2,
    suite: Path | None = None,
    on_result: Callable[[MutantReport], None] = lambda _: None,
) -> MutantReport:
    """
    Run a provider's mutants against its suite.

    Args:
        provider: Slug.
        requirement: Only mutants of this requirement, or of those below it.
        sample: So many, drawn by chance, in every run the same.
        family: Only mutants of this family.
        jobs: How many at once.
        suite: Folder of the suite; by default that of the provider's kit.
        on_result: Called with the report after each result.

    Raises:
        ConfigurationError: The suite cannot be run.
    """
    folder = suite if suite is not None else find_kit(provider).suite_folder()
    report = MutantReport(provider)
    read_end, write_end = os.pipe()
    arguments = {
        "provider": provider,
        "requirement": requirement,
        "sample": sample,
        "family": family,
        "jobs": jobs,
        "fd": write_end,
    }
    with tempfile.TemporaryFile() as output:
        command = _command(folder, provider, arguments)
        environment = suite_environment(os.environ)
        process = subprocess.Popen(command, stdout=output, stderr=output, pass_fds=[write_end], env=environment)
        os.close(write_end)
        try:
            for event in _events(read_end):
                _add(report, event)
                on_result(report)
            process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        output.seek(0)
        _check(report, process.returncode, output.read().decode(errors="replace"))
    return report


def _command(folder: Path, provider: str, arguments: Mapping[str, Any]) -> list[str]:
    plugins = (
        "-p",
        "flowproof.mutation.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-p",
        "no:randomly",
    )
    options = ("-q", "-s", "--tb=native", "--import-mode=importlib", f"--flowproof-providers={provider}")
    return [sys.executable, "-m", "pytest", *plugins, *options, "--mutants-session", json.dumps(arguments), str(folder)]


def _events(fd: int) -> Iterator[Mapping[str, Any]]:
    with os.fdopen(fd, encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def _add(report: MutantReport, event: Mapping[str, Any]) -> None:
    values = {name: value for name, value in event.items() if name != "event"}
    match event["event"]:
        case "plan":
            report.planned, report.tests = values["mutants"], values["tests"]
            report.without, report.excused = tuple(values["without"]), values["excused"]
            report.failures = values["failures"]
        case "result":
            report.results.append(MutantResult(**values))
        case _:
            raise ConfigurationError(
                f"The mutants of {report.provider} cannot be run: {values['message']}",
                "Run its suite by itself first.",
            )


def _check(report: MutantReport, code: int, output: str) -> None:
    if len(report.results) != report.planned or not report.tests:
        tail = " / ".join(output.strip().splitlines()[-12:])
        raise ConfigurationError(
            f"The mutants of {report.provider} ended early with code {code}: {tail}", "Run its suite by itself first."
        )
