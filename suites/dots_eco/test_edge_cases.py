"""Where a provider that is right once goes wrong: the second time, in another workspace, texts that look alike."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given

from flowproof.clients.dots_eco import DotsEco
from flowproof.edge_cases import UNUSUAL, near_misses, unusual_texts
from flowproof.target import Workspace

from .profiles import NETWORKED
from .raw_client import NO_LIST, NO_PURCHASE, NOT_A_MANAGER, RawClient, invalid
from .setup import APPLICATION, CLOSED, FOREIGN, OTHER, SEED, SKU

TEXTS = ("recipient_name", "from", "message")
NEAR = ("other letter case", "a blank before", "a blank behind", "cut off", "one more")
CARD = {"app_token": APPLICATION, "sku": SKU}


# ---- Texts that look alike ----


@pytest.mark.requirement("dots_eco.balance.app_token", "dots_eco.catalogue.app_token")
@pytest.mark.parametrize("change", NEAR)
def test_application_in_a_path_is_taken_to_the_letter(raw: RawClient, change: str) -> None:
    """
    What nearly is an application's token, a blank before or behind it included, has no balance and no list.
    """
    letters = "1-F2B086B3" if change == "other letter case" else near_misses(APPLICATION)[change]
    path = quote(letters, safe="")

    assert (raw.balance(APPLICATION).status_code, raw.listed(APPLICATION).status_code) == (200, 200)
    balance, listed = raw.balance(path), raw.listed(path)
    assert (balance.status_code, balance.json()) == (404, {"message": "The app_token is invalid."})
    assert (listed.status_code, listed.json()) == (403, NO_LIST)


@pytest.mark.requirement("dots_eco.flow_card.app_token.invalid", "dots_eco.flow_card.sku.invalid")
@pytest.mark.parametrize("name", ["app_token", "sku"])
@pytest.mark.parametrize("change", [*NEAR, "a line break behind", "a no-break space behind"])
def test_name_in_a_body_is_taken_to_the_letter(raw: RawClient, name: str, change: str) -> None:
    """
    What nearly is an application's token or a SKU is invalid.
    """
    answer = raw.add({**CARD, name: near_misses(CARD[name])[change]})

    assert answer.json() == invalid(**{name: f"The {name} is invalid."})


@pytest.mark.requirement("dots_eco.auth.unknown", "dots_eco.auth.header")
@pytest.mark.parametrize("change", ["other letter case", "cut off", "one more"])
@pytest.mark.parametrize("role", ["default", "read"])
def test_token_is_taken_to_the_letter(raw: RawClient, role: str, change: str) -> None:
    """
    What nearly is a token opens nothing.
    """
    token = raw.token(role)
    wrong = near_misses(token).get(change, f"{token}0")

    assert raw.listed(APPLICATION, token).status_code == 200
    answers = [raw.listed(APPLICATION, wrong), raw.balance(APPLICATION, wrong), raw.add(CARD, token=wrong)]
    assert [(each.status_code, each.json()) for each in answers] == [(403, NOT_A_MANAGER)] * 3


@pytest.mark.requirement("dots_eco.flow_card.echo", "dots_eco.flow_card.text.any")
def test_unusual_texts_come_back_as_they_were_sent(raw: RawClient) -> None:
    """
    Names and messages come back as they were sent: not composed, not trimmed, in their letter case, each in its place.
    """
    texts = list(UNUSUAL.values())
    for first, second, third in zip(texts, texts[1:] + texts[:1], texts[2:] + texts[:2], strict=True):
        sent = dict(zip(TEXTS, (first, second, third), strict=True))
        card = raw.add({**CARD, **sent}).json()["response"]
        assert {name: card[name] for name in TEXTS} == sent


@pytest.mark.requirement("dots_eco.flow_card.echo", "dots_eco.flow_card.text.any")
@NETWORKED
@given(text=unusual_texts())
def test_any_unusual_text_comes_back(raw: RawClient, text: str) -> None:
    """
    Whatever text a message is, the card has it as it was sent.
    """
    assert raw.card(message=text).json()["response"]["message"] == text


# ---- The second time ----


@pytest.mark.requirement("dots_eco.auth.missing", "dots_eco.auth.unknown", "dots_eco.auth.manager")
@pytest.mark.requirement("dots_eco.auth.right", "dots_eco.auth.purchase_allowed", "dots_eco.flow_card.sku.invalid")
@pytest.mark.requirement("dots_eco.flow_card.sku.available", "dots_eco.flow_card.from.invalid")
@pytest.mark.requirement("dots_eco.catalogue.app_token", "dots_eco.catalogue.missing_token")
@pytest.mark.requirement("dots_eco.catalogue.purchase_allowed", "dots_eco.catalogue.manager")
@pytest.mark.requirement("dots_eco.balance.app_token", "dots_eco.balance.activated", "dots_eco.balance.manager")
def test_refusal_is_the_same_the_second_time(raw: RawClient) -> None:
    """
    What is refused once is refused again in the same words, also after something else was accepted in between.
    """
    refused = []
    for _ in range(2):
        answers = [
            raw.send("GET", f"/api/v1/application-balance/{APPLICATION}", headers={"auth-token": None}),
            raw.send("GET", f"/api/v1/flow-card/list/{APPLICATION}", headers={"auth-token": None}),
            raw.add(CARD, token="0" * 32),
            raw.add({**CARD, "app_token": FOREIGN}),
            raw.add({**CARD, "app_token": CLOSED}),
            raw.add(CARD, token=raw.token("read")),
            raw.add({**CARD, "sku": "nothing"}),
            raw.add({**CARD, "sku": "reef5"}),
            raw.add({**CARD, "from": 1, "message": 2, "recipient_name": 3, "recipient_email": "none"}),
            raw.add({**CARD, "expiration_date": "31/12/2025"}),
            raw.add({**CARD, "expiration_date": "2025-02-30"}),
            raw.add({**CARD, "expiration_date": "2001-01-01"}),
            raw.add({**CARD, "expiration_date": "9999-01-01"}),
            raw.add({}),
            *(raw.listed(each) for each in ("9-00000000", CLOSED, FOREIGN)),
            *(raw.balance(each) for each in ("9-00000000", CLOSED, FOREIGN)),
        ]
        refused.append([(each.status_code, each.json()) for each in answers])
        assert raw.card().status_code == 200

    assert refused[0] == refused[1]
    assert [status for status, _ in refused[0]] == [403] * 6 + [422] * 8 + [403] * 3 + [404, 403, 403]
    assert refused[0][4][1] == NO_PURCHASE


@pytest.mark.requirement("dots_eco.catalogue.list", "dots_eco.balance.get", "dots_eco.balance.kept")
def test_list_and_balance_are_the_same_each_time(raw: RawClient) -> None:
    """
    List and balance of each application are the same before and after cards were bought, and each is its own.
    """
    looks = []
    for _ in range(2):
        looks.append([(raw.listed(each).json(), raw.balance(each).json()) for each in (APPLICATION, OTHER)])
        raw.card()
        raw.add({"app_token": OTHER, "sku": "reef5"})

    assert looks[0] == looks[1]
    assert looks[0][0] != looks[0][1]


# ---- On a mock alone ----


@pytest.mark.requirement("dots_eco.catalogue.list", "dots_eco.balance.get", "dots_eco.catalogue.entry")
def test_dozen_flow_cards_are_listed_in_order(workspace: Workspace, raw: RawClient) -> None:
    """
    On a mock, a set-up that is changed is listed as it is from then on: twelve flow cards in their order.
    """
    before = raw.listed(APPLICATION).json()
    skus = [{**SEED["skus"][0], "sku": f"sku{number}"} for number in range(1, 13)]
    applications = [{**each, "balance": 7} for each in SEED["applications"]]
    workspace.replace_seed("dots_eco", {**SEED, "skus": skus, "applications": applications})

    assert [each["sku"] for each in raw.listed(APPLICATION).json()] == [each["sku"] for each in skus]
    assert (len(before), raw.balance(APPLICATION).json()) == (2, {"balance": 7})


@pytest.mark.requirement("dots_eco.catalogue.list", "dots_eco.balance.get", "dots_eco.flow_card.unique")
def test_another_workspace_has_a_set_up_of_its_own(
    raw: RawClient,
    workspace: Workspace,
    make_workspace: Callable[..., Workspace],
    make_dots_eco: Callable[..., DotsEco],
) -> None:
    """
    On a mock, another workspace has a list, a balance and cards of its own.
    """
    card = raw.card().json()["response"]
    with make_workspace() as elsewhere:
        applications = [{**each, "balance": 8} for each in SEED["applications"]]
        elsewhere.replace_seed("dots_eco", {**SEED, "skus": SEED["skus"][1:], "applications": applications})
        there = make_dots_eco(elsewhere)
        listed, balance = [each.sku for each in there.cards(APPLICATION)], there.balance(APPLICATION)
        kept = elsewhere.control("GET", "dots_eco/cards")["cards"]

    assert (listed, balance, kept) == (["forest100"], 8, [])
    assert [each["sku"] for each in raw.listed(APPLICATION).json()] == [SKU, "forest100"]
    assert [each["code"] for each in workspace.control("GET", "dots_eco/cards")["cards"]] == [card["code"]]


@pytest.mark.requirement("dots_eco.answer.rate_limit", "dots_eco.answer.failure")
@pytest.mark.parametrize(("status", "seconds"), [(429, 18), (503, 1), (429, None), (500, None)])
def test_failure_says_how_long_to_wait(workspace: Workspace, raw: RawClient, status: int, seconds: int | None) -> None:
    """
    On a mock, a failure has the header Retry-After with the seconds of its plan, and none where the plan has none.
    """
    plan = {"fault": "status", "status": status} | ({} if seconds is None else {"retry_after_s": seconds})
    with workspace.faults.during(plan):
        answer = raw.listed(APPLICATION)

    waits = None if seconds is None else str(seconds)
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, waits)
