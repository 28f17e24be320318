"""Webhooks: their content, URL, signature and retries."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from flowproof.clients.flow1st import DONE, STATUSES, OrderNews, WebhookRefused, WebhookVerifier
from flowproof.conformance import load_contract
from flowproof.target import Target

from .accounts import Account
from .course import Course, has_come
from .raw_client import RawClient, hex_hmac
from .receiver import Receiver, receiving
from .setup import CHEAP, OUTCOMES, VOUCHER
from .strategies import an_order

CONTRACT = load_contract("flow1st")


def findings(body: bytes) -> tuple[object, ...]:
    """The contract's findings on a webhook's body."""
    schemas = CONTRACT.schemas
    return schemas.findings(schemas.uri_of_file("webhook.schema.json"), json.loads(body), "webhook.body")


@pytest.mark.requirement(
    "flow1st.webhook.destination", "flow1st.webhook.every_change", "flow1st.webhook.acknowledgement"
)
def test_configured_url_is_told_every_change(raw: RawClient, staging: Account, receiver: Receiver) -> None:
    """
    The configured URL gets webhooks for PENDING and SUCCESSFUL, in this order, and acknowledges both.
    """
    staging.configure(receiver.url)
    placed = raw.order(an_order("told")).json()
    staging.pass_time(10)

    assert [each.status for each in receiver.news()] == ["PENDING", "SUCCESSFUL"]
    assert {each.reference for each in receiver.news()} == {placed["reference"]}
    assert staging.facts()["delivered_orders"] == [placed["reference"]]


@pytest.mark.requirement("flow1st.webhook.destination", "flow1st.order.webhook_url")
def test_order_s_own_url_counts_first(course: Course, new_reference: Callable[[], str]) -> None:
    """
    An order with a URL of its own has its webhooks sent there, query and all.
    """
    reference = new_reference()
    course.place(reference, path="/own?x=1")

    paths = {each.path for each in course.wait_for(reference)}
    assert {path.endswith("/own?x=1") for path in paths} == {True}


@pytest.mark.requirement("flow1st.webhook.destination")
def test_without_url_nothing_is_told(raw: RawClient, staging: Account) -> None:
    """
    Without a URL, neither configured nor the order's own, there is no webhook.
    """
    raw.order(an_order("untold"))
    staging.pass_time(10)

    assert staging.notifications() == []


@pytest.mark.requirement("flow1st.webhook.headers", "flow1st.webhook.signature", "flow1st.webhook.access_token")
def test_webhook_is_signed_over_its_exact_bytes(
    course: Course, target: Target, new_reference: Callable[[], str]
) -> None:
    """
    A webhook is JSON, has an access token, and its signature verifies with the signing key of its environment.
    """
    reference = new_reference()
    course.place(reference)
    got, keys = course.wait_for(reference)[0], target.credentials("flow1st").values
    timestamp, token = got.headers.get("x-timestamp", ""), got.headers.get("accesstoken", "")

    assert got.headers.get("content-type", "").partition(";")[0] == "application/json"
    assert token.startswith("Bearer ")
    assert token.removeprefix("Bearer ") == keys.get("webhook_token", token.removeprefix("Bearer "))
    assert got.headers.get("x-signature") == hex_hmac(keys["signing_key"], timestamp.encode() + got.body)


@pytest.mark.requirement("flow1st.webhook.fields", "flow1st.webhook.external_reference", "flow1st.status.enum")
@pytest.mark.parametrize("recipient", [*OUTCOMES, "NOBODY"])
def test_webhook_keeps_its_contract(course: Course, new_reference: Callable[[], str], recipient: str) -> None:
    """
    Whatever becomes of an order, each webhook is as the contract has it, with the order's own values.
    """
    reference = new_reference()
    early = OUTCOMES.get(recipient) in {"CANCELLED", "ABANDONED"}
    order = course.place(reference, recipientIdentifier=recipient)
    got = course.wait_for(reference, 1 if early else 2)
    last = json.loads(got[-1].body)

    assert [finding for each in got for finding in findings(each.body)] == []
    assert {name: last.get(name) for name in ("externalReference", "quantity", "recipientIdentifier", "email")} == {
        "externalReference": reference,
        "quantity": 1,
        "recipientIdentifier": recipient,
        "email": order["email"],
    }


@pytest.mark.requirement("flow1st.webhook.vouchers", "flow1st.webhook.no_vouchers")
def test_vouchers_come_with_their_success(course: Course, new_reference: Callable[[], str]) -> None:
    """
    The voucher codes come with SUCCESSFUL and not before, in the contract's form; another product has none at all.
    """
    skus = {new_reference(): sku for sku in (VOUCHER, CHEAP)}
    for reference, sku in skus.items():
        course.place(reference, productBundleSku=sku)
    got = [each for reference in skus for each in course.wait_for(reference)]
    codes = {
        (skus[each.news.external_reference], each.news.status): len(each.news.voucher_codes)
        for each in got
        if each.news
    }

    assert codes == {
        (VOUCHER, "PENDING"): 0,
        (VOUCHER, "SUCCESSFUL"): 1,
        (CHEAP, "PENDING"): 0,
        (CHEAP, "SUCCESSFUL"): 0,
    }
    bodies = [json.loads(each.body) for each in got]
    assert [skus[each["externalReference"]] for each in bodies if "voucherCodes" in each] == [VOUCHER]
    assert [finding for each in got for finding in findings(each.body)] == []


@pytest.mark.requirement("flow1st.webhook.every_change")
@pytest.mark.parametrize("then", ["refund", "chargeback", "partial_refund"])
def test_what_comes_later_is_told_too(raw: RawClient, staging: Account, receiver: Receiver, then: str) -> None:
    """
    A refund, in whole or in part, and a chargeback have webhooks like every other change.
    """
    placed = raw.order(an_order("later", webhookUrl=receiver.url)).json()
    staging.pass_time(10)
    staging.change(placed["reference"], then, {"amount_minor": 1} if then == "partial_refund" else None)
    staging.wait_until_idle()

    assert [each.status for each in receiver.news()] == ["PENDING", "SUCCESSFUL", then.upper()]


@pytest.mark.requirement("flow1st.webhook.any_2xx", "flow1st.webhook.signature")
def test_webhook_is_repeated_until_acknowledged(
    course: Course, target: Target, new_reference: Callable[[], str]
) -> None:
    """
    After an answer that is no 2xx a webhook comes again, the same bytes signed anew, until it is acknowledged.
    """
    reference, answers = new_reference(), iter([500, 302, 404])
    course.receiver.answers = lambda news: 200 if news.status == "PENDING" else next(answers, 204)
    course.place(reference)
    course.wait_for(reference)
    if not has_come(course, reference, 5) and target.workspace is None:
        pytest.skip("no second attempt came within a minute, and how long a provider waits is not documented")
    tries = [each for each in course.of(reference) if each.news and each.news.status == "SUCCESSFUL"]

    assert [each.status for each in tries] == [500, 302, 404, 204]
    assert len({each.body for each in tries}) == 1
    assert len({each.headers["x-signature"] for each in tries}) == len(tries)


@pytest.mark.requirement("flow1st.webhook.any_2xx")
@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_acknowledges(course: Course, new_reference: Callable[[], str], status: int) -> None:
    """
    Any status of 200 to 299 acknowledges, and nothing comes again while another order takes its whole course.
    """
    course.receiver.answers = lambda _: status
    references = [new_reference() for _ in range(2)]
    for reference in references:
        course.place(reference)
        course.wait_for(reference)

    assert [len(course.of(each)) for each in references] == [2, 2]


@pytest.mark.requirement("flow1st.webhook.receiver_verifies")
def test_receiver_refuses_what_is_forged(raw: RawClient, staging: Account, receiver: Receiver) -> None:
    """
    The client's verifier refuses webhooks with a wrong or without a signature, and takes them once they are right.
    """
    for signature in ("wrong", "missing"):
        staging.workspace.control("PUT", "webhooks/adversary", {"signature": signature})
        raw.order(an_order(signature, webhookUrl=receiver.url))
        staging.pass_time(10)

    assert receiver.got != []
    assert {each.status for each in receiver.got} == {400}
    assert receiver.news() == []


@pytest.mark.requirement("flow1st.webhook.receiver_verifies", "flow1st.webhook.repeated")
def test_copies_are_one_piece_of_news(raw: RawClient, staging: Account, receiver: Receiver) -> None:
    """
    Webhooks that come three times, with a field that nobody knows, and out of order, are news once.
    """
    chaos = {"copies": 3, "extra_field": True, "out_of_order_s": 30}
    staging.workspace.control("PUT", "webhooks/adversary", chaos)
    raw.order(an_order("thrice", webhookUrl=receiver.url))
    staging.pass_time(1000)
    seen: set[tuple[str, str]] = set()
    fresh: list[OrderNews] = []
    for news in receiver.news():
        if news.is_new(seen):
            seen.add(news.key)
            fresh.append(news)

    assert len(receiver.news()) == 6
    assert sorted(each.status for each in fresh) == ["PENDING", "SUCCESSFUL"]


@pytest.mark.requirement("flow1st.webhook.signature", "flow1st.environment.separate")
def test_production_signs_with_its_own_key(
    make_flow1st: Callable[..., Any], production: Account, receiver: Receiver
) -> None:
    """
    A webhook of production is signed with production's key: who knows only staging's refuses it.
    """
    production.top_up(3000)
    keys = production.workspace.credentials("flow1st", "production").values
    with receiving(keys["signing_key"], keys["webhook_token"]) as own:
        for number, url in enumerate((own.url, receiver.url)):
            production.top_up(3000)
            client = make_flow1st(production.workspace, role="production")
            client.complete_order(f"p{number}", sku=CHEAP, recipient="GEDKZW", email="a@b.co", webhook_url=url)
        production.pass_time(10)

        assert [each.status for each in own.news()] == ["PENDING", "SUCCESSFUL"]
    assert (receiver.news(), {each.status for each in receiver.got}) == ([], {400})


@pytest.mark.requirement("flow1st.webhook.receiver_verifies")
def test_old_webhook_is_refused(course: Course, target: Target, new_reference: Callable[[], str]) -> None:
    """
    A webhook that comes more than five minutes after it was signed is refused by a receiver with the same clock.
    """
    reference = new_reference()
    course.place(reference)
    got = course.wait_for(reference, 1)[0]
    signed_at = datetime.fromisoformat(got.headers["x-timestamp"])
    key = target.credentials("flow1st").values["signing_key"]

    assert WebhookVerifier(key, now=lambda: signed_at).verify(got.headers, got.body).status == "PENDING"
    late = WebhookVerifier(key, now=lambda: signed_at + timedelta(seconds=300, microseconds=1))
    with pytest.raises(WebhookRefused):
        late.verify(got.headers, got.body)


@pytest.mark.requirement("flow1st.status.enum")
def test_client_knows_every_status(raw: RawClient, new_reference: Callable[[], str]) -> None:
    """
    The statuses that the client knows are those of the contract, and an order's first is one of them.
    """
    placed = raw.order(an_order(new_reference())).json()
    (schema,) = (each for uri, each in CONTRACT.schemas.resources.items() if uri.endswith("/webhook.schema.json"))

    assert set(schema["properties"]["status"]["enum"]) == STATUSES
    assert DONE | {placed["status"]} <= STATUSES
