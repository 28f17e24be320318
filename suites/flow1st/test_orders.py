"""Order completion: valid and invalid orders, and one order for each reference."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowproof.target import Target

from .accounts import Account
from .course import Course
from .profiles import NETWORKED
from .raw_client import RawClient, refusal
from .setup import BUNDLES, OUTCOMES, SKU, VOUCHER, Sold
from .strategies import an_order, broken_orders, recipients, sold

INVALID = 400
TAKEN = 400
MANDATORY = ("externalReference", "productBundleSku", "quantity", "recipientIdentifier", "email")
BROKEN: tuple[tuple[str, Any], ...] = (
    *((name, None) for name in MANDATORY),
    *((name, wrong) for name in MANDATORY if name != "quantity" for wrong in ("", 17)),
    *(("quantity", wrong) for wrong in (0, 2, True, "1")),
    ("email", "a@b\n"),
    ("webhookUrl", 17),
    ("webhookUrl", "ftp://partner.example/hook"),
)
"""Names of fields with a wrong value; None takes the field away. What is always tried, whatever chance adds."""


def every(broken: Iterable[tuple[str, Any]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add each of these to a property's examples."""

    def examples(test: Callable[..., None]) -> Callable[..., None]:
        for name, wrong in broken:
            test = example(broken=(name, {name: wrong}))(test)
        return test

    return examples


@pytest.mark.requirement(
    "flow1st.platform.orders", "flow1st.order.answer", "flow1st.order.reference", "flow1st.order.external_reference"
)
@NETWORKED
@given(reference=st.text(min_size=1), email=st.sampled_from(["a@b", "a+b@c.d", "größer@example.org"]))
def test_order_is_answered_with_its_references(
    raw: RawClient, new_reference: Callable[[], str], reference: str, email: str
) -> None:
    """
    Whatever the partner's reference, a new order is answered with it, with one of the provider's, and with NEW.
    """
    mine = f"{new_reference()}-{reference}"
    answer = raw.order(an_order(mine, email=email))

    assert answer.status_code == 201
    assert (answer.json()["externalReference"], answer.json()["status"]) == (mine, "NEW")
    assert re.fullmatch(r"C-\d{15}-P", answer.json()["reference"])


@pytest.mark.requirement(
    "flow1st.order.external_reference",
    "flow1st.order.product_bundle_sku",
    "flow1st.order.quantity",
    "flow1st.order.recipient_identifier",
    "flow1st.order.email",
    "flow1st.order.webhook_url",
    "flow1st.error.bad_request",
)
@NETWORKED
@given(broken=broken_orders())
@every(BROKEN)
def test_broken_field_is_refused_by_name(
    raw: RawClient, new_reference: Callable[[], str], broken: tuple[str, dict[str, Any]]
) -> None:
    """
    An order with one field missing or malformed is refused.
    """
    _, change = broken
    answer = raw.order(
        {**an_order(new_reference()), **change} if None not in change.values() else an_order(new_reference(), **change)
    )

    assert refusal(answer) == INVALID


@pytest.mark.requirement("flow1st.order.unknown_sku")
@NETWORKED
@given(sku=st.text(min_size=1).filter(lambda sku: sku not in {each.sku for each in BUNDLES}))
def test_unknown_sku_is_refused(raw: RawClient, new_reference: Callable[[], str], sku: str) -> None:
    """
    An order for a SKU that is in no catalog is refused.
    """
    assert refusal(raw.order(an_order(new_reference(), productBundleSku=sku))) == INVALID


@pytest.mark.requirement("flow1st.order.unknown_fields")
@NETWORKED
@given(
    name=st.text(min_size=1).filter(lambda name: name not in {*an_order(""), "webhookUrl"}), value=st.none() | st.text()
)
def test_unknown_field_is_ignored(raw: RawClient, new_reference: Callable[[], str], name: str, value: object) -> None:
    """
    A field that no page names does no harm.
    """
    order = {**an_order(new_reference()), name: value}

    assert raw.order(order).status_code == 201


