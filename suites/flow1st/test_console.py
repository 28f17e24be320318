"""What the Admin Console shows of an account: first uses, top-ups and acknowledged webhooks."""

from collections.abc import Callable

import pytest

from .accounts import Account
from .raw_client import CATALOG, TOKEN, VALIDATION, RawClient
from .receiver import Receiver
from .setup import BUNDLES, CHEAP, RECIPIENT, SKU, Sold
from .strategies import a_validation, an_order


def bundle(sku: str = CHEAP) -> Sold:
    """The bundle with an SKU."""
    return next(each for each in BUNDLES if each.sku == sku)


def validate(raw: RawClient, reference: str, sku: str = CHEAP, recipient: str = RECIPIENT) -> int:
    """The status of a user validation."""
    query = a_validation(bundle(sku), externalReference=reference, recipientIdentifier=recipient)
    return raw.send("GET", VALIDATION, query=query).status_code


@pytest.mark.requirement("flow1st.environment.two")
def test_first_accepted_call_of_each_kind_is_shown(raw: RawClient, staging: Account) -> None:
    """
    Each operation is shown with the moment at which it was first accepted; what comes later changes nothing.
    """
    calls: list[tuple[set[str], Callable[[], object]]] = [
        ({"generateAccessToken"}, raw.flow1st.authenticate),
        ({"accessToken", "listProducts"}, lambda: raw.send("GET", CATALOG)),
        ({"validateUser"}, lambda: validate(raw, "seen")),
        ({"completeOrder"}, lambda: raw.order(an_order("seen"))),
    ]
    expected: dict[str, str] = {}
    for names, call in [*calls, *((set[str](), call) for _, call in calls)]:
        expected |= dict.fromkeys(names, staging.workspace.clock.now().isoformat())
        call()
        assert staging.facts()["seen"] == expected
        staging.workspace.clock.advance(1)


@pytest.mark.requirement("flow1st.environment.two")
def test_order_shows_that_its_token_was_accepted(raw: RawClient, staging: Account) -> None:
    """
    An order alone is a call with an access token.
    """
    raw.order(an_order("alone"))

    assert set(staging.facts()["seen"]) == {"generateAccessToken", "accessToken", "completeOrder"}


@pytest.mark.requirement("flow1st.environment.two")
def test_refused_calls_are_not_shown(raw: RawClient, staging: Account) -> None:
    """
    Neither a call with wrong credentials nor one that is refused for another reason is shown as accepted.
    """
    raw.send("POST", TOKEN, body=b'{"role": "API_USER"}', headers={"Authorization": "Basic YTpi"})
    raw.send("GET", CATALOG, headers={"AccessToken": "Bearer bm9ib2R5"})
    before = staging.facts()["seen"]
    validate(raw, "refused", recipient="NOBODY")
    raw.order(an_order("refused"), headers={"X-SIGNATURE": None})

    assert set(before) <= {"generateAccessToken"}
    assert set(staging.facts()["seen"]) == {"generateAccessToken"}


@pytest.mark.requirement("flow1st.webhook.acknowledgement")
def test_order_is_delivered_once_its_success_is_acknowledged(
    raw: RawClient, staging: Account, receiver: Receiver
) -> None:
    """
    An order counts as delivered when the partner has acknowledged its success, not when the webhook was sent.
    """
    staging.configure(receiver.url)
    receiver.answers = lambda news: 200 if news.status == "PENDING" else 500
    reference = raw.order(an_order("heard")).json()["reference"]
    seen = []
    for seconds in (2, 8):
        staging.pass_time(seconds)
        seen.append([staging.facts()[name] for name in ("acknowledged_webhooks", "delivered_orders")])
    receiver.answers = lambda _: 200
    staging.pass_time(600)
    seen.append([staging.facts()[name] for name in ("acknowledged_webhooks", "delivered_orders")])

    assert seen == [[1, []], [0, []], [1, [reference]]]


@pytest.mark.requirement("flow1st.webhook.acknowledgement")
@pytest.mark.parametrize("recipient", ["FAILS", "CANCELS", "PARTLY"])
def test_order_without_success_is_not_delivered(
    raw: RawClient, staging: Account, receiver: Receiver, recipient: str
) -> None:
    """
    An order that came to nothing, or to a part only, is none that was delivered, whatever was acknowledged.
    """
    staging.configure(receiver.url)
    validate(raw, "for nothing", recipient=recipient)
    raw.order(an_order("for nothing", recipientIdentifier=recipient))
    staging.pass_time(10)
    facts = staging.facts()

    assert (facts["acknowledged_webhooks"], facts["delivered_orders"], facts["end_to_end_orders"]) == (1, [], [])


@pytest.mark.requirement("flow1st.webhook.acknowledgement")
def test_order_from_end_to_end_was_validated_before(raw: RawClient, staging: Account, receiver: Receiver) -> None:
    """
    An order is one from end to end when the same user was validated for the same bundle under its reference before it.
    """
    staging.configure(receiver.url)
    statuses = [
        validate(raw, "right"),
        validate(raw, "another user", recipient="PARTLY"),
        validate(raw, "another bundle", sku=SKU),
        validate(raw, "another reference"),
    ]
    names = ["right", "another user", "another bundle", "not validated", "validated late"]
    placed = {name: raw.order(an_order(name)).json()["reference"] for name in names}
    statuses.append(validate(raw, "validated late"))
    staging.pass_time(10)
    facts = staging.facts()

    assert statuses == [200] * 5
    assert sorted(facts["delivered_orders"]) == sorted(placed.values())
    assert facts["end_to_end_orders"] == [placed["right"]]


@pytest.mark.requirement("flow1st.balance.top_up")
def test_only_a_top_up_is_shown_as_one(raw: RawClient, staging: Account) -> None:
    """
    Neither the money that an account begins with nor what is given back to it was topped up.
    """
    raw.order(an_order("given back", recipientIdentifier="FAILS"))
    staging.workspace.clock.advance(10)

    assert staging.facts()["topped_up_minor"] == {}
    staging.top_up(5)
    staging.top_up(7)
    assert staging.facts()["topped_up_minor"] == {"USD": 12}
