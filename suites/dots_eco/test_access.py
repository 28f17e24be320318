"""Access by token, manager and company; the list of flow cards and the balance."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowproof.clients import Forbidden, NotFound
from flowproof.clients.dots_eco import DotsEco
from flowproof.target import ControlRefused, Workspace

from .profiles import NETWORKED
from .raw_client import ADD, NO_LIST, NO_PURCHASE, NOT_A_MANAGER, RawClient, compact
from .setup import APPLICATION, CLOSED, FOREIGN, OTHER, SEED, SKU, UNKNOWN_TOKEN

LIST, BALANCE = f"/api/v1/flow-card/list/{APPLICATION}", f"/api/v1/application-balance/{APPLICATION}"
NOT_ACTIVATED = {
    "message": "Your company is not yet activated for production requests. "
    "Please contact your account manager at Dots.eco to activate it."
}
CARD = {"app_token": APPLICATION, "sku": SKU}
UNKNOWN_APPLICATION = {"message": "The app_token is invalid."}


@pytest.mark.requirement("dots_eco.auth.missing", "dots_eco.auth.header", "dots_eco.catalogue.missing_token")
@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [("POST", ADD, NOT_A_MANAGER), ("GET", BALANCE, NOT_A_MANAGER), ("GET", LIST, NO_LIST)],
)
@pytest.mark.parametrize("token", [None, ""])
def test_request_without_a_token_is_refused(
    raw: RawClient, method: str, path: str, refusal: dict[str, str], token: str | None
) -> None:
    """
    Without an auth-token nothing is answered but a 403, which for the list names the header.
    """
    body = compact({"app_token": APPLICATION, "sku": SKU}) if method == "POST" else None

    answer = raw.send(method, path, body=body, headers={"auth-token": token})

    assert (answer.status_code, answer.json()) == (403, refusal)


@pytest.mark.requirement("dots_eco.auth.unknown")
@NETWORKED
@given(
    token=st.text("0123456789abcdef", min_size=32, max_size=32)
    | st.text("!#$%&*+-.0aZ^_`|~ ", min_size=1).map(str.strip)
)
def test_token_that_nobody_was_issued_is_refused(raw: RawClient, token: str) -> None:
    """
    Whatever else is sent as a token, it is refused in the documented words.
    """
    answer = raw.add({"app_token": APPLICATION, "sku": SKU}, token=token or UNKNOWN_TOKEN)

    assert (answer.status_code, answer.json()) == (403, NOT_A_MANAGER)


@pytest.mark.requirement("dots_eco.auth.format")
@pytest.mark.parametrize(
    ("role", "app_token"), [("default", APPLICATION), ("read", APPLICATION), ("write", APPLICATION), ("other", FOREIGN)]
)
def test_token_has_32_hexadecimal_digits(raw: RawClient, role: str, app_token: str) -> None:
    """
    A token that the provider accepts is 32 lower-case hexadecimal digits.
    """
    token = raw.token(role)

    answer = raw.add(CARD, token=token) if role == "write" else raw.listed(app_token, token=token)

    assert answer.status_code == 200
    assert re.fullmatch("[0-9a-f]{32}", token)


@pytest.mark.requirement(
    "dots_eco.auth.read_only", "dots_eco.auth.write_only", "dots_eco.auth.full", "dots_eco.auth.right"
)
@pytest.mark.parametrize(
    ("role", "statuses"), [("default", [200] * 3), ("read", [403, 200, 200]), ("write", [200, 403, 403])]
)
def test_token_does_what_it_has_the_right_for(raw: RawClient, role: str, statuses: list[int]) -> None:
    """
    A read-only token lists and reads, a write-only token buys, the usual one does both.
    """
    token = raw.token(role)

    bought = raw.add({"app_token": APPLICATION, "sku": SKU}, token=token)
    answers = [bought, raw.listed(APPLICATION, token), raw.balance(APPLICATION, token)]

    assert [answer.status_code for answer in answers] == statuses
    assert [answer.json() for answer in answers if answer.status_code == 403] == [NOT_A_MANAGER] * statuses.count(403)


@pytest.mark.requirement("dots_eco.auth.manager", "dots_eco.catalogue.manager", "dots_eco.balance.manager")
def test_application_is_its_managers_alone(raw: RawClient) -> None:
    """
    Each manager's token works for the applications of that manager's companies, and for no other.
    """
    other = raw.token("other")

    mine = [raw.listed(FOREIGN), raw.balance(FOREIGN), raw.add({"app_token": FOREIGN, "sku": SKU})]
    theirs = [
        raw.listed(FOREIGN, other),
        raw.balance(FOREIGN, other),
        raw.add({"app_token": FOREIGN, "sku": SKU}, other),
    ]

    assert [answer.json() for answer in mine] == [NOT_A_MANAGER] * 3
    assert [answer.status_code for answer in theirs] == [200] * 3


@pytest.mark.requirement("dots_eco.auth.purchase_allowed")
def test_switch_of_the_company_decides(workspace: Workspace, raw: RawClient) -> None:
    """
    On a mock, "Allow Flow gift card purchase" is a switch of the company in the seed data: off, on, and off again.
    """

    def asked_with(*, allowed: bool) -> int:
        companies = [{**each, "flow_card_purchase": allowed} for each in SEED["companies"]]
        workspace.replace_seed("dots_eco", {**SEED, "companies": companies})
        return raw.card().status_code

    assert [asked_with(allowed=False), asked_with(allowed=True), asked_with(allowed=False)] == [403, 200, 403]


@pytest.mark.requirement("dots_eco.catalogue.list", "dots_eco.catalogue.entry", "dots_eco.catalogue.available")
@pytest.mark.parametrize(("app_token", "skus"), [(APPLICATION, [SKU, "forest100"]), (OTHER, ["reef5"])])
def test_list_has_what_the_application_can_buy(raw: RawClient, app_token: str, skus: list[str]) -> None:
    """
    The list has the flow cards of the application, each with the documented members.
    """
    names = ("title", "sku", "redeem_url", "card_image", "redeem_instructions")
    known = {each["sku"]: {name: each[name] for name in names} for each in SEED["skus"]}

    assert raw.listed(app_token).json() == [known[sku] for sku in skus]


@pytest.mark.requirement("dots_eco.catalogue.app_token", "dots_eco.catalogue.purchase_allowed")
@pytest.mark.requirement("dots_eco.auth.forbidden_body", "dots_eco.order.manager")
@pytest.mark.parametrize(
    ("app_token", "body"), [("9-00000000", NO_LIST), ("%20", NO_LIST), ("a%2Fb", NO_LIST), (CLOSED, NO_PURCHASE)]
)
def test_list_is_refused_to_the_letter(raw: RawClient, app_token: str, body: dict[str, str]) -> None:
    """
    A list for no application, or for one whose company may not buy, is refused in the documented words.
    """
    answer = raw.listed(app_token)

    assert (answer.status_code, answer.json()) == (403, body)


@pytest.mark.requirement("dots_eco.balance.get", "dots_eco.balance.kept")
@pytest.mark.parametrize(("app_token", "balance"), [(APPLICATION, 15), (OTHER, 102.5)])
def test_balance_is_a_number_that_a_card_leaves_alone(raw: RawClient, app_token: str, balance: float) -> None:
    """
    The balance is a number, the same before and after a card was bought.
    """
    before = raw.balance(app_token).json()
    raw.card()

    assert before == raw.balance(app_token).json() == {"balance": balance}


@pytest.mark.requirement("dots_eco.balance.app_token", "dots_eco.balance.activated")
@pytest.mark.parametrize(
    ("app_token", "status", "body"),
    [("9-00000000", 404, UNKNOWN_APPLICATION), (CLOSED, 403, NOT_ACTIVATED), (FOREIGN, 403, NOT_A_MANAGER)],
)
def test_balance_is_refused_to_the_letter(raw: RawClient, app_token: str, status: int, body: dict[str, str]) -> None:
    """
    A balance for no application is not found; one for a company that is not activated, or another's, is refused.
    """
    answer = raw.balance(app_token)

    assert (answer.status_code, answer.json()) == (status, body)


@pytest.mark.requirement("dots_eco.catalogue.list", "dots_eco.balance.get")
def test_client_reads_list_and_balance(dots_eco: DotsEco) -> None:
    """
    The client lists what can be bought, and reads the balance.
    """
    assert [offer.sku for offer in dots_eco.cards(APPLICATION)] == [SKU, "forest100"]
    assert dots_eco.balance(OTHER) == 102.5


@pytest.mark.requirement("dots_eco.balance.app_token", "dots_eco.catalogue.app_token")
def test_client_tells_refusals_apart(dots_eco: DotsEco) -> None:
    """
    The client tells an application that is not found from one that is forbidden.
    """
    with pytest.raises(NotFound, match="The app_token is invalid"):
        dots_eco.balance("9-00000000")
    with pytest.raises(Forbidden, match="Please provide valid app_token"):
        dots_eco.cards("9-00000000")


@pytest.mark.requirement("dots_eco.auth.unknown")
def test_workspaces_have_tokens_of_their_own(workspace: Workspace, raw: RawClient, make_workspace: Any) -> None:
    """
    On a mock, a token leads to its own workspace: in another one it is nobody's, though the app_token is the same.
    """
    with make_workspace() as other:
        foreign = other.credentials("dots_eco").key
        answer = raw.add({"app_token": APPLICATION, "sku": SKU}, token=foreign)

    assert answer.json() == NOT_A_MANAGER


@pytest.mark.requirement("dots_eco.auth.header")
def test_journal_has_no_token(workspace: Workspace, raw: RawClient) -> None:
    """
    On a mock, no token is in the journal, neither one of the workspace's nor one that nobody was issued.
    """
    raw.card()
    raw.add({"app_token": APPLICATION, "sku": raw.token()}, token=UNKNOWN_TOKEN)

    kept = json.dumps([dict(entry) for entry in workspace.journal.entries()])
    assert [token for token in (raw.token(), raw.token("read"), UNKNOWN_TOKEN) if token in kept] == []


@pytest.mark.requirement("dots_eco.flow_card.expiration.minimum")
def test_refusal_names_its_requirement(frozen: Workspace, raw: RawClient) -> None:
    """
    On a mock, the requirement for which a request is refused is in a header and in the journal, never in the body.
    """
    answer = raw.card(expiration_date="2024-09-13")

    refused = frozen.journal.last_refused()
    assert answer.headers["Flowproof-Requirement"] == "dots_eco.flow_card.expiration.minimum"
    assert refused is not None
    assert refused["requirement"] == "dots_eco.flow_card.expiration.minimum"
    assert b"dots_eco" not in answer.content


BROKEN_SEEDS: dict[str, dict[str, Any]] = {
    "no managers": {"managers": []},
    "an unknown zone": {"settings": {"time_zone": "Mars/Olympus"}},
    "an amount that is a number": {"skus": [{**SEED["skus"][0], "amount": 10.3}]},
    "a member too many": {"applications": [{**SEED["applications"][0], "colour": "green"}]},
    "an unknown role": {"managers": [{**SEED["managers"][0], "tokens": [{"role": "king", "access": ["read"]}]}]},
}


@pytest.mark.requirement("dots_eco.flow_card.expiration.time_zone")
@pytest.mark.parametrize("name", BROKEN_SEEDS)
def test_broken_seed_data_is_refused(frozen: Workspace, raw: RawClient, name: str) -> None:
    """
    On a mock, invalid seed data is refused, and the former time zone stays in force.
    """
    with pytest.raises(ControlRefused):
        frozen.replace_seed("dots_eco", {**SEED, **BROKEN_SEEDS[name]})

    assert raw.card().json()["response"]["expiration_date"] == "2029-09-13 00:00:00"
