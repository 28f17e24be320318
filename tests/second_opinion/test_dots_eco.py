"""The suite of Dots.eco finds no fault with a server that is right in another way, and does with one that is wrong."""

import re

import pytest

from tests import tree
from tests.fork_server import ForkServer
from tests.second_opinion import dots_eco


def suite_on(fork_server: ForkServer, url: str, tokens: dict[str, str], *options: str) -> tuple[int, str]:
    """Exit code and output of the suite against a base URL, with few examples."""
    named = {f"FLOWPROOF_DOTS_ECO_{role.upper()}_TOKEN": token for role, token in tokens.items() if role != "default"}
    command = ("-q", "--tb=short", *options, f"--flowproof-base-url=dots_eco={url}", "suites/dots_eco")
    done = fork_server.pytest(*command, cwd=tree.ROOT, env={**named, "FLOWPROOF_DOTS_ECO_TOKEN": tokens["default"]})
    return done.returncode, done.stdout


def test_suite_finds_no_fault_with_another_right_server(fork_server: ForkServer) -> None:
    """Other order of members, unknown members, blanks, header case and chunks are no fault; most of the suite runs."""
    with dots_eco.serving() as (url, tokens):
        code, output = suite_on(fork_server, url, tokens)

    passed = re.search(r"(\d+) passed", output)
    assert code == 0, output
    assert passed is not None
    assert int(passed[1]) > 150


def test_suite_finds_the_fault_of_another_server(fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same server with one rule left out is told from a right one."""
    monkeypatch.setattr(dots_eco, "is_address", lambda _text: True)

    with dots_eco.serving() as (url, tokens):
        code, output = suite_on(fork_server, url, tokens, "-x", "-k", "address")

    assert (code, "test_text_that_is_no_address_is_invalid" in output) == (1, True)
