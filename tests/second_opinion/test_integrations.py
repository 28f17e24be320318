"""The suite of Integrations finds no fault with a server that is right in another way, also the second time."""

from collections.abc import Callable

import pytest

from tests.fork_server import ForkServer
from tests.second_opinion import integrations
from tests.second_opinion.servers import integrations_of
from tests.second_opinion.suite_run import run_twice


@pytest.mark.parametrize(
    ("account", "at_least"),
    [(integrations.account_of_fixtures, 255), (integrations.account_of_a_stranger, 190)],
    ids=["fixtures", "stranger"],
)
def test_suite_finds_no_fault_with_another_right_server(
    fork_server: ForkServer, account: Callable[[], integrations.Provider], at_least: int
) -> None:
    """Other words, order, members, guids, triggers and platforms are no fault, nor what an earlier run has left."""
    runs = run_twice(fork_server, "integrations", integrations_of(account()))

    assert [each.outcome for each in runs] == [(0, 0)] * 2, runs[0].text + runs[1].text
    assert min(each.passed for each in runs) >= at_least
