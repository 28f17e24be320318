"""The progress of a certification run: a bar on a terminal, lines elsewhere."""

import io
import sys

import pytest

from flowproof.certify.events import Planned, TestFinished
from flowproof.cli.certify_progress import Progress
from tests.certify.streams import NOON


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a run of twenty tests, of which one fails, writes to stderr."""
    monkeypatch.setattr(sys, "stderr", stream)
    progress = Progress("acme")
    names = [f"acme/test_it.py::test_{number}" for number in range(20)]
    for name in names:
        progress.show(Planned(name, "", (), False))
    for number, name in enumerate(names):
        is_failed = number == 5
        progress.show(TestFinished(name, NOON, 1.0, "FAIL" if is_failed else "PASS", "it did" if is_failed else ""))
    progress.end()
    assert (progress.done, progress.planned) == (20, 20)
    return stream.getvalue()


def test_lines_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal there is a line for each tenth of the tests, one for a failure, and no control character."""
    lines = shown(io.StringIO(), monkeypatch).splitlines()

    assert lines[0] == "2 of 20 tests: 2 PASS"
    assert lines[-1] == "20 of 20 tests: 19 PASS, 1 FAIL"
    assert "FAIL  acme/test_it.py::test_5: it did" in lines
    assert len(lines) == 11
    assert "\r" not in "".join(lines)


def test_bar_with_the_remaining_time_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar has the number of tests, the verdicts and the remaining time, and is removed at the end."""
    text = shown(Terminal(), monkeypatch)

    assert " of 20 tests |" in text
    assert " left" in text
    assert "FAIL  acme/test_it.py::test_5: it did" in text
    assert text.rstrip(" ").endswith("\r")
