"""Where a provider that is right once goes wrong: a page's edge, the second connection, ids that look alike."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given

from flowproof.clients import Refused, Unauthorized
from flowproof.clients.otter import Otter, OtterUser
from flowproof.edge_cases import UNUSUAL, near_misses, page_sizes, unusual_texts
from flowproof.target import Target, Workspace

from .profiles import few
from .raw_client import RawClient, error, returned
from .setup import BRAND, STORES, Account
from .test_paging import close_store, open_store, walk, with_many_stores

ORGANIZATION = "/organization/v1/organization"
TWELVE = 12
NEAR = ("other letter case", "cut off", "one more")


# ---- Pages ----


@pytest.mark.requirement("otter.paging.whole", "otter.paging.last_page", "otter.paging.at_most_limit")
def test_pages_of_every_size_have_each_store_once(user: OtterUser, account: Account) -> None:
    """
    In pages of one entry, nearly full, just full and with room for more, each store and brand comes once, in one order.
    """
    orders = {
        tuple(each for page in walk(user, account.brand, [size]) for each in page)
        for size in page_sizes(len(account.all_stores))
    }
    brands = {tuple(each.id for each in user.brands(size)) for size in page_sizes(len(account.brands))}

    assert [sorted(each) for each in orders] == [sorted(account.all_stores)]
    assert [sorted(each) for each in brands] == [sorted(account.brands)]


@pytest.mark.requirement("otter.paging.stable", "otter.paging.whole", "otter.paging.token")
@pytest.mark.parametrize("size", [1, 2, 3, 4, 6, 12])
@pytest.mark.parametrize("when", ["before the last page", "behind the last full page"])
def test_store_that_opens_at_a_pages_edge_harms_none(
    make_workspace: Callable[..., Workspace], make_otter: Callable[..., Otter], size: int, when: str
) -> None:
    """
    On a mock, a store that opens just where a page ends, or closes there, hides no other store and shows none twice.
    """
    with make_workspace() as workspace:
        user = with_many_stores(workspace, make_otter, TWELVE)
        stayed = {store.id for store in user.stores(BRAND)}
        last = TWELVE // size - (when == "before the last page")
        visited: list[str] = []
        opened = [str(UUID(int=5000 + number, version=4)) for number in range(3)]
        for number, page in enumerate(walk(user, BRAND, [size]), start=1):
            visited += page
            if number == last:
                for each in opened:
                    open_store(workspace, each)
                close_store(workspace, page[-1])
                stayed.discard(page[-1])

    assert len(set(visited)) == len(visited)
    assert stayed <= set(visited)
    assert set(opened) <= set(visited) or when == "behind the last full page" or size == TWELVE


@pytest.mark.requirement("otter.paging.last_page", "otter.paging.stable")
def test_empty_last_page_is_a_page(make_workspace: Callable[..., Workspace], make_otter: Callable[..., Otter]) -> None:
    """
    On a mock, where everything behind a page has closed, the last page is JSON with no entry and no token.
    """
    with make_workspace() as workspace:
        user = with_many_stores(workspace, make_otter, 4)
        raw = RawClient(make_otter(workspace), workspace.credentials("otter"))
        first = user.stores_page(BRAND, 2)
        for each in list(user.stores(BRAND))[2:]:
            close_store(workspace, each.id)
        path = f"{ORGANIZATION}/brands/{BRAND}/stores"
        answer = raw.ask("GET", path, user.token.access_token, params={"limit": "2", "token": str(first.next_token)})

    assert (answer.status_code, answer.json()) == (200, {"items": []})
    assert answer.headers["content-type"] == "application/json"


# ---- Texts that look alike ----


@pytest.mark.requirement("otter.connection.get", "otter.connection.body", "otter.connection.store_id")
@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_store_id_comes_back_as_it_was_sent(user: OtterUser, account: Account, text: str) -> None:
    """
    A storeId comes back as it was sent, as often as one asks: not composed, not trimmed, in its letter case.
    """
    _comes_back(user, account, text)


@pytest.mark.requirement("otter.connection.get", "otter.connection.body", "otter.connection.store_id")
@few(10)
@given(text=unusual_texts())
def test_any_store_id_comes_back_as_it_was_sent(user: OtterUser, account: Account, text: str) -> None:
    """
    Whatever text a storeId is, the connection has it as it was sent, the second time as the first.
    """
    _comes_back(user, account, text)


def _comes_back(user: OtterUser, account: Account, text: str) -> None:
    """Connect, read and disconnect twice: under the text, and under another."""
    found = []
    for each in (text, f"{text}-2"):
        user.connect(account.brand, account.stores[0], our_store_id=each)
        connection = user.connection(account.brand, account.stores[0])
        user.disconnect(account.brand, account.stores[0])
        found.append(connection.store_id if connection else None)

    assert found == [text, f"{text}-2"]


@pytest.mark.requirement("otter.store.not_found", "otter.brand.not_found", "otter.store.otters_id")
@pytest.mark.parametrize("change", ["a blank before", "a blank behind", "cut off", "one more"])
def test_id_that_looks_alike_is_not_found(raw: RawClient, user: OtterUser, account: Account, change: str) -> None:
    """
    What nearly is the id of a brand or a store is not found in any path, though the store is connected.
    """
    user.connect(account.brand, account.stores[0], our_store_id="mine")
    brand, store = (quote(near_misses(each)[change], safe="") for each in (account.brand, account.stores[0]))
    wrong = [
        ("GET", f"{ORGANIZATION}/brands/{brand}"),
        ("GET", f"{ORGANIZATION}/brands/{brand}/stores?limit=5"),
        ("GET", f"{ORGANIZATION}/brands/{brand}/stores/{account.stores[0]}"),
        ("GET", f"{account.listed}/{store}"),
        ("GET", f"{account.listed}/{store}/connection"),
        ("GET", f"{ORGANIZATION}/brands/{brand}/stores/{account.stores[0]}/connection"),
        ("POST", f"{account.listed}/{store}/connection"),
        ("POST", f"{ORGANIZATION}/brands/{brand}/stores/{account.stores[0]}/connection"),
        ("DELETE", f"{account.listed}/{store}/connection"),
        ("DELETE", f"{ORGANIZATION}/brands/{brand}/stores/{account.stores[0]}/connection"),
    ]
    token, body = user.token.access_token, {"storeId": "kitchen"}

    statuses = [error(raw.ask(way, path, token, json=body if way == "POST" else None))[0] for way, path in wrong]

    kept = user.connection(account.brand, account.stores[0])
    assert statuses == [404] * len(wrong)
    assert kept is not None
    assert kept.store_id == "mine"


@pytest.mark.requirement("otter.token.client_known", "otter.access.silent")
@pytest.mark.parametrize("part", ["client_id", "secret"])
@pytest.mark.parametrize("is_basic", [False, True], ids=["form", "basic"])
@pytest.mark.parametrize("change", [*NEAR, "a blank before", "a blank behind", "a line break behind"])
def test_client_and_secret_are_taken_to_the_letter(raw: RawClient, part: str, is_basic: bool, change: str) -> None:
    """
    What nearly is an application's id or its secret, line break and all, proves nobody.
    """
    right = raw.token(grant_type="client_credentials", scope="ping")
    setattr(raw, part, near_misses(getattr(raw, part)).get(change, f"{getattr(raw, part)}\t"))
    basic = (raw.client_id, raw.secret) if is_basic else None

    assert right.status_code == 200
    assert error(raw.token(grant_type="client_credentials", scope="ping", basic=basic))[0] == 401


@pytest.mark.requirement("otter.access.token_known", "otter.access.silent", "otter.access.bearer")
@pytest.mark.parametrize("change", NEAR)
def test_token_is_taken_to_the_letter(raw: RawClient, user: OtterUser, change: str) -> None:
    """
    What nearly is a token is none.
    """
    right = raw.ask("GET", ORGANIZATION, user.token.access_token)

    assert right.status_code == 200
    assert error(raw.ask("GET", ORGANIZATION, near_misses(user.token.access_token)[change]))[0] == 401


@pytest.mark.requirement("otter.token.scope_of_client", "otter.token.grant_type")
@pytest.mark.parametrize("name", ["scope", "grant_type"])
@pytest.mark.parametrize("change", NEAR)
def test_scope_and_grant_are_taken_to_the_letter(raw: RawClient, name: str, change: str) -> None:
    """
    What nearly is a scope or a grant is none.
    """
    right: dict[str, Any] = {"grant_type": "client_credentials", "scope": "ping"}

    assert raw.token(**right).status_code == 200
    assert error(raw.token(**{**right, name: near_misses(right[name])[change]}))[0] in (400, 422)


# ---- The second time, and another workspace ----


@pytest.mark.requirement("otter.token.answer", "otter.token.not_stored", "otter.token.client_known")
@pytest.mark.requirement("otter.store.not_found", "otter.connection.not_connected", "otter.connection.conflict")
@pytest.mark.requirement("otter.paging.limit", "otter.connection.store_id", "otter.connection.delete_missing")
def test_refusal_is_the_same_the_second_time(raw: RawClient, user: OtterUser, account: Account) -> None:
    """
    What is refused once is refused again, also after something else was accepted in between.
    """
    token = user.token.access_token
    lost = f"{account.listed}/3d7a9f1e-2b64-4d0c-9a55-0f6d1f6a7c11"
    for _ in range(2):
        asked = [
            raw.ask("GET", ORGANIZATION, "nobody"),
            raw.ask("GET", lost, token),
            raw.ask("GET", f"{ORGANIZATION}/brands", token),
            raw.ask("GET", account.connection, token),
            raw.ask("DELETE", account.connection, token),
            raw.ask("POST", account.connection, token, json={}),
            raw.ask("POST", account.connection, token, data=b"{", headers={"Content-Type": "application/json"}),
            raw.token(grant_type="client_credentials", scope="ping", client_secret="0" * 40),
            raw.token(grant_type="client_credentials", scope="organization.read"),
            raw.token(grant_type="password", scope="ping"),
        ]
        user.connect(account.brand, account.stores[0], our_store_id="kitchen")
        asked.append(raw.ask("POST", account.connection, token, json={"storeId": "another"}))
        user.disconnect(account.brand, account.stores[0])
        assert [error(each)[0] for each in asked] == [401, 404, 400, 404, 404, 422, 400, 401, 400, 422, 409]
        assert raw.token(grant_type="client_credentials", scope="ping").status_code == 200


@pytest.mark.requirement("otter.organization.get", "otter.brand.get", "otter.store.get", "otter.brand.list")
def test_structure_is_the_same_each_time(user: OtterUser, account: Account) -> None:
    """
    Organization, brands and stores are the same as often as one asks, and each brand and store is another.
    """
    looks = [
        (
            user.organization(),
            [user.brand(each) for each in account.brands],
            [user.store(account.brand, each) for each in account.all_stores],
            list(user.stores(account.brand)),
        )
        for _ in range(2)
    ]
    _, brands, stores, _ = looks[0]

    assert looks[0] == looks[1]
    assert [[each.id for each in found] for found in (brands, stores)] == [
        list(account.brands),
        list(account.all_stores),
    ]


@pytest.mark.requirement("otter.consent.approved", "otter.consent.denied", "otter.authorize.scope_allowed")
def test_redirect_back_is_not_stored(raw: RawClient, workspace: Workspace) -> None:
    """
    On a mock, what leads back to the application, with a code or with an error, must not be stored, and has no body.
    """
    answers = [raw.authorize(), raw.authorize(scope="ping")]
    workspace.control("PUT", "otter/consent", {"consent": "deny"})
    answers.append(raw.authorize())

    assert [sorted(returned(each)) for each in answers] == [["code", "state"], ["error", "state"], ["error", "state"]]
    assert [(each.headers["cache-control"], each.content) for each in answers] == [("no-store", b"")] * 3


@pytest.mark.requirement("otter.connection.per_application", "otter.token.client_known", "otter.access.token_known")
def test_another_workspace_has_connections_of_its_own(
    user: OtterUser,
    raw: RawClient,
    account: Account,
    target: Target,
    make_workspace: Callable[..., Workspace],
    make_otter: Callable[..., Otter],
) -> None:
    """
    On a mock, a store that is connected in one workspace is free in another, whose secrets, tokens and pages are its
    own.
    """
    target.controlled("this test makes another workspace")
    user.connect(BRAND, STORES[0], our_store_id="here")
    with make_workspace() as elsewhere:
        there = make_otter(elsewhere)
        request = there.authorization()
        back = there.session.get(request.url, allow_redirects=False).headers["location"]
        other = there.as_user(there.exchange(request, back))
        before = other.connection(BRAND, STORES[0])
        other.connect(BRAND, STORES[0], our_store_id="there")
        after = user.connection(BRAND, STORES[0])
        parameters = {"limit": "1", "token": str(other.stores_page(BRAND, 1).next_token)}
        page = raw.ask("GET", account.listed, user.token.access_token, params=parameters)
        with pytest.raises((Unauthorized, Refused)):
            make_otter(elsewhere, client_secret=target.credentials("otter").secret).application_token(["ping"])

    assert error(page)[0] == 400
    assert (before, after and after.store_id) == (None, "here")
