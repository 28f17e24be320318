"""Money: debited once, never more than the balance, refunded once; also with concurrent requests."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients import NO_RETRY, Refused
from flowproof.clients.flow1st import Flow1st
from flowproof.target import ControlRefused, Target, Workspace

from .accounts import Account
from .profiles import NETWORKED
from .raw_client import RawClient, refusal
from .setup import BUNDLES, CHEAP, RECIPIENT, SKU, VOUCHER
from .strategies import an_order, minor_amounts

THREADS, PAID = 16, 10
PRICE_MINOR = next(each.price_minor for each in BUNDLES if each.sku == CHEAP)


def race(clients: Sequence[Flow1st], references: Sequence[str], sku: str = CHEAP) -> list[str]:
    """The result of each client when all order at the same moment: a reference, or an error's code."""
    start = Barrier(len(clients))

    def run(pair: tuple[Flow1st, str]) -> str:
        client, reference = pair
        client.authenticate()
        start.wait()
        try:
            return client.complete_order(reference, sku=sku, recipient=RECIPIENT, email="a@b.co").reference
        except Refused as refused:
            return str(refused.code)

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(run, zip(clients, references, strict=True)))


def empty(account: Account, left_minor: int) -> None:
    """Leave that balance in dollars."""
    seed = dict(account.workspace.seed("flow1st"))
    accounts = [
        {**each, "balances": {**each["balances"], "USD": left_minor}} if each["name"] == account.environment else each
        for each in seed["environments"]
    ]
    account.workspace.replace_seed("flow1st", {**seed, "environments": accounts})


def adds_up(account: Account) -> bool:
    """Whether the movements add up to the balance of every currency that has moved."""
    sums: Counter[str] = Counter()
    for each in account.movements():
        sums[each["currency"]] += each["amount_minor"]
    balances = account.facts()["balances_minor"]
    return all(balances[currency] == total for currency, total in sums.items())


@pytest.mark.requirement("flow1st.balance.never_negative", "flow1st.balance.debit_once")
def test_sixteen_race_for_what_pays_for_ten(
    make_flow1st: Callable[..., Flow1st], staging: Account, request: pytest.FixtureRequest
) -> None:
    """
    Of sixteen threads that order at the same moment with a balance for ten, ten get an order and six are refused.
    """
    empty(staging, PAID * PRICE_MINOR)
    clients = [make_flow1st(staging.workspace, retry=NO_RETRY) for _ in range(THREADS)]
    answers = race(clients, [f"race-{number}" for number in range(THREADS)])
    refused = answers.count("INSUFFICIENT_BALANCE")
    summary = f"{len(set(answers)) - 1} orders, {refused} refused, {staging.balance_minor()} left"
    request.node.user_properties.append(("race", summary))

    assert (len(set(answers) - {"INSUFFICIENT_BALANCE"}), refused) == (PAID, THREADS - PAID)
    assert (staging.balance_minor(), len(staging.orders()), adds_up(staging)) == (0, PAID, True)


@pytest.mark.requirement("flow1st.order.same_again", "flow1st.balance.debit_once")
def test_sixteen_that_send_one_order_place_one(
    make_flow1st: Callable[..., Flow1st], target: Target, new_reference: Callable[[], str]
) -> None:
    """
    Sixteen threads that send one order at the same moment get the same answer; a mock shows one order and one price.
    """
    staging = None if target.workspace is None else Account(target.workspace, "staging")
    before = staging.balance_minor() if staging else 0
    clients = [make_flow1st(target, retry=NO_RETRY) for _ in range(THREADS)]
    answers = race(clients, [new_reference()] * THREADS)

    assert len(set(answers)) == 1
    assert answers[0].startswith("C-")
    assert staging is None or (before - staging.balance_minor(), len(staging.orders())) == (PRICE_MINOR, 1)


@pytest.mark.requirement("flow1st.balance.given_back_once", "flow1st.balance.never_negative")
def test_refunds_race_too(raw: RawClient, staging: Account) -> None:
    """
    Of sixteen refunds of one order at the same moment one is accepted, and the price is given back once.
    """
    before = staging.balance_minor()
    reference = raw.order(an_order("refunded")).json()["reference"]
    staging.workspace.clock.advance(10)
    start = Barrier(THREADS)

    def refund(_: int) -> bool:
        """Whether the refund was accepted."""
        start.wait()
        try:
            staging.change(reference, "refund")
        except ControlRefused:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        heard = list(pool.map(refund, range(THREADS)))

    assert (heard.count(True), staging.balance_minor(), adds_up(staging)) == (1, before, True)