def _console(target: Target) -> Account | None:
    """Staging as a mock's Admin Console shows it; None on another target."""
    return None if target.workspace is None else Account(target.workspace, "staging")


@pytest.mark.requirement("flow1st.order.same_again", "flow1st.balance.debit_once")
@NETWORKED
@given(times=st.integers(2, 5), seconds=st.lists(st.integers(0, 4000), min_size=5, max_size=5), layout=st.booleans())
def test_same_order_again_is_one_order(
    raw: RawClient, target: Target, new_reference: Callable[[], str], times: int, seconds: list[int], layout: bool
) -> None:
    """
    However often an order is sent again, its fields in whatever order, it is one order; a mock shows it paid once.
    """
    order = an_order(new_reference())
    staging = _console(target)
    before = staging.balance_minor() if staging else 0
    answers = []
    for number in range(times):
        sent = dict(reversed(order.items())) if layout and number % 2 else order
        answers.append(raw.order(sent))
        if staging is not None:
            staging.workspace.clock.advance(seconds[number])
            raw._access = None

    assert {each.status_code for each in answers} == {201}
    assert [each.json() for each in answers] == [answers[0].json()] * times
    assert staging is None or before - staging.balance_minor() == 99


@pytest.mark.requirement("flow1st.order.reference_taken", "flow1st.balance.debit_once")
@NETWORKED
@given(
    change=st.sampled_from(
        [
            {"productBundleSku": "codm80cp"},
            {"recipientIdentifier": "OTHER"},
            {"email": "other@partner.example"},
            {"webhookUrl": "http://127.0.0.1:9/other"},
            {"note": "one field more"},
        ]
    )
)
def test_reference_with_other_content_is_refused(
    raw: RawClient, target: Target, new_reference: Callable[[], str], change: dict[str, Any]
) -> None:
    """
    A reference that has an order is refused with any other content; a mock shows that it cost nothing.
    """
    reference, staging = new_reference(), _console(target)
    raw.order(an_order(reference, productBundleSku=VOUCHER))
    before = staging.balance_minor() if staging else 0

    assert refusal(raw.order(an_order(reference, **{"productBundleSku": VOUCHER, **change}))) == TAKEN
    assert staging is None or staging.balance_minor() == before


@pytest.mark.requirement("flow1st.order.reference_taken")
@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (None, ""), ([1], [1, 1]), ({"a": 1}, {"b": 1})])
def test_values_that_only_look_alike_are_other_content(
    raw: RawClient, new_reference: Callable[[], str], one: Any, other: Any
) -> None:
    """
    A reference that has an order is refused with a value that is another one in JSON, however alike they look.
    """
    reference = new_reference()
    answers = [raw.order({**an_order(reference), "note": each}) for each in (one, other)]

    assert (answers[0].status_code, refusal(answers[1])) == (201, TAKEN)


@pytest.mark.requirement("flow1st.order.external_reference", "flow1st.order.same_again")
@pytest.mark.parametrize(
    "change", [str.lower, "{} ".format, " {}".format], ids=["lower case", "a blank", "a blank first"]
)
def test_reference_is_taken_to_the_letter(
    raw: RawClient, new_reference: Callable[[], str], change: Callable[[str], str]
) -> None:
    """
    References that differ in a letter's case or in a blank are those of two orders.
    """
    reference = new_reference()
    answers = [raw.order(an_order(each)) for each in (reference, change(reference))]

    assert [each.status_code for each in answers] == [201, 201]
    assert len({each.json()["reference"] for each in answers}) == 2


@pytest.mark.requirement("flow1st.order.same_again")
def test_order_is_answered_alike_whatever_became_of_it(course: Course, new_reference: Callable[[], str]) -> None:
    """
    An order that is sent again once it is pending, and once it is delivered, is the same order, answered with NEW.
    """
    reference = new_reference()
    order = course.place(reference)
    answers = [course.raw.order(order).json()]
    for count in (1, 2):
        course.wait_for(reference, count)
        answers.append(course.raw.order(order).json())

    assert (answers, answers[0]["status"]) == ([answers[0]] * 3, "NEW")


