"""The organization structure: each user sees their own, and nothing else."""

from collections.abc import Callable

import pytest

from flowproof.clients import NotFound
from flowproof.clients.otter import Otter, OtterUser, Token

from .raw_client import RawClient, error
from .setup import ADA, BRAND, GRACE, LIN, LINS_BRAND, LINS_STORE, SEED, STORES, Account

LISTED = {each["id"]: each for each in SEED["organizations"]}


@pytest.mark.requirement("otter.organization.get", "otter.organization.single")
def test_organization_is_one(user: OtterUser) -> None:
    """
    A user has one organization, the same as often as it is asked for.
    """
    assert user.organization() == user.organization()


@pytest.mark.usefixtures("seeded")
@pytest.mark.requirement("otter.organization.get", "otter.organization.single", "otter.access.own_organization")
@pytest.mark.parametrize("who", [ADA, GRACE, LIN])
def test_each_user_sees_their_own_organization(otter: Otter, permit: Callable[..., Token], who: str) -> None:
    """
    The organization is that of the user who gave the permission.
    """
    mine = next(each["organization"] for each in SEED["users"] if each["id"] == who)

    found = otter.as_user(permit(otter, user=who)).organization()

    assert (found.id, found.name) == (mine, LISTED[mine]["name"])


@pytest.mark.requirement("otter.brand.list", "otter.brand.get", "otter.brand.body")
def test_brand_is_the_same_alone_and_in_the_list(user: OtterUser) -> None:
    """
    Each brand of the list is answered alone just as it is in the list.
    """
    listed = list(user.brands())

    assert [user.brand(each.id) for each in listed] == listed


@pytest.mark.requirement("otter.store.list", "otter.store.get", "otter.store.body", "otter.store.address")
def test_store_is_the_same_alone_and_in_the_list(user: OtterUser, account: Account) -> None:
    """
    Each store of the list is answered alone just as it is in the list, address or none.
    """
    listed = list(user.stores(account.brand))

    assert [user.store(account.brand, each.id) for each in listed] == listed
    assert {each.id for each in listed} == set(account.all_stores)


@pytest.mark.usefixtures("seeded")
@pytest.mark.requirement("otter.store.address", "otter.store.location")
def test_address_is_read_whole(user: OtterUser) -> None:
    """
    The spec's example address arrives with every part.
    """
    address = user.store(BRAND, STORES[0]).address

    assert address is not None
    assert address.location is not None
    assert (address.city, address.postal_code, address.country_code, len(address.lines)) == (
        "Washington",
        "20500",
        "US",
        2,
    )
    assert (address.location.latitude, address.location.longitude) == (38.8977, 77.0365)


@pytest.mark.requirement("otter.access.own_organization", "otter.brand.not_found", "otter.store.not_found")
def test_what_is_others_is_not_found(user: OtterUser, permit: Callable[..., Token], otter: Otter) -> None:
    """
    Brands and stores of another organization are not found, whichever way they are asked for.
    """
    theirs = otter.as_user(permit(otter, user=LIN)).store(LINS_BRAND, LINS_STORE)

    for ask in (
        lambda: user.brand(LINS_BRAND),
        lambda: user.stores_page(LINS_BRAND),
        lambda: user.store(LINS_BRAND, theirs.id),
        lambda: user.store(BRAND, theirs.id),
        lambda: user.connect(LINS_BRAND, theirs.id, our_store_id="mine"),
        lambda: user.disconnect(LINS_BRAND, theirs.id),
    ):
        with pytest.raises(NotFound):
            ask()


@pytest.mark.requirement("otter.store.not_found", "otter.brand.not_found", "otter.store.otters_id")
@pytest.mark.parametrize(
    "identifier",
    [
        "kitchen-42",
        "%2E%2E",
        "a%2Fb",
        "%00",
        "%C3%A9",
        "'",
        "*",
        "%20{store}",
    ],
)
def test_what_is_not_there_is_not_found(raw: RawClient, user: OtterUser, account: Account, identifier: str) -> None:
    """
    Whatever stands in the place of an id, it is not found, and nothing breaks.
    """
    name = identifier.format(store=account.stores[0])
    paths = [
        f"/organization/v1/organization/brands/{name}",
        f"{account.listed}/{name}",
        f"{account.listed}/{name}/connection",
    ]

    assert [error(raw.ask("GET", each, user.token.access_token))[0] for each in paths] == [404] * 3
