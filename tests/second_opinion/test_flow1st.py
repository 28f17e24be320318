"""The suite of Flow1st finds no fault with a server that is right in another way, also the second time."""

from flowproof.clients.flow1st import Flow1st, OrderNews, WebhookVerifier
from flowproof.inbox import Inbox
from tests.fork_server import ForkServer
from tests.second_opinion import flow1st
from tests.second_opinion.servers import SERVERS
from tests.second_opinion.suite_run import run_twice


def test_suite_finds_no_fault_with_another_right_server(fork_server: ForkServer) -> None:
    """Other words, codes, members, order, compression and order of checks are no fault, also the second time."""
    runs = run_twice(fork_server, "flow1st", SERVERS["flow1st"]())

    assert [each.outcome for each in runs] == [(0, 0)] * 2, runs[0].text + runs[1].text
    assert min(each.passed for each in runs) >= 305


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
