"""The suite of OneFlow finds no fault with a server that is right in another way, also the second time."""

import pytest

from tests.fork_server import ForkServer
from tests.second_opinion.servers import SERVERS
from tests.second_opinion.suite_run import run_twice

VALIDATION = "suites/oneflow/test_validation.py"
PARTS = {"validation": ((VALIDATION,), 210), "all else": ((f"--ignore={VALIDATION}",), 400)}
"""The suite in two pieces that two workers can share, each with the fewest tests that have to pass."""


@pytest.mark.parametrize("part", PARTS)
def test_suite_finds_no_fault_with_another_right_server(fork_server: ForkServer, part: str) -> None:
    """Other words, members, defaults' spelling, order of checks and chunks are no fault, also the second time."""
    options, fewest = PARTS[part]
    runs = run_twice(fork_server, "oneflow", SERVERS["oneflow"](), *options)

    assert [each.outcome for each in runs] == [(0, 0)] * 2, runs[0].text + runs[1].text
    assert min(each.passed for each in runs) >= fewest
