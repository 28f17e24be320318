"""Where a provider that is right once goes wrong: the second refresh, ten movements, texts that look alike."""

from collections.abc import Callable

import pytest
from hypothesis import given

from flowproof.clients.flow1st import Flow1st
from flowproof.edge_cases import COMPOSED, DECOMPOSED, UNUSUAL, near_misses, unusual_texts
from flowproof.target import Target, Workspace

from .accounts import Account
from .profiles import NETWORKED
from .raw_client import CATALOG, TOKEN, VALIDATION, RawClient, refusal
from .setup import BUNDLES, CHEAP, RECIPIENT, SKU
from .strategies import a_validation, an_order
from .test_tokens import REFUSED, ROLE, enter, refresh

TWELVE = 12
NEAR = ("other letter case", "a blank before", "a blank behind", "cut off", "one more")
BUNDLE = next(each for each in BUNDLES if each.sku == SKU)


# ---- The second time ----


@pytest.mark.requirement("flow1st.token.refresh", "flow1st.token.refresh_once", "flow1st.environment.separate")
@pytest.mark.parametrize("role", ["default", "production"])
def test_tokens_can_be_refreshed_again_and_again(
    make_flow1st: Callable[..., Flow1st], target: Target, role: str
) -> None:
    """
    Each refresh gives a pair that is good and can be refreshed, in either environment, and none works twice.
    """
    raw = RawClient(make_flow1st(target, role=role), target.credentials("flow1st", role), lambda: "")
    pair = {"refreshToken": str(raw.flow1st.authenticate().refresh)}
    used = []
    for _ in range(4):
        used.append(pair["refreshToken"])
        status, pair = refresh(raw, used[-1])
        assert (status, enter(raw, pair["accessToken"])) == (200, 200)

    assert len({*used, pair["refreshToken"]}) == 5
    assert [refresh(raw, each)[0] for each in used] == [401] * 4


@pytest.mark.requirement("flow1st.token.refresh", "flow1st.environment.separate")
def test_refreshed_token_stays_in_its_environment(
    make_flow1st: Callable[..., Flow1st], raw: RawClient, staging: Account, production: Account
) -> None:
    """
    A token of production that was refreshed twice still orders in production, and takes nothing from staging.
    """
    production.top_up(99)
    keys = production.workspace.credentials("flow1st", "production")
    mine = RawClient(make_flow1st(production.workspace, role="production"), keys, raw.now)
    pair = {"refreshToken": str(mine.flow1st.authenticate().refresh)}
    for _ in range(2):
        _, pair = refresh(mine, pair["refreshToken"])
    answer = mine.order(an_order("refreshed"), headers={"AccessToken": f"Bearer {pair['accessToken']}"})

    assert answer.status_code == 201
    assert (len(production.orders()), production.balance_minor(), staging.orders()) == (1, 0, [])


@pytest.mark.requirement("flow1st.token.basic", "flow1st.auth.token", "flow1st.signature.hmac")
@pytest.mark.requirement("flow1st.order.unknown_sku", "flow1st.user_validation.unknown_recipient")
@pytest.mark.requirement("flow1st.order.reference_taken", "flow1st.user_validation.refused")
def test_refusal_is_the_same_the_second_time(raw: RawClient, new_reference: Callable[[], str]) -> None:
    """
    What is refused once is refused again, also after something else was accepted in between.
    """
    reference = new_reference()
    raw.order(an_order(reference))

    for _ in range(2):
        wrong = {"X-SIGNATURE": "0" * 64}
        validations = [{"recipientIdentifier": "NOBODY"}, {"amount": "1"}, {"quantity": "2"}]
        assert refusal(raw.order(an_order(new_reference()), headers=wrong)) == 400
        assert refusal(raw.order(an_order(reference, productBundleSku=SKU))) == 400
        assert refusal(raw.order(an_order(new_reference(), productBundleSku="nothing"))) == 400
        assert refusal(raw.send("GET", CATALOG, headers={"AccessToken": "Bearer bm9ib2R5"})) == 401
        assert refusal(raw.send("POST", TOKEN, body=ROLE, headers={"Authorization": "Basic YTpi"})) == 401
        assert refusal(raw.send("POST", TOKEN, body=b'{"role": "ADMIN"}')) == 400
        assert [refusal(raw.send("GET", VALIDATION, query=a_validation(BUNDLE, **each))) for each in validations] == [
            404,
            400,
            400,
        ]
        assert raw.send("GET", VALIDATION, query=a_validation(BUNDLE)).status_code == 200


