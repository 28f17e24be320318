"""Pages: each entry is visited exactly once, with any limits, and while the list changes."""

from collections.abc import Callable, Iterator
from itertools import count, cycle
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowproof.clients.otter import Otter, OtterUser, Token
from flowproof.target import Workspace

from .profiles import NETWORKED, few
from .raw_client import RawClient, error
from .setup import BRAND, GRACE, SEED, Account
from .strategies import limits, store_changes

LARGE = SEED["organizations"][1]["generate"]


def walk(user: OtterUser, brand_id: str, sizes: list[int]) -> Iterator[list[str]]:
    """The ids of each page, with limits that change from page to page; a page may be shorter, the last one empty."""
    token = None
    for limit in cycle(sizes):
        page = user.stores_page(brand_id, limit, token)
        assert len(page.items) <= limit
        yield [each.id for each in page.items]
        assert page.next_token is None or page.next_token != token
        token = page.next_token
        if token is None:
            return


@pytest.fixture
def many(otter: Otter, permit: Callable[..., Token], workspace: Workspace) -> OtterUser:
    """A user whose organization has many brands with thousands of stores."""
    return otter.as_user(permit(otter, user=GRACE))


@pytest.mark.requirement("otter.paging.whole", "otter.paging.at_most_limit", "otter.paging.last_page")
@NETWORKED
@given(sizes=limits())
def test_every_store_is_visited_once(user: OtterUser, account: Account, sizes: list[int]) -> None:
    """
    Whatever the limits, following the tokens visits each store once.
    """
    visited = [each for page in walk(user, account.brand, sizes) for each in page]

    assert sorted(visited) == sorted(account.all_stores)


@pytest.mark.requirement("otter.paging.whole", "otter.paging.last_page", "otter.paging.offset_token")
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 999_999_999])
def test_every_brand_is_visited_once(user: OtterUser, account: Account, limit: int) -> None:
    """
    The same holds for brands, also where the last page is just full.
    """
    assert sorted(each.id for each in user.brands(limit)) == sorted(account.brands)


@pytest.mark.requirement("otter.paging.offset_token", "otter.paging.at_most_limit")
def test_page_with_room_for_one_less_has_a_token(user: OtterUser, account: Account) -> None:
    """
    A page that one entry has no room on has a token.
    """
    need_brands(account)
    brands = user.brands_page(len(account.brands) - 1)
    stores = user.stores_page(account.brand, len(account.all_stores) - 1)

    assert len(brands.items) < len(account.brands)
    assert len(stores.items) < len(account.all_stores)
    assert None not in (brands.next_token, stores.next_token)


@pytest.mark.requirement("otter.paging.last_page")
def test_page_with_room_for_one_more_is_the_last(user: OtterUser, account: Account) -> None:
    """
    A page that has all entries and room for more has no token.
    """
    brands = user.brands_page(len(account.brands) + 1)
    stores = user.stores_page(account.brand, len(account.all_stores) + 1)

    assert brands.next_token is None or len(brands.items) < len(account.brands)
    assert stores.next_token is None or len(stores.items) < len(account.all_stores)


def need_brands(account: Account) -> None:
    """Skip the test where the account has one brand only."""
    if len(account.brands) < 2:
        pytest.skip("the account has one brand only")


@pytest.mark.requirement("otter.paging.whole", "otter.brand.list", "otter.store.list")
def test_thousands_of_stores_are_visited_once(many: OtterUser) -> None:
    """
    Three brands with two thousand stores each are read in pages of 500, each store once.
    """
    brands = list(many.brands())
    found = [store.id for brand in brands for store in many.stores(brand.id, limit=500)]

    expected = LARGE["brands"] * LARGE["stores_per_brand"]
    assert (len(brands), len(found), len(set(found))) == (LARGE["brands"], expected, expected)


@pytest.mark.requirement("otter.store.get")
def test_generated_store_is_the_same_everywhere(
    many: OtterUser, make_workspace: Callable[..., Workspace], make_otter: Callable[..., Otter], raw: RawClient
) -> None:
    """
    Generated stores are found alone as they are in the list, and are the same in every workspace.
    """
    brand = next(many.brands())
    listed = many.stores_page(brand.id, limit=20).items

    with make_workspace() as elsewhere:
        elsewhere.control("PUT", "otter/consent", {"user": GRACE})
        otter = make_otter(elsewhere)
        request = otter.authorization()
        back = otter.session.get(request.url, allow_redirects=False).headers["location"]
        there = otter.as_user(otter.exchange(request, back)).stores_page(brand.id, limit=20).items

    assert [many.store(brand.id, each.id) for each in listed] == list(listed) == list(there)


@pytest.mark.requirement("otter.paging.stable", "otter.paging.token")
@few(40)
@example(sizes=[2], rounds=[[("close", 0), ("close", 1)], [("open", 0)], [("close", 7), ("open", 0)]])
@example(sizes=[3], rounds=[[("open", 0)], [("close new", 0), ("close", 2)]])
@example(sizes=[5], rounds=[[], [], [("open", 0)], [("close new", 0)]])  # what was left for the last page was closed
@given(sizes=limits(), rounds=store_changes())
def test_stores_that_stay_are_visited_once(
    make_workspace: Callable[..., Workspace],
    make_otter: Callable[..., Otter],
    sizes: list[int],
    rounds: list[list[tuple[str, int]]],
) -> None:
    """
    Whatever opens and closes between two pages, every store that is there throughout is visited once, and none twice.
    """
    with make_workspace() as workspace:
        user = with_many_stores(workspace, make_otter, 20)
        there = {store.id for store in user.stores(BRAND)}
        stayed, opened, visited = set(there), list[str](), list[str]()
        turns, fresh = iter(rounds), count()
        for page in walk(user, BRAND, sizes):
            visited += page
            for what, which in next(turns, []):
                pool = opened if what == "close new" else sorted(there)
                if what == "open":
                    opened.append(open_store(workspace, str(UUID(int=1000 + next(fresh), version=4))))
                elif pool:
                    gone = pool[which % len(pool)]
                    close_store(workspace, gone)
                    (opened if what == "close new" else there).remove(gone)
                    stayed.discard(gone)

    assert len(visited) == len(set(visited))
    assert stayed <= set(visited)


