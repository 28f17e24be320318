"""The suite of Dots.eco finds no fault with a server that is right in another way, also the second time."""

from tests.fork_server import ForkServer
from tests.second_opinion.servers import SERVERS
from tests.second_opinion.suite_run import run_twice


def test_suite_finds_no_fault_with_another_right_server(fork_server: ForkServer) -> None:
    """Other order of members, unknown members, blanks, header case and chunks are no fault; most of the suite runs."""
    runs = run_twice(fork_server, "dots_eco", SERVERS["dots_eco"]())

    assert [each.outcome for each in runs] == [(0, 0)] * 2, runs[0].text + runs[1].text
    assert min(each.passed for each in runs) >= 285
