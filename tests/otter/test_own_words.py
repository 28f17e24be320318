"""What the mock says and does beyond the requirements, so that no suite demands it of a provider."""

from collections.abc import Callable
from urllib.parse import parse_qsl

import pytest

from flowproof.clients.otter import Otter, OtterUser
from flowproof.suites.otter.raw_client import RawClient
from flowproof.suites.otter.setup import BRAND, BRANDS, ORGANIZATION, SEEDED, STORES
from flowproof.target import Workspace

BELOW = "/organization/v1/organization/brands"


@pytest.fixture
def otter(workspace: Workspace, make_otter: Callable[..., Otter]) -> Otter:
    """An application's client."""
    return make_otter(workspace)


@pytest.fixture
def user(otter: Otter) -> OtterUser:
    """The first user, whose permission the mock gives at once."""
    asked = otter.authorization()
    back = otter.session.get(asked.url, allow_redirects=False).headers["location"]
    return otter.as_user(otter.exchange(asked, back))


@pytest.fixture
def raw(otter: Otter, workspace: Workspace) -> RawClient:
    """Hand-made requests."""
    return RawClient(otter, workspace.credentials("otter"))


def test_lists_are_those_of_the_seed(user: OtterUser) -> None:
    """Brands and stores have the members of the seed and stand in its order."""
    brands = [{"id": each["id"], "name": each["name"]} for each in ORGANIZATION["brands"]]

    assert [each.raw for each in user.brands()] == brands
    assert [each.raw for each in user.stores(BRAND)] == ORGANIZATION["brands"][0]["stores"]


def test_page_is_as_long_as_it_may_be(user: OtterUser) -> None:
    """A page has `limit` entries where the list has them, and a page that has the last entry has no token."""
    assert [len(user.brands_page(limit).items) for limit in (1, 2, 3, 4)] == [1, 2, 3, 3]
    assert user.brands_page(len(BRANDS)).next_token is None
    assert user.stores_page(BRAND, len(STORES)).next_token is None


def test_tokens_have_signs_that_a_query_reserves(user: OtterUser) -> None:
    """As the spec's example of a token has."""
    tokens = [user.brands_page(limit).next_token for limit in (1, 2)]
    tokens += [user.stores_page(BRAND, limit).next_token for limit in (1, 2)]

    assert all(token is not None and set(token) & set("+/=") for token in tokens)


@pytest.mark.parametrize("identifier", [BRAND.upper(), STORES[0].upper(), STORES[0].replace("-", "")])
def test_id_is_compared_letter_by_letter(raw: RawClient, user: OtterUser, identifier: str) -> None:
    """A UUID in capitals or without hyphens is not found."""
    paths = [f"{BELOW}/{identifier}", f"{SEEDED.listed}/{identifier}"]

    assert [raw.ask("GET", each, user.token.access_token).status_code for each in paths] == [404] * 2


def test_limit_has_nine_digits_at_most(raw: RawClient, user: OtterUser) -> None:
    """A limit of ten digits is malformed."""
    answers = [raw.ask("GET", f"{BELOW}?limit={'9' * digits}", user.token.access_token) for digits in (9, 10)]

    assert [each.status_code for each in answers] == [200, 400]


def test_name_that_stands_twice_is_refused(raw: RawClient, user: OtterUser) -> None:
    """A body with a name twice is no JSON to the mock, although RFC 8259 only advises against it."""
    body, headers = b'{"storeId": "a", "storeId": "b"}', {"Content-Type": "application/json"}

    answer = raw.ask("POST", SEEDED.connection, user.token.access_token, data=body, headers=headers)

    assert answer.status_code == 400


@pytest.mark.parametrize(("status", "message"), [(429, "Too many requests."), (503, "Service unavailable.")])
def test_statuses_that_the_spec_does_not_describe_have_a_sentence(
    raw: RawClient, user: OtterUser, workspace: Workspace, status: int, message: str
) -> None:
    """A refusal on purpose has a sentence of the mock's own."""
    with workspace.faults.during({"fault": "status", "status": status, "provider": "otter"}):
        answer = raw.ask("GET", BELOW, user.token.access_token)

    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_method_that_is_not_served_has_a_sentence(raw: RawClient, user: OtterUser) -> None:
    """So has a 405."""
    assert raw.ask("PUT", SEEDED.connection, user.token.access_token).json()["message"] == "Method not allowed."


@pytest.mark.parametrize(
    ("change", "status"),
    [({"redirect_uri": "https://elsewhere.example/back"}, 400), ({"client_id": "nobody"}, 401), ({"state": ""}, 400)],
    ids=["redirect URI", "client", "state"],
)
def test_browser_gets_a_page_for_an_error_at_the_start(
    otter: Otter, workspace: Workspace, change: dict[str, str], status: int
) -> None:
    """A wrong authorization request is answered with a page to a browser, and with the document's JSON to a program."""
    address, _, query = otter.authorization().url.partition("?")
    wrong = {**dict(parse_qsl(query)), **change}
    browser, program = (
        otter.session.get(address, params=wrong, headers={"Accept": accept}, allow_redirects=False)
        for accept in ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json")
    )

    assert (browser.status_code, program.status_code) == (status, status)
    assert browser.headers["content-type"].startswith("text/html")
    assert "Content-Security-Policy" in browser.headers
    assert program.json()["message"] in browser.text
