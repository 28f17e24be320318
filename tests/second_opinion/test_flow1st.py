"""The suite of Flow1st finds no fault with a server that is right in another way, and does with one that is wrong."""

from collections.abc import Callable

import pytest

from flowproof.clients.flow1st import Flow1st, OrderNews, WebhookVerifier
from flowproof.inbox import Inbox
from tests.fork_server import ForkServer
from tests.second_opinion import flow1st
from tests.second_opinion.suite_run import run_suite


def test_suite_finds_no_fault_with_another_right_server(fork_server: ForkServer) -> None:
    """Other words, codes, members, order, compression and order of checks are no fault, also the second time."""
    with flow1st.serving() as (url, keys):
        runs = [run_suite(fork_server, "flow1st", url, keys) for _ in range(2)]

    assert [(each.code, each.failed) for each in runs] == [(0, 0)] * 2, runs[0].text + runs[1].text
    assert min(each.passed for each in runs) >= 190


def no_signature(patch: pytest.MonkeyPatch) -> None:
    """An order has to be signed."""
    patch.setattr(flow1st, "check_signature", lambda *_: None)


def alike_is_equal(patch: pytest.MonkeyPatch) -> None:
    """A reference stands for one content: true is not 1."""
    patch.setattr(flow1st, "canonical", lambda value: value)


@pytest.mark.parametrize(
    ("break_rule", "test"),
    [
        (no_signature, "test_another_signature_is_refused"),
        (alike_is_equal, "test_values_that_only_look_alike_are_other_content"),
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
    with flow1st.serving() as (url, keys):
        right = run_suite(fork_server, "flow1st", url, keys, *options)
    break_rule(monkeypatch)
    with flow1st.serving() as (url, keys):
        wrong = run_suite(fork_server, "flow1st", url, keys, *options)

    assert (right.code, wrong.code, test in wrong.text) == (0, 1, True), right.text + wrong.text


def test_webhooks_come_until_they_are_acknowledged() -> None:
    """The client's verifier takes PENDING and then SUCCESSFUL, the first of them again after an answer of 500."""
    with flow1st.serving() as (url, keys), Inbox([500, 200, 200]) as inbox:
        key = keys["default"]
        with Flow1st(url, key["token"], key["secret"], key["signing_key"]) as client:
            client.complete_order("r-1", sku="voucher10usd", recipient="x", email="a@b.co", webhook_url=inbox.url)
        inbox.wait(3)
    news = [read(key["signing_key"], each.headers, each.body) for each in inbox.received]

    assert [each.status for each in news] == ["PENDING", "PENDING", "SUCCESSFUL"]
    assert [len(each.voucher_codes) for each in news] == [0, 0, 1]


def read(signing_key: str, headers: tuple[tuple[str, str], ...], body: bytes) -> OrderNews:
    """What a webhook tells, if it is genuine."""
    return WebhookVerifier(signing_key).verify(dict(headers), body)
