"""The suite of OneFlow finds no fault with a server that is right in another way, and does with one that is wrong."""

import hashlib
from collections.abc import Callable

import pytest

from tests.fork_server import ForkServer
from tests.second_opinion import oneflow
from tests.second_opinion.suite_run import run_suite

VALIDATION = "suites/oneflow/test_validation.py"
PARTS = {"validation": ((VALIDATION,), 200), "all else": ((f"--ignore={VALIDATION}",), 320)}
"""The suite in two pieces that two workers can share, each with the fewest tests that have to pass."""


@pytest.mark.parametrize("part", PARTS)
def test_suite_finds_no_fault_with_another_right_server(fork_server: ForkServer, part: str) -> None:
    """Other words, members, defaults' spelling, order of checks and chunks are no fault, also the second time."""
    options, fewest = PARTS[part]
    with oneflow.serving() as (url, keys):
        runs = [run_suite(fork_server, "oneflow", url, keys, *options) for _ in range(2)]

    assert [(each.code, each.failed) for each in runs] == [(0, 0)] * 2, runs[0].text + runs[1].text
    assert min(each.passed for each in runs) >= fewest


def any_page(patch: pytest.MonkeyPatch) -> None:
    """A page is a number from 1."""
    patch.setattr(oneflow, "positive", lambda _: 1)


def one_digest(patch: pytest.MonkeyPatch) -> None:
    """A SHA-1 signature is none of SHA-256."""
    patch.setattr(oneflow, "DIGESTS", dict.fromkeys(oneflow.DIGESTS, hashlib.sha1))


def no_cancellation(patch: pytest.MonkeyPatch) -> None:
    """A cancelled order stays cancelled."""
    patch.setattr(oneflow.Order, "is_cancelled", property(lambda _: False, lambda *_: None))


@pytest.mark.parametrize(
    ("break_rule", "test"),
    [
        (any_page, "test_page_that_is_no_number_is_refused"),
        (one_digest, "test_sha1_signature_is_refused_as_sha256"),
        (no_cancellation, "test_cancelled_order_is_the_answer"),
    ],
)
def test_suite_finds_the_fault_of_another_server(
    fork_server: ForkServer,
    monkeypatch: pytest.MonkeyPatch,
    break_rule: Callable[[pytest.MonkeyPatch], None],
    test: str,
) -> None:
    """The same server with one rule left out is told from a right one, which passes the same test."""
    options = ("-x", "-k", test)
    with oneflow.serving() as (url, keys):
        right = run_suite(fork_server, "oneflow", url, keys, *options)
    break_rule(monkeypatch)
    with oneflow.serving() as (url, keys):
        wrong = run_suite(fork_server, "oneflow", url, keys, *options)

    assert (right.code, wrong.code, test in wrong.text) == (0, 1, True), right.text + wrong.text
