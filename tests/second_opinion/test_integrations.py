"""The suite of Integrations finds no fault with a server that is right in another way, but does with a wrong one."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.fork_server import ForkServer
from tests.second_opinion import integrations
from tests.second_opinion.suite_run import SuiteRun, run_suite


def run(fork_server: ForkServer, url: str, provider: integrations.Provider, *options: str) -> SuiteRun:
    """The suite with both tokens of the account."""
    keys = {role: {"token": provider.tokens[role]} for role in ("default", "user")}
    return run_suite(fork_server, "integrations", url, keys, *options)


@pytest.mark.parametrize(
    ("account", "at_least"),
    [(integrations.account_of_fixtures, 185), (integrations.account_of_a_stranger, 165)],
    ids=["fixtures", "stranger"],
)
def test_suite_finds_no_fault_with_another_right_server(
    fork_server: ForkServer, account: Callable[[], integrations.Provider], at_least: int
) -> None:
    """Other words, order, members, guids, triggers and platforms are no fault, nor what an earlier run has left."""
    provider = account()
    with integrations.serving(provider) as url:
        runs = [run(fork_server, url, provider) for _ in range(2)]

    assert [each.code for each in runs] == [0, 0], next(each.text for each in runs if each.code)
    assert min(each.passed for each in runs) > at_least


right_digest_of = integrations.digest_of


@pytest.mark.parametrize(
    ("place", "rule", "broken", "test"),
    [
        (
            integrations,
            "digest_of",
            lambda text: right_digest_of(str(text).lower()),
            "test_wrong_credentials_are_refused",
        ),
        (
            integrations.Provider,
            "toggle",
            lambda _, guid: {"guid": guid, "isActive": False},
            "test_only_the_named_workflow",
        ),
    ],
    ids=["letter case of credentials", "toggle changes nothing"],
)
def test_suite_finds_the_fault_of_another_server(
    fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch, place: Any, rule: str, broken: Any, test: str
) -> None:
    """The same server with one rule left out is told from a right one."""
    found = []
    for breaks in ({}, {rule: broken}):
        for name, value in breaks.items():
            monkeypatch.setattr(place, name, value)
        provider = integrations.account_of_fixtures()
        with integrations.serving(provider) as url:
            found.append(run(fork_server, url, provider, "-x", "-k", test))

    assert [each.code for each in found] == [0, 1], found[0].text
    assert f"::{test}" in found[1].text