def with_many_stores(workspace: Workspace, make_otter: Callable[..., Otter], how_many: int) -> OtterUser:
    """A user whose first brand has that many stores, with permission."""
    template = SEED["organizations"][0]["brands"][0]["stores"][0]
    stores = [{**template, "id": str(UUID(int=index + 1, version=4))} for index in range(how_many)]
    brand = {**SEED["organizations"][0]["brands"][0], "stores": stores}
    organizations = [{**SEED["organizations"][0], "brands": [brand]}, *SEED["organizations"][1:]]
    workspace.replace_seed("otter", {**SEED, "organizations": organizations})
    otter = make_otter(workspace)
    request = otter.authorization()
    back = otter.session.get(request.url, allow_redirects=False).headers["location"]
    return otter.as_user(otter.exchange(request, back))


def open_store(workspace: Workspace, identifier: str) -> str:
    """Open a store in the first brand; returns its id."""
    workspace.control("POST", f"otter/brands/{BRAND}/stores", {"id": identifier, "name": "New", "address": None})
    return identifier


def close_store(workspace: Workspace, identifier: str) -> None:
    """Close a store of the first brand."""
    workspace.control("DELETE", f"otter/brands/{BRAND}/stores/{identifier}")


@pytest.mark.requirement("otter.paging.token", "otter.paging.offset_token")
def test_token_has_to_be_percent_encoded(raw: RawClient, user: OtterUser, account: Account) -> None:
    """
    A token may have signs that a query reserves, as the spec's example has: encoded it is right.
    """
    token = user.stores_page(account.brand, 1).next_token
    parameters = {"limit": "1", "token": str(token)}

    assert token is not None
    assert raw.ask("GET", account.listed, user.token.access_token, params=parameters).status_code == 200


@pytest.mark.requirement("otter.paging.token")
def test_token_with_a_bare_plus_is_another_text(raw: RawClient, many: OtterUser) -> None:
    """
    A plus sign that was not percent-encoded is read as a blank, and the list is not answered.
    """
    brand = next(many.brands()).id
    path = f"/organization/v1/organization/brands/{brand}/stores"
    tokens = (str(many.stores_page(brand, limit).next_token) for limit in count(1))
    token = next(each for each in tokens if "+" in each)
    encoded = urlencode({"limit": "1", "token": token})

    right = raw.ask("GET", f"{path}?{encoded}", many.token.access_token)
    bare = raw.ask("GET", f"{path}?{encoded.replace('%2B', '+')}", many.token.access_token)

    assert (right.status_code, error(bare)[0]) == (200, 400)


@pytest.mark.requirement("otter.paging.token", "otter.paging.token_issued")
def test_token_belongs_to_its_list(raw: RawClient, user: OtterUser, account: Account) -> None:
    """
    The token of a list of brands is none of a list of stores, nor that of one brand's stores one of another's.
    """
    need_brands(account)
    other = next(each for each in account.brands if each != account.brand)
    other_list = f"/organization/v1/organization/brands/{other}/stores"
    of_brands, of_stores = str(user.brands_page(1).next_token), str(user.stores_page(account.brand, 1).next_token)
    requests = [(account.listed, of_brands), (other_list, of_stores), (account.listed, "")]

    answers = [
        raw.ask("GET", path, user.token.access_token, params={"limit": "1", "token": token}) for path, token in requests
    ]

    assert [error(each)[0] for each in answers] == [400] * 3


@pytest.mark.requirement("otter.paging.token_issued")
@NETWORKED
@given(made_up=st.text(min_size=1, max_size=40) | st.binary(max_size=24).map(lambda raw: raw.hex() + "=="))
def test_token_that_was_never_issued_is_refused(
    raw: RawClient, user: OtterUser, account: Account, made_up: str
) -> None:
    """
    Whatever else is presented as a token, the list is not answered.
    """
    parameters = {"limit": "1", "token": made_up.encode("utf-8", "replace")}

    assert error(raw.ask("GET", account.listed, user.token.access_token, params=parameters))[0] == 400


@pytest.mark.requirement("otter.paging.limit")
@pytest.mark.parametrize("limit", [None, "", "0", "00", "-1", "+1", "1.0", "1e2", "ten", " 1", "1 ", "٣", "01"])
@pytest.mark.parametrize("path", ["/organization/v1/organization/brands", "{stores}"])
def test_limit_is_a_whole_number_from_one(
    raw: RawClient, user: OtterUser, account: Account, path: str, limit: str | None
) -> None:
    """
    A list without a limit, or with one that is no whole number from 1, is malformed.
    """
    parameters = {} if limit is None else {"limit": limit}

    assert (
        error(raw.ask("GET", path.format(stores=account.listed), user.token.access_token, params=parameters))[0] == 400
    )