@pytest.mark.requirement("flow1st.balance.production_empty", "flow1st.balance.top_up")
def test_production_order_needs_a_top_up(
    make_flow1st: Callable[..., Flow1st], production: Account, staging: Account
) -> None:
    """
    An order in production is refused for lack of balance, until production is topped up; staging's money is no help.
    """
    client = make_flow1st(production.workspace, role="production")
    order = {"sku": CHEAP, "recipient": RECIPIENT, "email": "a@b.co"}
    staging.top_up(10 * PRICE_MINOR)

    with pytest.raises(Refused) as refused:
        client.complete_order("first", **order)
    production.top_up(PRICE_MINOR)
    client.complete_order("first", **order)

    assert refused.value.code == "INSUFFICIENT_BALANCE"
    assert (production.balance_minor(), len(production.orders()), staging.orders()) == (0, 1, [])


@pytest.mark.requirement("flow1st.balance.top_up")
@NETWORKED
@given(amounts=st.lists(minor_amounts(), min_size=1, max_size=4))
def test_top_ups_add_up_exactly(
    raw: RawClient, staging: Account, new_reference: Callable[[], str], amounts: list[int]
) -> None:
    """
    Top-ups add up to the minor unit, however large they are, and an order is paid from their sum.
    """
    before = staging.balance_minor()
    for amount in (*amounts, PRICE_MINOR):
        staging.top_up(amount)
    raw.order(an_order(new_reference()))

    assert staging.balance_minor() == before + sum(amounts)


@pytest.mark.requirement("flow1st.balance.top_up")
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount_minor": 0, "currency": "USD"},
        {"amount_minor": -1, "currency": "USD"},
        {"amount_minor": 1.5, "currency": "USD"},
        {"amount_minor": "1", "currency": "USD"},
        {"amount_minor": 1, "currency": "EUR"},
        {"amount_minor": 1, "currency": "usd"},
        {"amount_minor": 1, "currency": "USD", "x": 1},
    ],
    ids=str,
)
def test_senseless_top_up_is_refused(raw: RawClient, staging: Account, body: Any) -> None:
    """
    A top-up by nothing, by less, by part of a minor unit or in a currency without account is refused and pays nothing.
    """
    empty(staging, PRICE_MINOR - 1)
    statuses = []
    for _ in range(2):
        with pytest.raises(ControlRefused) as refused:
            staging.ask("POST", "/top-up", body)
        statuses.append(refused.value.status)
    answer = raw.order(an_order("unpaid"))

    assert (statuses, staging.movements()) == ([422, 422], [])
    assert refusal(answer) == 400


@pytest.mark.requirement("flow1st.balance.given_back_once")
@pytest.mark.parametrize("recipient", ["FAILS", "CANCELS", "LEAVES", "NOBODY"])
def test_order_that_comes_to_nothing_gives_its_money_back(raw: RawClient, staging: Account, recipient: str) -> None:
    """
    An order that fails, is cancelled or is abandoned gives back its price, once.
    """
    before = staging.balance_minor()
    raw.order(an_order("nothing", recipientIdentifier=recipient))
    taken = before - staging.balance_minor()
    for _ in range(3):
        staging.workspace.clock.advance(100)

    assert (taken, staging.balance_minor(), len(staging.movements())) == (PRICE_MINOR, before, 3)


@pytest.mark.requirement("flow1st.balance.partial_refund", "flow1st.balance.given_back_once")
@NETWORKED
@given(part=st.integers(1, PRICE_MINOR - 1))
def test_refunds_give_back_the_price_and_no_more(
    raw: RawClient, staging: Account, new_reference: Callable[[], str], part: int
) -> None:
    """
    A partial refund gives back its part, the refund after it the rest, and nothing more ever follows.
    """
    raw._access = None
    staging.top_up(PRICE_MINOR)
    reference = raw.order(an_order(new_reference())).json()["reference"]
    staging.workspace.clock.advance(10)
    without = staging.balance_minor()
    staging.change(reference, "partial_refund", {"amount_minor": part})
    parted = staging.balance_minor()
    staging.change(reference, "refund")

    assert (parted - without, staging.balance_minor() - without) == (part, PRICE_MINOR)
    for status in ("refund", "partial_refund", "chargeback", "failed", "successful", "pending", "cancelled"):
        with pytest.raises(ControlRefused):
            staging.change(reference, status, {"amount_minor": 1} if status == "partial_refund" else None)
    assert staging.balance_minor() - without == PRICE_MINOR


