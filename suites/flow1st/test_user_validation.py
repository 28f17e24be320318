"""User validation: seven parameters, all mandatory, checked against the catalog."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from flowproof.clients import NotFound
from flowproof.clients.flow1st import Flow1st
from flowproof.target import Workspace

from .accounts import Account
from .profiles import NETWORKED
from .raw_client import CATALOG, VALIDATION, RawClient, refusal
from .setup import BUNDLES, OUTCOMES, RECIPIENT, SKU, Sold
from .strategies import a_validation, sold, sold_to_users

INVALID = 400
NAMES = [
    "recipientIdentifier",
    "productBundleSku",
    "externalReference",
    "countryCode",
    "currencyCode",
    "amount",
    "quantity",
]


def _bundle(sku: str) -> Sold:
    return next(each for each in BUNDLES if each.sku == sku)


@pytest.mark.requirement("flow1st.user_validation.answer", "flow1st.user_validation.customer")
def test_client_learns_who_the_user_is(flow1st: Flow1st) -> None:
    """
    A user whom the product knows is valid, and has a nickname.
    """
    bundle = flow1st.bundle(SKU)
    assert bundle is not None
    user = flow1st.validate_user(RECIPIENT, bundle, external_reference="test", country="NG")

    assert (user.recipient, user.sku, user.external_reference, user.nickname) == (RECIPIENT, SKU, "test", "Char")


@pytest.mark.requirement("flow1st.user_validation.answer")
@NETWORKED
@given(bundle=sold_to_users(), reference=st.text(min_size=1))
def test_whatever_agrees_is_valid(raw: RawClient, bundle: Sold, reference: str) -> None:
    """
    For every bundle, in every country where it is sold, and whatever the reference, a known user is valid.
    """
    answer = raw.send("GET", VALIDATION, query=a_validation(bundle, externalReference=reference))

    assert (answer.status_code, answer.json()["externalReference"]) == (200, reference)


@pytest.mark.requirement("flow1st.user_validation.unknown_recipient")
@pytest.mark.parametrize("recipient", ["NOBODY", RECIPIENT.lower(), f"{RECIPIENT} "])
def test_unknown_user_is_not_found(flow1st: Flow1st, recipient: str) -> None:
    """
    A user whom the product does not know is not found, however like a known one the name is.
    """
    bundle = flow1st.bundle(SKU)
    assert bundle is not None
    with pytest.raises(NotFound):
        flow1st.validate_user(recipient, bundle, external_reference="test", country="NG")


@pytest.mark.requirement("flow1st.user_validation.unknown_recipient")
def test_user_of_another_product_is_not_found(flow1st: Flow1st, workspace: Workspace) -> None:
    """
    A user whom only another product knows is not found.
    """
    seed = dict(workspace.seed("flow1st"))
    elsewhere = [{**each, "products": [151]} for each in seed["recipients"]]
    workspace.replace_seed("flow1st", {**seed, "recipients": elsewhere})
    bundle = flow1st.bundle(SKU)
    assert bundle is not None
    with pytest.raises(NotFound):
        flow1st.validate_user(RECIPIENT, bundle, external_reference="test", country="NG")


@pytest.mark.requirement(
    *(
        f"flow1st.user_validation.{each}"
        for each in (
            "recipient_identifier",
            "product_bundle_sku",
            "external_reference",
            "country_code",
            "currency_code",
            "amount",
            "quantity",
        )
    )
)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", ["missing", "empty", "twice"])
@NETWORKED
@given(bundle=sold())
def test_each_parameter_is_mandatory(raw: RawClient, name: str, wrong: str, bundle: Sold) -> None:
    """
    A parameter that is missing, empty or given twice is refused.
    """
    pairs = a_validation(bundle)
    query = {
        "missing": "&".join(f"{key}={value}" for key, value in pairs.items() if key != name),
        "empty": "&".join(f"{key}={'' if key == name else value}" for key, value in pairs.items()),
        "twice": "&".join(f"{key}={value}" for key, value in [*pairs.items(), (name, pairs[name])]),
    }[wrong]
    answer = raw.send("GET", VALIDATION, query=query)

    assert refusal(answer) == INVALID


@pytest.mark.requirement("flow1st.user_validation.once")
def test_two_values_are_no_value(raw: RawClient, new_reference: Callable[[], str]) -> None:
    """
    Two references in one validation are refused, also where both are good.
    """
    query = "&".join(
        f"{key}={value}" for key, value in [*a_validation(_bundle(SKU)).items(), ("externalReference", "other")]
    )

    assert refusal(raw.send("GET", VALIDATION, query=query)) == INVALID


@pytest.mark.requirement("flow1st.user_validation.amount", "flow1st.user_validation.refused")
@NETWORKED
@given(bundle=sold(), off=st.integers(-100, 100).filter(bool), digits=st.integers(0, 9))
def test_another_amount_is_refused(raw: RawClient, bundle: Sold, off: int, digits: int) -> None:
    """
    An amount that is off by however little is refused.
    """
    amount = bundle.price + Decimal(off).scaleb(-digits)
    assume(amount >= 0)

    assert refusal(raw.send("GET", VALIDATION, query=a_validation(bundle, amount=f"{amount:f}"))) == INVALID


@pytest.mark.requirement("flow1st.user_validation.amount")
@NETWORKED
@given(bundle=sold_to_users(), noughts=st.integers(0, 5))
def test_noughts_make_no_other_amount(raw: RawClient, bundle: Sold, noughts: int) -> None:
    """
    A price with more noughts behind its point is the same price.
    """
    text = f"{bundle.price:f}" + ("" if "." in f"{bundle.price:f}" else "." if noughts else "") + "0" * noughts

    assert raw.send("GET", VALIDATION, query=a_validation(bundle, amount=text)).status_code == 200


@pytest.mark.requirement(
    "flow1st.user_validation.amount", "flow1st.user_validation.quantity", "flow1st.user_validation.refused"
)
@pytest.mark.parametrize(
    "change",
    [
        {"amount": "30,00"},
        {"amount": "3e1"},
        {"amount": "+30"},
        {"amount": " 30"},
        {"amount": "NaN"},
        {"amount": "-30"},
        {"quantity": "2"},
        {"quantity": "0"},
        {"quantity": "1.0"},
        {"quantity": "01"},
        {"quantity": "one"},
        {"currencyCode": "usd"},
        {"currencyCode": "EUR"},
        {"countryCode": "ng"},
        {"countryCode": "NGA"},
        {"countryCode": "NG\n"},
        {"amount": "29.99"},
        {"amount": "30.000000001"},
        {"amount": "3000"},
        {"productBundleSku": "CODM30CP"},
        {"productBundleSku": "nothing"},
    ],
    ids=str,
)
def test_what_does_not_agree_is_refused(raw: RawClient, change: dict[str, str]) -> None:
    """
    A parameter that is malformed or is not the catalog's is refused.
    """
    answer = raw.send("GET", VALIDATION, query=a_validation(_bundle(SKU), **change))

    assert refusal(answer) == INVALID


@pytest.mark.requirement("flow1st.user_validation.country_code")
@NETWORKED
@given(bundle=sold_to_users(), country=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2))
@example(bundle=_bundle("codm80cp"), country="GH")
@example(bundle=_bundle("codm30cpng"), country="KE")
@example(bundle=_bundle(SKU), country="GH")
def test_country_is_one_where_it_is_sold(raw: RawClient, bundle: Sold, country: str) -> None:
    """
    A bundle that is sold in some countries is valid in these and in no other.
    """
    answer = raw.send("GET", VALIDATION, query=a_validation(bundle, countryCode=country))

    assert answer.status_code == (200 if not bundle.countries or country in bundle.countries else 400)


@pytest.mark.requirement("flow1st.signature.gets")
@pytest.mark.parametrize("path", [CATALOG, VALIDATION])
def test_signature_of_a_get_is_not_looked_at(raw: RawClient, path: str) -> None:
    """
    Neither a validation nor the catalog is signed, and a signature on it that is wrong does no harm.
    """
    query = a_validation(_bundle(SKU))
    wrong: dict[str, str | None] = {"X-SIGNATURE": "wrong", "X-TIMESTAMP": "wrong"}

    assert [raw.send("GET", path, query=query, headers=each).status_code for each in ({}, wrong)] == [200, 200]


@pytest.mark.requirement("flow1st.user_validation.no_effect")
def test_validation_takes_nothing(raw: RawClient, staging: Account) -> None:
    """
    Validations, whatever their number, take no money and make no order.
    """
    before = staging.balance_minor()
    for recipient in OUTCOMES:
        raw.send("GET", VALIDATION, query=a_validation(_bundle(SKU), recipientIdentifier=recipient))

    assert (staging.balance_minor(), staging.orders(), staging.movements()) == (before, [], [])
