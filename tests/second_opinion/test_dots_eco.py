"""The suite of Dots.eco finds no fault with a server that is right in another way, and does with one that is wrong."""

import pytest

from tests.fork_server import ForkServer
from tests.second_opinion import dots_eco
from tests.second_opinion.suite_run import run_suite


def test_suite_finds_no_fault_with_another_right_server(fork_server: ForkServer) -> None:
    """Other order of members, unknown members, blanks, header case and chunks are no fault; most of the suite runs."""
    with dots_eco.serving() as (url, tokens):
        run = run_suite(fork_server, "dots_eco", url, {role: {"token": each} for role, each in tokens.items()})

    assert run.code == 0, run.text
    assert run.passed > 150


def test_suite_finds_the_fault_of_another_server(fork_server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same server with one rule left out is told from a right one."""
    monkeypatch.setattr(dots_eco, "is_address", lambda _text: True)

    with dots_eco.serving() as (url, tokens):
        keys = {role: {"token": each} for role, each in tokens.items()}
        run = run_suite(fork_server, "dots_eco", url, keys, "-x", "-k", "address")

    assert (run.code, "test_text_that_is_no_address_is_invalid" in run.text) == (1, True)
