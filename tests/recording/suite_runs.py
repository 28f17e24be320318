"""Runs of suites against the mock: recorded workspace by workspace, and sent to another mock again."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowproof.drift import Outcome
from flowproof.kernel.hooks import AnswerFilter
from flowproof.providers import find_kit
from flowproof.recording import RecordingError
from tests import tree

from .conversations import make_mock

__all__ = ["RoundTrip", "record_suites", "sent_again"]

TIMEOUT_S = 1800.0
Archive = Mapping[str, Any]


@dataclass(slots=True)
class RoundTrip:
    """
    What came of one suite's recordings.

    Args:
        workspaces: How many were recorded.
        compared: How many answers were compared.
        differing: The test of each answer that differed, and the answer.
        not_compared: How often for which reason an exchange was not compared.
    """

    workspaces: int = 0
    compared: int = 0
    differing: list[tuple[str, Outcome]] = field(default_factory=list)
    not_compared: Counter[str] = field(default_factory=Counter)


def record_suites(tests: Mapping[str, Sequence[str]], folder: Path) -> dict[str, list[Archive]]:
    """
    The archives of every workspace of a run, by provider; the run has to pass.

    Args:
        tests: By provider, the files of its suite; none means all.
        folder: Where the archives are written.
    """
    paths = [str(each) for slug, files in tests.items() for each in _paths(slug, files)]
    options = ("-q", "-p", "tests.recording.suite_recorder", "-p", "no:cacheprovider", "-n", "0")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *paths],
        cwd=tree.ROOT,
        env={**os.environ, "RECORDED_INTO": str(folder)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, list[Archive]] = {slug: [] for slug in tests}
    for file in sorted(folder.iterdir()):
        archive = json.loads(file.read_text(encoding="utf-8"))
        for slug in sorted(found.keys() & set(_providers(archive))):
            found[slug].append(archive)
    return found


def _paths(slug: str, files: Sequence[str]) -> list[Path]:
    folder = find_kit(slug).suite_folder()
    return [folder / each for each in files] if files else [folder]


def _providers(archive: Archive) -> Iterator[str]:
    for each in archive["log"]["entries"]:
        if each["_flowproof"]["direction"] == "in":
            yield each["_flowproof"]["provider"]


def sent_again(slug: str, archives: Sequence[Archive], *, answer_filter: AnswerFilter | None = None) -> RoundTrip:
    """
    Send every recorded workspace's requests to a workspace of another mock.

    Args:
        slug: Of the provider.
        archives: Of its suite.
        answer_filter: Changes what the mock answers.
    """
    found = RoundTrip(workspaces=len(archives))
    with make_mock(slug) as mock:
        mock.hooks.answer_filter = answer_filter
        for each in archives:
            try:
                drift = mock.drift(mock.convert(each).case)
            except RecordingError as error:
                found.not_compared[error.what.partition(" ")[2]] += 1
                continue
            found.compared += len(drift.outcomes)
            found.differing += [(each["log"]["comment"], outcome) for outcome in drift.outcomes if outcome.differences]
            found.not_compared.update(drift.left_out.values())
            found.not_compared.update(reason for note in drift.notes if (reason := _reason(note)))
    return found


def _reason(note: str) -> str:
    """Why something was not compared, by a note of a recording; empty where the note is of something else."""
    reason = re.sub(r"^.*?: (?:left out: \d+ |step \d+: )", "", note)
    return "" if "has no operation for it" in reason else reason