@pytest.mark.requirement("flow1st.balance.debit_once")
@NETWORKED
@given(bundle=sold().filter(lambda bundle: bundle.currency != "XOF"))
def test_order_takes_its_price(
    raw: RawClient, staging: Account, new_reference: Callable[[], str], bundle: Sold
) -> None:
    """
    An order takes its price from the balance of its currency, to the last minor unit, and from no other.
    """
    staging.top_up(bundle.price_minor, bundle.currency)
    before = staging.facts()["balances_minor"]
    raw.order(an_order(new_reference(), productBundleSku=bundle.sku))

    after = staging.facts()["balances_minor"]
    assert after == {**before, bundle.currency: before[bundle.currency] - bundle.price_minor}


@pytest.mark.requirement("flow1st.order.insufficient_balance", "flow1st.balance.top_up")
def test_order_beyond_the_balance_leaves_no_trace(
    raw: RawClient, staging: Account, new_reference: Callable[[], str]
) -> None:
    """
    An order that costs more than there is is refused, and can be sent again once the balance is topped up.
    """
    order = an_order(new_reference(), productBundleSku="voucher5000xof")
    staging.top_up(4999, "XOF")
    refused = raw.order(order)

    assert refusal(refused) == 400
    assert (staging.balance_minor("XOF"), staging.orders()) == (4999, [])
    staging.top_up(1, "XOF")
    assert raw.order(order).status_code == 201
    assert staging.balance_minor("XOF") == 0


@pytest.mark.requirement("flow1st.status.transitions", "flow1st.status.pace", "flow1st.order.unknown_recipient")
@NETWORKED
@given(recipient=recipients())
def test_recipient_says_what_becomes_of_an_order(
    raw: RawClient, staging: Account, new_reference: Callable[[], str], recipient: str
) -> None:
    """
    An order goes over PENDING to the outcome of its recipient, and fails where the product knows none.
    """
    outcome = OUTCOMES.get(recipient, "FAILED")
    raw._access = None
    placed = raw.order(an_order(new_reference(), recipientIdentifier=recipient)).json()
    staging.workspace.clock.advance(10)

    early = outcome in {"CANCELLED", "ABANDONED"}
    passed = [status for status, _ in staging.order(placed["reference"])["history"]]
    assert passed == (["NEW", outcome] if early else ["NEW", "PENDING", outcome])


@pytest.mark.requirement("flow1st.status.pace")
def test_order_keeps_the_clock_s_pace(raw: RawClient, staging: Account, new_reference: Callable[[], str]) -> None:
    """
    An order is new for a second and pending for four more, by the provider's clock.
    """
    reference = raw.order(an_order(new_reference())).json()["reference"]
    seen = [staging.order(reference)["status"]]
    for seconds in (0.999999, 0.000001, 3.999999, 0.000001):
        staging.workspace.clock.advance(seconds)
        seen.append(staging.order(reference)["status"])

    assert seen == ["NEW", "NEW", "PENDING", "PENDING", "SUCCESSFUL"]


@pytest.mark.requirement("flow1st.webhook.vouchers", "flow1st.webhook.no_vouchers")
def test_only_vouchers_have_codes(raw: RawClient, staging: Account, new_reference: Callable[[], str]) -> None:
    """
    A voucher product delivers one code for each of its quantity, whoever its recipient is; another product none.
    """
    skus = [VOUCHER, VOUCHER, SKU]
    references = [raw.order(an_order(new_reference(), productBundleSku=sku)).json()["reference"] for sku in skus]
    staging.workspace.clock.advance(10)
    codes = [staging.order(each)["voucher_codes"] for each in references]

    assert [len(each) for each in codes] == [1, 1, 0]
    assert codes[0] != codes[1]