# ---- Ten and more ----


@pytest.mark.requirement("flow1st.balance.top_up", "flow1st.balance.debit_once")
def test_ten_movements_and_more_come_in_order(raw: RawClient, staging: Account) -> None:
    """
    A dozen top-ups and a dozen orders are shown in the order in which they were, the tenth after the ninth.
    """
    for number in range(1, TWELVE + 1):
        staging.top_up(number)
        raw.order(an_order(f"order {number}"))

    moved = [each["amount_minor"] for each in staging.movements()]
    placed = [each["sent"]["externalReference"] for each in staging.orders()]
    assert moved[-2 * TWELVE :] == [amount for number in range(1, TWELVE + 1) for amount in (number, -99)]
    assert placed == [f"order {number}" for number in range(1, TWELVE + 1)]


@pytest.mark.requirement("flow1st.catalog.list", "flow1st.catalog.whole", "flow1st.catalog.bundle")
def test_catalog_is_the_same_each_time(raw: RawClient) -> None:
    """
    The catalog has every bundle of every product once, with ids of their own, and the same as often as it is asked.
    """
    first, again = (raw.send("GET", CATALOG).json()["products"] for _ in range(2))
    bundles = [bundle for product in first for bundle in product["bundles"]]

    assert first == again
    assert len({each["sku"] for each in bundles}) == len(bundles) == len(BUNDLES)
    assert all(bundle["productId"] == product["productId"] for product in first for bundle in product["bundles"])


# ---- Texts that look alike ----


@pytest.mark.requirement("flow1st.token.basic")
@pytest.mark.parametrize("part", ["key", "secret"])
@pytest.mark.parametrize("change", [*NEAR, "a line break behind", "a no-break space behind"])
def test_key_and_secret_are_taken_to_the_letter(raw: RawClient, part: str, change: str) -> None:
    """
    What nearly is the API key or its secret, line break and all, gives no token.
    """
    assert raw.send("POST", TOKEN, body=ROLE).status_code == 200
    setattr(raw, part, near_misses(getattr(raw, part)).get(change, f"{getattr(raw, part)}\t"))

    assert refusal(raw.send("POST", TOKEN, body=ROLE)) == REFUSED


@pytest.mark.requirement("flow1st.auth.token", "flow1st.token.refresh_once")
@pytest.mark.parametrize("change", ["other letter case", "cut off", "one more", "a line break behind"])
def test_token_is_taken_to_the_letter(raw: RawClient, change: str) -> None:
    """
    What nearly is an access token lets nobody in, and what nearly is a refresh token refreshes nothing.
    """
    tokens = raw.flow1st.authenticate()
    access, again = (near_misses(each)[change] for each in (tokens.access, str(tokens.refresh)))

    assert enter(raw, tokens.access) == 200
    assert "\n" in access or enter(raw, access) == 401
    assert refresh(raw, again)[0] == 401
    assert refresh(raw, str(tokens.refresh))[0] == 200


@pytest.mark.requirement("flow1st.order.unknown_sku", "flow1st.user_validation.product_bundle_sku")
@pytest.mark.requirement("flow1st.user_validation.currency_code", "flow1st.user_validation.country_code")
@pytest.mark.parametrize("change", NEAR)
def test_name_of_the_set_up_is_taken_to_the_letter(
    raw: RawClient, new_reference: Callable[[], str], change: str
) -> None:
    """
    What nearly is a SKU, a recipient, a currency or a country is none.
    """
    order = raw.order(an_order(new_reference(), productBundleSku=near_misses(CHEAP)[change]))
    right = a_validation(BUNDLE)
    names = ("productBundleSku", "recipientIdentifier", "currencyCode", "countryCode", "quantity", "amount")
    wrong = {name: near_misses(right[name]) for name in names}
    statuses = {
        name: raw.send("GET", VALIDATION, query={**right, name: misses[change]}).status_code
        for name, misses in wrong.items()
        if change in misses and not (name == "amount" and change == "one more" and "." in right[name])
    }

    assert (refusal(order), raw.send("GET", VALIDATION, query=right).status_code) == (400, 200)
    assert statuses == {name: 404 if name == "recipientIdentifier" else 400 for name in statuses}


