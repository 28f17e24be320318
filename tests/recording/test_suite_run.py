"""A part of a suite's own run against the mock: recorded, replayed, and sent to a mock again."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowproof.providers import find_kit
from flowproof.recording import Recording, read_document
from flowproof.replay import Replay, Request
from tests import tree

from .conversations import make_mock

SUITE, TESTS = "flow1st", ("test_environments.py", "test_errors.py")
TIMEOUT_S = 300.0


def recorded_run(folder: Path) -> list[dict[str, Any]]:
    """The journals of a part of the suite, which has to pass; those that have nothing are left out."""
    into = folder / "journals"
    into.mkdir()
    environment = {**os.environ, "RECORDED_INTO": str(into)}
    tests = [str(find_kit(SUITE).suite_folder() / each) for each in TESTS]
    options = ("-q", "-p", "tests.recording.suite_recorder", "-p", "no:cacheprovider", "-n", "0")
    command = [sys.executable, "-m", "pytest", *options, *tests]
    done = subprocess.run(
        command, cwd=tree.ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    kept = [json.loads(each.read_text(encoding="utf-8")) for each in sorted(into.iterdir())]
    return [each["archive"] for each in kept if any(map(is_clients, each["archive"]["log"]["entries"]))]


def is_clients(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is of a client and was answered as the mock answers it."""
    return entry["_flowproof"]["direction"] == "in" and not entry["_flowproof"]["faults"]


def wrongly_replayed(recording: Recording) -> list[int]:
    """Numbers of the exchanges that a replay of their own recording answers otherwise."""
    replay, wrong = Replay([recording]), []
    for each in recording.exchanges:
        request = Request.read(each.method, each.url, each.request.header("content-type"), each.request.body or b"")
        found = replay.find(request)
        if found is None or (found.status, found.response.body) != (each.status, each.response.body):
            wrong.append(each.number)
    return wrong


def test_suites_own_run_is_replayed_and_finds_no_drift(tmp_path: Path) -> None:
    """What the suite itself has sent and got is replayed to the byte, and another mock answers it the same."""
    archives = recorded_run(tmp_path)
    recordings = [read_document("run.har", each) for each in archives]
    with make_mock(SUITE) as mock:
        drifts = [mock.drift(mock.convert(each).case) for each in archives]

    assert [wrongly_replayed(each) for each in recordings] == [[] for _ in recordings]
    assert [[each for each in found.outcomes if each.differences] for found in drifts] == [[] for _ in drifts]
    assert [found.left_out for found in drifts] == [{} for _ in drifts]
    assert len(archives) >= 8
    assert sum(len(found.outcomes) for found in drifts) >= 20