@pytest.mark.requirement("flow1st.balance.partial_refund")
@pytest.mark.parametrize("amount", [0, -1, PRICE_MINOR, PRICE_MINOR + 1, 1.5, "1", None])
def test_partial_refund_is_a_part(raw: RawClient, staging: Account, amount: Any) -> None:
    """
    A partial refund is more than nothing and less than what the order holds.
    """
    reference = raw.order(an_order("parted")).json()["reference"]
    staging.workspace.clock.advance(10)
    before = staging.balance_minor()

    with pytest.raises(ControlRefused) as refused:
        staging.change(reference, "partial_refund", {"amount_minor": amount})

    assert (refused.value.status, staging.balance_minor()) == (422, before)


@pytest.mark.requirement("flow1st.balance.chargeback")
def test_chargeback_gives_nothing_back(raw: RawClient, staging: Account) -> None:
    """
    A chargeback ends an order and moves no money.
    """
    reference = raw.order(an_order("disputed", productBundleSku=VOUCHER)).json()["reference"]
    staging.workspace.clock.advance(10)
    before = staging.balance_minor()

    assert staging.change(reference, "chargeback")["status"] == "CHARGEBACK"
    assert staging.balance_minor() == before


@pytest.mark.requirement("flow1st.status.transitions", "flow1st.status.enum")
def test_no_order_skips_a_status(raw: RawClient, staging: Account) -> None:
    """
    A new order cannot be delivered, refunded or charged back; a pending one cannot be cancelled.
    """
    reference = raw.order(an_order("new")).json()["reference"]
    refused = []
    for status in ("successful", "failed", "partially_fulfilled", "refund", "chargeback", "new", "nonsense"):
        with pytest.raises(ControlRefused) as error:
            staging.change(reference, status)
        refused.append(error.value.status)
    staging.change(reference, "pending")
    with pytest.raises(ControlRefused):
        staging.change(reference, "cancelled")

    assert refused == [422] * 5 + [404] * 2
    assert staging.order(reference)["status"] == "PENDING"


@pytest.mark.requirement("flow1st.balance.never_negative", "flow1st.order.same_again", "flow1st.order.lost_answer")
def test_lost_answer_costs_nothing_twice(
    make_flow1st: Callable[..., Flow1st], workspace: Workspace, staging: Account
) -> None:
    """
    A client whose answer is lost after the order was taken sends it again, and pays once.
    """
    client = make_flow1st(workspace)
    client.authenticate()
    before = staging.balance_minor()
    with workspace.faults.during("flow1st.order_answer_lost"):
        placed = client.complete_order("lost", sku=CHEAP, recipient=RECIPIENT, email="a@b.co")

    assert [each["reference"] for each in staging.orders()] == [placed.reference]
    assert before - staging.balance_minor() == PRICE_MINOR


@pytest.mark.requirement("flow1st.environment.separate")
def test_unknown_things_of_the_console_are_not_found(raw: RawClient, staging: Account, production: Account) -> None:
    """
    An environment, or an order of the other environment, is not found.
    """
    reference = raw.order(an_order("of-staging")).json()["reference"]
    codes = []
    for path in (f"/orders/{reference}", f"/orders/{reference}/refund", "/nothing"):
        with pytest.raises(ControlRefused) as refused:
            production.ask("POST" if path.endswith("refund") else "GET", path)
        codes.append(refused.value.status)
    with pytest.raises(ControlRefused) as refused:
        Account(staging.workspace, "sandbox").facts()

    assert [*codes, refused.value.status] == [404] * 4


@pytest.mark.requirement("flow1st.order.insufficient_balance")
def test_refusal_says_nothing_of_the_balance(raw: RawClient, staging: Account) -> None:
    """
    A refusal for lack of balance has its code, and no amount in it.
    """
    empty(staging, 2999)
    answer = raw.order(an_order("poor", productBundleSku=SKU))

    assert refusal(answer) == 400
    assert "2999" not in answer.text