@pytest.mark.requirement(
    "flow1st.order.external_reference", "flow1st.order.same_again", "flow1st.order.reference_taken"
)
@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_reference_comes_back_as_it_was_sent(
    raw: RawClient, new_reference: Callable[[], str], text: str
) -> None:
    """
    A reference comes back as it was sent, the second time too: not composed, not trimmed, in its letter case.
    """
    reference = f" {new_reference()} {text} "
    answers = [raw.order(an_order(reference)) for _ in range(2)]
    validated = raw.send("GET", VALIDATION, query=a_validation(BUNDLE, externalReference=reference))

    assert [each.status_code for each in (*answers, validated)] == [201, 201, 200]
    assert [each.json()["externalReference"] for each in (*answers, validated)] == [reference] * 3
    assert answers[0].json() == answers[1].json()


@pytest.mark.requirement("flow1st.user_validation.answer", "flow1st.user_validation.external_reference")
@NETWORKED
@given(reference=unusual_texts())
def test_validation_repeats_any_reference(raw: RawClient, reference: str) -> None:
    """
    A validation is answered with its reference as it was sent, whatever text it is.
    """
    answer = raw.send("GET", VALIDATION, query=a_validation(BUNDLE, externalReference=reference))

    assert (answer.status_code, answer.json()["externalReference"]) == (200, reference)


@pytest.mark.requirement("flow1st.order.same_again", "flow1st.order.reference_taken")
@pytest.mark.parametrize(
    ("one", "other"), [(COMPOSED, DECOMPOSED), ("Cafe", "cafe"), ("Cafe", "Cafe "), ("Cafe", " Cafe")], ids=ascii
)
def test_references_that_look_alike_are_two_orders(
    raw: RawClient, new_reference: Callable[[], str], one: str, other: str
) -> None:
    """
    References that only look alike are those of two orders, each of which can be sent again.
    """
    unique = new_reference()
    placed = [
        raw.order(an_order(each)).json()["reference"] for each in [f"{one}{unique}{one}", f"{other}{unique}{other}"] * 2
    ]

    assert len(set(placed)) == 2
    assert placed[:2] == placed[2:]


# ---- Another workspace ----


@pytest.mark.requirement("flow1st.order.same_again", "flow1st.balance.debit_once", "flow1st.token.refresh_once")
def test_another_workspace_has_orders_of_its_own(
    raw: RawClient,
    staging: Account,
    make_workspace: Callable[..., Workspace],
    make_flow1st: Callable[..., Flow1st],
) -> None:
    """
    On a mock, another workspace takes the same reference for another order, from its own money, and no foreign token.
    """
    before = staging.balance_minor()
    mine = raw.order(an_order("the same")).json()["reference"]
    with make_workspace() as elsewhere:
        elsewhere.clock.freeze()
        there = RawClient(make_flow1st(elsewhere), elsewhere.credentials("flow1st"), raw.now)
        tokens = raw.flow1st.authenticate()
        theirs = make_flow1st(elsewhere).complete_order(
            "the same", sku=SKU, recipient=RECIPIENT, email="player@partner.example"
        )
        account = Account(elsewhere, "staging")
        statuses = (enter(there, tokens.access), refresh(there, str(tokens.refresh))[0])

        assert statuses == (401, 401)
        assert ([each["reference"] for each in account.orders()], theirs.reference) == (
            [theirs.reference],
            theirs.reference,
        )
    assert mine != theirs.reference
    assert ([each["reference"] for each in staging.orders()], before - staging.balance_minor()) == ([mine], 99)
